// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/api/Session.h"

#include "runtime/tensor/Aligned.h"
#include "runtime/tensor/Guard.h"

#include <cstring>

namespace ncc::api {

absl::StatusOr<std::unique_ptr<Session>> Session::open(const std::string &path, const SessionOptions &options) {
  absl::StatusOr<neff::Model> model = neff::readModel(path, options.read);
  if (!model.ok()) {
    return model.status();
  }
  return open(std::make_shared<const neff::Model>(*std::move(model)), options);
}

static absl::StatusOr<std::unique_ptr<sim::Executor>> makeExecutor(std::shared_ptr<const neff::Model> programs, const SessionOptions &options) {
  if (options.executor == ExecutorKind::Precise) {
    return sim::makePreciseExecutor(std::move(programs), options.precise);
  }
  host::HostOptions host = options.host;
  host.memoryBytes = options.limits.memoryBytes();
  return host::makeHostExecutor(std::move(programs), host);
}

absl::StatusOr<std::unique_ptr<Session>> Session::open(std::shared_ptr<const neff::Model> model, const SessionOptions &options) {
  return guarded([&]() -> absl::StatusOr<std::unique_ptr<Session>> {
    if (absl::Status status = neff::checkDemand(*model, options.limits); !status.ok()) {
      return status;
    }
    auto session = std::make_unique<Session>();
    session->neff = model;
    auto make = [&](std::shared_ptr<const neff::Model> programs) { return makeExecutor(std::move(programs), options); };
    if (!model->buckets.empty()) {
      session->buckets = std::make_unique<BucketSessions>(model, [options](std::shared_ptr<const neff::Model> bucket) { return open(std::move(bucket), options); });
      return session;
    }
    if (model->hasPlan()) {
      absl::StatusOr<std::unique_ptr<plan::PlanExecutor>> walker = plan::makePlanExecutor(model, make, options.limits);
      if (!walker.ok()) {
        return walker.status();
      }
      session->plan = walker->get();
      session->executor = *std::move(walker);
      return session;
    }
    absl::StatusOr<std::unique_ptr<sim::Executor>> executor = make(model);
    if (!executor.ok()) {
      return executor.status();
    }
    session->executor = *std::move(executor);
    return session;
  });
}

absl::Status Session::execute(const sim::InferenceIo &io, sim::InferenceReport *report) {
  return executor ? guarded([&] { return executor->execute(io, report); })
                  : absl::InvalidArgumentError("a model with buckets runs on values, whose shapes say which bucket is meant");
}

absl::StatusOr<std::vector<Value>> Session::runValues(absl::Span<const Value> inputs, sim::InferenceReport *report) {
  return guarded([&] { return runAny(inputs, report); });
}

absl::StatusOr<std::vector<Tensor>> Session::run(absl::Span<const Tensor> inputs) {
  return guarded([&] { return runTensors(inputs); });
}

absl::StatusOr<std::vector<Value>> Session::runAny(absl::Span<const Value> inputs, sim::InferenceReport *report) {
  if (buckets) {
    absl::StatusOr<BucketSessions::Prepared> prepared = buckets->prepare(inputs);
    absl::StatusOr<Session *> session = prepared.ok() ? buckets->session(prepared->bucket) : prepared.status();
    absl::StatusOr<std::vector<Value>> outputs = session.ok() ? (*session)->runValues(prepared->inputs, report) : session.status();
    if (outputs.ok()) {
      BucketSessions::cut(*prepared, *outputs);
    }
    return outputs;
  }
  if (plan) {
    sim::InferenceReport own;
    std::vector<Value> given(inputs.begin(), inputs.end());
    for (Value &input : given) {
      input = input.isTensor() ? Value(aligned(input.tensor())) : input;
    }
    auto values = plan->run(given, report ? report : &own);
    const sim::InferenceReport &made = report ? *report : own;
    return values.ok() && made.outOfBounds ? absl::OutOfRangeError(sim::outOfBoundsText(*neff, made)) : std::move(values);
  }
  std::vector<Tensor> tensors;
  for (const Value &input : inputs) {
    if (!input.isTensor()) {
      return absl::InvalidArgumentError("the model's inputs are tensors");
    }
    tensors.push_back(input.tensor());
  }
  absl::StatusOr<std::vector<Tensor>> outputs = runTensors(tensors);
  return outputs.ok() ? absl::StatusOr<std::vector<Value>>(std::vector<Value>(outputs->begin(), outputs->end())) : outputs.status();
}

absl::StatusOr<std::vector<Tensor>> Session::runTensors(absl::Span<const Tensor> inputs) {
  if (inputs.size() != neff->inputs.size()) {
    return absl::InvalidArgumentError("the model has " + std::to_string(neff->inputs.size()) + " inputs, " +
                                      std::to_string(inputs.size()) + " were given");
  }
  if (plan || buckets) {
    absl::StatusOr<std::vector<Value>> values = runValues(std::vector<Value>(inputs.begin(), inputs.end()));
    std::vector<Tensor> tensors;
    for (size_t i = 0; values.ok() && i < values->size(); ++i) {
      if (!(*values)[i].isTensor()) {
        return absl::InvalidArgumentError("output " + neff->outputs[i].name + " is no tensor");
      }
      tensors.push_back((*values)[i].tensor());
    }
    return values.ok() ? absl::StatusOr<std::vector<Tensor>>(std::move(tensors)) : values.status();
  }
  std::vector<const void *> in;
  std::vector<void *> out;
  std::vector<Tensor> given, outputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const neff::TensorInfo &info = neff->inputs[i];
    if (inputs[i].dtype() != info.dtype || inputs[i].shape() != info.shape) {
      return absl::InvalidArgumentError("input " + info.name + " is " + std::string(dtypeName(info.dtype)) + " " + shapeString(info.shape) +
                                        ", not " + std::string(dtypeName(inputs[i].dtype())) + " " + shapeString(inputs[i].shape()));
    }
    in.push_back(given.emplace_back(aligned(inputs[i])).data());
  }
  for (const neff::TensorInfo &info : neff->outputs) {
    outputs.emplace_back(info.dtype, info.shape);
    out.push_back(outputs.back().mutableData());
  }
  sim::InferenceReport report;
  if (absl::Status status = execute({in, out}, &report); !status.ok()) {
    return status;
  }
  if (report.outOfBounds) {
    return absl::OutOfRangeError(sim::outOfBoundsText(*neff, report));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (report.shapes[i]) { // packed at the front of the static buffer
      Tensor smaller(outputs[i].dtype(), *report.shapes[i]);
      std::memcpy(smaller.mutableData(), outputs[i].data(), smaller.byteSize());
      outputs[i] = std::move(smaller);
    }
  }
  return outputs;
}

} // namespace ncc::api

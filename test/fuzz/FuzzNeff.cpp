// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Any bytes as a NEFF: the reader refuses them with a status, or gives a model that both executors run, the simulator times and
// the printers print, within limits of work and memory. The mutator seals what it has changed.
#include "runtime/api/Session.h"
#include "runtime/neff/Reader.h"
#include "runtime/sim/Timing.h"
#include "test/fuzz/NeffMutator.h"

#include <cstring>

using namespace ncc;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {

constexpr neff::Limits kLimits{.work = 4e6, .memory = 512e6, .steps = 300};
constexpr double kMostInputBytes = 1 << 20;

/// Inputs of some plain pattern; nothing where a type says too little, or too much for a fuzzer.
std::optional<std::vector<ops::Value>> inputsOf(const neff::Model &model) {
  std::vector<ops::Value> inputs;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    ValueType type = model.typeOfInput(i);
    double bytes = static_cast<double>(memorySize(type.dtype));
    for (int64_t &dim : type.shape) {
      dim = dim < 0 ? 2 : dim;
      bytes *= static_cast<double>(dim);
    }
    if (!type.isTensor() || !type.ranked || bytes > kMostInputBytes) {
      return std::nullopt;
    }
    Tensor tensor(type.dtype, type.shape);
    for (int64_t k = 0; k < tensor.size(); ++k) {
      if (type.dtype == DType::String) {
        tensor.mutableStrings()[static_cast<size_t>(k)] = std::to_string(k % 13);
      } else {
        tensor.setDouble(k, isFloat(type.dtype) ? static_cast<double>(k % 29) / 8 - 1 : static_cast<double>(k % 3));
      }
    }
    inputs.emplace_back(std::move(tensor));
  }
  return inputs;
}

void print(const neff::Model &model, size_t &printed) {
  for (const auto *parts : {&model.segments, &model.buckets}) {
    for (const neff::Model &part : *parts) {
      print(part, printed);
    }
  }
  for (const neff::Program &program : model.programs) {
    for (const auto *list : {&program.init, &program.run}) {
      for (const isa::Instruction &inst : *list) {
        printed += isa::disassemble(inst).size();
      }
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::shared_ptr<uint8_t> copy = fuzz::alignedCopy({data, size});
  neff::ReadOptions read;
  read.checkWeightHash = false; // a fuzzer of bytes finds no hash
  read.memoryBytes = kLimits.memory;
  absl::StatusOr<neff::Model> model = neff::readModel(neff::Bytes(copy.get(), size), copy, read);
  if (!model.ok()) {
    return 0;
  }
  auto shared = std::make_shared<const neff::Model>(*std::move(model));
  size_t printed = 0;
  print(*shared, printed);
  if (absl::StatusOr<sim::TimingReport> report = sim::simulateTiming(*shared, {.trace = true, .limits = kLimits}); report.ok()) {
    printed += sim::traceJson(*shared, *report).size();
  }
  std::vector<const neff::Model *> shapes{shared.get()};
  for (const neff::Model &bucket : shared->buckets) {
    shapes.push_back(&bucket);
  }
  for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    api::SessionOptions options;
    options.executor = kind;
    options.host.threads = 1;
    options.limits = kLimits;
    auto session = api::Session::open(shared, options);
    for (size_t i = shared->buckets.empty() ? 0 : 1; session.ok() && i < shapes.size(); ++i) {
      if (auto inputs = inputsOf(*shapes[i]); inputs && inputs->size() >= shared->inputs.size()) {
        inputs->resize(shared->inputs.size()); // masks are the session's
        for (int run = 0; run < 2; ++run) {    // state and what is left on chip
          (void)(*session)->runValues(*inputs);
        }
      }
    }
  }
  return printed == SIZE_MAX;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  std::optional<fuzz::NeffParts> parts = random() % 32 == 0 ? std::nullopt : fuzz::NeffParts::open({data, size});
  if (!parts) {
    return LLVMFuzzerMutate(data, size, maxSize);
  }
  auto bytes = [](std::string &text) {
    const size_t most = text.size() + 64;
    std::string room = text;
    room.resize(most);
    room.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t *>(room.data()), text.size(), most));
    text = room;
  };
  for (size_t count = 1 + random() % 3; count > 0; --count) {
    fuzz::mutate(*parts, random, bytes);
  }
  const std::string sealed = parts->seal();
  if (sealed.size() > maxSize) {
    return size;
  }
  std::memcpy(data, sealed.data(), sealed.size());
  return sealed.size();
}

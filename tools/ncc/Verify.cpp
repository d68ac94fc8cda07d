// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ncc verify: the compiled model against the reference evaluation of the imported graph, on random inputs.
#include "tools/ncc/CommandLine.h"

#include "compiler/driver/Reference.h"
#include "compiler/frontend/onnx/Model.h"
#include "runtime/api/Session.h"

#include <cmath>
#include <cstdio>
#include <random>

using namespace ncc;
using namespace ncc::cli;

namespace {

Tensor randomTensor(const neff::TensorInfo &info, std::mt19937_64 &random) {
  Tensor tensor(info.dtype, info.shape);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (isFloat(info.dtype)) {
      tensor.setDouble(i, static_cast<double>(random() % 20001) / 10000 - 1);
    } else {
      tensor.setInt(i, static_cast<int64_t>(random() % (info.dtype == DType::Bool ? 2 : 8)));
    }
  }
  return tensor;
}

struct Comparison {
  double maxAbs = 0, maxRel = 0, cosine = 1;
  bool within = true;
};

Comparison compare(const Tensor &actual, const Tensor &expected, double rtol, double atol) {
  Comparison c;
  double largest = 0, dot = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double b = expected.asDouble(i);
    largest = std::isfinite(b) ? std::max(largest, std::fabs(b)) : largest;
  }
  double floor = atol >= 0 ? atol : (isFloat(expected.dtype()) ? rtol * 1e-2 * largest : 0);
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = actual.asDouble(i), b = expected.asDouble(i);
    if (!std::isfinite(b) || !std::isfinite(a)) {
      c.within &= std::isnan(a) == std::isnan(b) && (std::isnan(b) || a == b);
      continue;
    }
    double difference = std::fabs(a - b);
    c.maxAbs = std::max(c.maxAbs, difference);
    c.maxRel = b != 0 ? std::max(c.maxRel, difference / std::fabs(b)) : c.maxRel;
    c.within &= isFloat(expected.dtype()) ? difference <= floor + rtol * std::fabs(b) : a == b;
    dot += a * b;
    aa += a * a;
    bb += b * b;
  }
  c.cosine = aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : (aa == bb ? 1 : 0);
  return c;
}

} // namespace

int cli::runVerify(const CommandLine &line, DiagnosticEngine &diagnostics) {
  std::unique_ptr<frontend::Model> model = loadModel(line.model, diagnostics);
  std::optional<Compilation> compiled = model ? compile(*model, line.options, diagnostics) : std::nullopt;
  if (!compiled) {
    return exitCodeOf(diagnostics);
  }
  auto neff = std::make_shared<neff::Model>(std::move(compiled->model));
  std::mt19937_64 random(line.seed);
  std::vector<Tensor> inputs, outputs;
  std::vector<const void *> in;
  std::vector<void *> out;
  for (const neff::TensorInfo &info : neff->inputs) {
    inputs.push_back(randomTensor(info, random));
    in.push_back(inputs.back().data());
  }
  for (const neff::TensorInfo &info : neff->outputs) {
    outputs.emplace_back(info.dtype, info.shape);
    out.push_back(outputs.back().mutableData());
  }
  std::optional<std::vector<Tensor>> expected = driver::referenceOutputs(*model, line.options, inputs, diagnostics);
  if (!expected) {
    return exitCodeOf(diagnostics);
  }
  absl::Status status = neff::materializeWeights(*neff);
  if (status.ok()) {
    auto session = api::Session::open(std::shared_ptr<const neff::Model>(neff));
    status = session.ok() ? (*session)->execute({in, out}) : session.status();
  }
  if (!status.ok()) {
    diagnostics.report(Code::InternalError, "the compiled model does not run: " + std::string(status.message()));
    return kInternal;
  }
  bool exact = line.options.autoCast == AutoCast::None, all = true;
  double rtol = line.rtol >= 0 ? line.rtol : exact ? 1e-3 : 1e-2;
  for (size_t i = 0; i < outputs.size(); ++i) {
    Comparison c = compare(outputs[i], (*expected)[i], rtol, line.atol);
    // 16-bit products drift apart element by element; unless a bound is asked for, the direction decides.
    bool pass = c.within || (!exact && line.rtol < 0 && isFloat(outputs[i].dtype()) && c.cosine >= 0.999);
    std::printf("%-5s %s: max abs %.3g, max rel %.3g, cosine %.6f\n", pass ? "pass" : "FAIL", neff->outputs[i].name.c_str(), c.maxAbs, c.maxRel, c.cosine);
    all &= pass;
  }
  return all ? kOk : kMismatch;
}

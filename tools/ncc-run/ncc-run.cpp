// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Runs a NEFF on inputs from files, a test data set or a random generator, and compares or stores the outputs.

#include "runtime/neff/Defaults.h"
#include "runtime/api/Session.h"
#include "runtime/api/TensorFiles.h"
#include "runtime/api/ValueFiles.h"
#include "runtime/tensor/Printable.h"
#include "tools/ncc-run/Compare.h"
#include "tools/support/Limits.h"

#include "absl/strings/str_format.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>

using namespace ncc;
using namespace ncc::tools;

namespace {

const char *kHelp = R"(usage: ncc-run MODEL.neff [--test-data DIR | --input NAME=FILE.(npy|pb) ... | --random SEED]
               [--output-dir DIR] [--rtol R] [--atol A] [--min-cosine C] [--bucket N] [--executor host|precise|both] [--threads N]
               [--limit KEY=N] [--json]
  --test-data DIR   inputs from DIR/input_J.pb, results compared with DIR/output_J.pb: max abs, max rel, cosine
  --input N=FILE    one input by name (or position)
  --random SEED     random inputs (also for inputs not given)
  --bucket N        the shapes of random inputs, of a model compiled for several (default: the last bucket)
  --output-dir DIR  stores outputs as DIR/output_J.pb
  --rtol, --atol    tolerances (default 1e-3 and 1e-5*max|b|; 1e-2 and 1e-2*max|b| for models in bf16, f16 or i8)
  --min-cosine C    pass on cosine >= C instead of on tolerances (float outputs)
  --executor both   runs the inputs on both and compares them by the bound of docs/runtime.md; outputs are the host's
  --limit KEY=N     refuses a NEFF that asks for more: work=N units per inference (about a ns of one CPU each; default 1.8e13),
                    steps=N of a plan with its loops (default 2e7), or memory=N bytes, with k, m, g or t for 2^10 to 2^40
                    (default: this machine's); may be given several times
  --check           with --executor precise: fail on reads of memory nobody wrote and on races
  --json            errors as one line of JSON on stderr
exit: 0 all passed, 1 a comparison failed, 2 bad command line, 3 bad input files, 4 bad NEFF, 5 the run failed
)";

bool json = false; // errors as JSON: of the process, like its exit code

[[noreturn]] void stop(ExitCode exit, const absl::Status &status) { std::exit(failure(exit, status, json)); }
[[noreturn]] void stop(ExitCode exit, const std::string &what) { stop(exit, absl::InvalidArgumentError(what)); }

ops::Value randomValue(const std::string &name, const ValueType &type, uint64_t seed) {
  if (!type.isStatic()) {
    stop(kBadInput, "input " + name + " is " + type.str() + ", for which there are no random values");
  }
  Tensor tensor(type.dtype, type.shape);
  std::mt19937_64 rng(seed);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (type.dtype == DType::String) {
      tensor.mutableStrings()[static_cast<size_t>(i)] = std::to_string(rng() % 100);
    } else if (isFloat(type.dtype)) {
      tensor.setDouble(i, static_cast<double>(rng() >> 11) * 0x1p-52 - 1);
    } else {
      tensor.setInt(i, static_cast<int64_t>(rng() % 2));
    }
  }
  return tensor;
}

void place(std::vector<std::optional<ops::Value>> &slots, const neff::Model &model, size_t index, const ops::Value &value) {
  const ValueType type = model.typeOfInput(index);
  if (!fits(value, type)) {
    stop(kBadInput, "input " + model.inputs[index].name + " is " + type.str() + ", the file holds " + typeOf(value).str());
  }
  slots[index] = value;
}

size_t findInput(const neff::Model &model, const std::string &name) {
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    if (model.inputs[i].name == name) {
      return i;
    }
  }
  return model.inputs.size();
}

/// A value for an input whose default was compiled in would be ignored.
void refuseFrozen(const neff::Model &model, const std::string &name) {
  if (std::find(model.frozen.begin(), model.frozen.end(), name) != model.frozen.end()) {
    stop(kBadInput, "input " + name + " was compiled in as the constant that is its default (ncc --defaults keep leaves it an input)");
  }
}

/// input_0.pb, input_1.pb, ... of a folder: by name where the file has one the model knows, else by position.
void placeSeries(std::vector<std::optional<ops::Value>> &slots, const neff::Model &model, const std::string &folder) {
  for (size_t j = 0;; ++j) {
    const std::string path = folder + "/input_" + std::to_string(j) + ".pb";
    if (!std::filesystem::exists(path)) {
      return;
    }
    // A tensor's file says its name; what else there is comes in order.
    size_t index = j;
    if (auto tensor = api::readTensorFile(path); tensor.ok()) {
      refuseFrozen(model, tensor->name);
      const size_t named = findInput(model, tensor->name);
      index = named < model.inputs.size() ? named : j;
    }
    if (index >= model.inputs.size()) {
      continue;
    }
    auto value = api::readValueFile(path, model.typeOfInput(index));
    if (!value.ok()) {
      stop(kBadInput, value.status());
    }
    place(slots, model, index, value->value);
  }
}

/// The bucket whose shapes are meant where no file says any; the model itself when it has none.
const neff::Model &oneBucket(const Args &args, const neff::Model &model) {
  if (model.buckets.empty()) {
    return model;
  }
  const double index = args.number("bucket", static_cast<double>(model.buckets.size() - 1));
  if (index < 0 || index >= static_cast<double>(model.buckets.size())) {
    Args::fail("the model has " + std::to_string(model.buckets.size()) + " buckets");
  }
  return model.buckets[static_cast<size_t>(index)];
}

std::vector<ops::Value> gatherInputs(const Args &args, const neff::Model &model) {
  std::vector<std::optional<ops::Value>> slots(model.inputs.size());
  if (args.has("test-data")) {
    placeSeries(slots, model, args.text("test-data"));
  }
  for (const std::string &option : args.all("input")) {
    size_t equals = option.find('=');
    if (equals == std::string::npos) {
      Args::fail("--input wants NAME=FILE");
    }
    size_t index = findInput(model, option.substr(0, equals));
    if (index == model.inputs.size()) {
      refuseFrozen(model, option.substr(0, equals));
      stop(kBadInput, "the model has no input named " + option.substr(0, equals));
    }
    auto value = api::readValueFile(option.substr(equals + 1), model.typeOfInput(index));
    if (!value.ok()) {
      stop(kBadInput, value.status());
    }
    place(slots, model, index, value->value);
  }
  const neff::Model &shapes = oneBucket(args, model);
  std::vector<ops::Value> inputs;
  for (size_t i = 0; i < slots.size(); ++i) {
    const std::string &name = model.inputs[i].name;
    if (std::optional<Tensor> value = slots[i] ? std::nullopt : neff::defaultOf(model, i)) {
      slots[i] = *std::move(value);
    }
    if (!slots[i] && !args.has("random")) {
      stop(kBadInput, "no value for input " + name + " (--input " + name + "=FILE or --random SEED)");
    }
    inputs.push_back(slots[i] ? *slots[i] : randomValue(name, shapes.typeOfInput(i), static_cast<uint64_t>(args.number("random", 0)) * 1000 + i));
  }
  return inputs;
}

/// A value's comparison: of a sequence's or map's values, the worst one's.
Comparison compareValues(const ops::Value &actual, const ops::Value &expected, const Tolerance &tolerance) {
  if (actual.isTensor() && expected.isTensor()) {
    return compare(actual.tensor(), expected.tensor(), tolerance);
  }
  Comparison result;
  result.cosine = 1;
  const bool map = actual.kind() == ValueKind::Map;
  if (actual.kind() != expected.kind() || actual.items().size() != expected.items().size() ||
      (map && !identical(ops::Value(actual.tensor()), ops::Value(expected.tensor())))) {
    result.problem = typeOf(actual).str() + " of " + std::to_string(actual.items().size()) + ", expected " + typeOf(expected).str() + " of " +
                     std::to_string(expected.items().size());
    return result;
  }
  result.pass = true;
  for (size_t i = 0; i < actual.items().size(); ++i) {
    Comparison one = compareValues(actual.items()[i], expected.items()[i], tolerance);
    result.problem = result.problem.empty() ? one.problem : result.problem;
    result.pass &= one.pass;
    result.failures += one.failures;
    result.maxAbs = std::max(result.maxAbs, one.maxAbs);
    result.norm = std::max(result.norm, one.norm);
    result.maxRel = std::max(result.maxRel, one.maxRel);
    result.cosine = std::min(result.cosine, one.cosine);
  }
  return result;
}

bool compareOutputs(const Args &args, const neff::Model &model, const std::vector<ops::Value> &outputs) {
  bool pass = true;
  size_t j = 0;
  for (; j < outputs.size(); ++j) {
    const std::string path = args.text("test-data") + "/output_" + std::to_string(j) + ".pb";
    if (!std::filesystem::exists(path)) {
      break;
    }
    const ValueType promised = model.typeOfOutput(j);
    auto expected = api::readValueFile(path, promised);
    if (!expected.ok()) {
      stop(kBadInput, expected.status());
    }
    const DType type = promised.dtype;
    const std::string &precision = model.provenance.precision;
    Tolerance tolerance;
    if (type == DType::BF16 || type == DType::F16 || precision == "bf16" || precision == "f16" || precision == "i8") {
      tolerance.rtol = tolerance.atolScale = 1e-2;
    }
    tolerance.rtol = args.number("rtol", tolerance.rtol);
    tolerance.atol = args.number("atol", -1);
    Comparison c = compareValues(outputs[j], expected->value, tolerance);
    if (args.has("min-cosine") && isFloat(type) && c.problem.empty()) {
      c.pass = c.cosine >= args.number("min-cosine", 1);
    }
    pass &= c.pass;
    if (!c.problem.empty()) {
      std::printf("%-24s FAIL %s\n", printable(model.outputs[j].name).c_str(), printable(c.problem).c_str());
    } else {
      std::printf("%-24s %s max abs %.3g, max rel %.3g, cosine %.6f%s%s\n", printable(model.outputs[j].name).c_str(), c.pass ? "pass" : "FAIL", c.maxAbs,
                  c.maxRel, c.cosine, c.failures ? absl::StrFormat(", %d outside", c.failures).c_str() : "",
                  c.rows ? absl::StrFormat(", top-1 same in %d of %d", c.sameTop, c.rows).c_str() : "");
    }
  }
  if (j == 0) {
    stop(kBadInput, "no output_0.pb in " + args.text("test-data"));
  }
  return pass;
}

/// The same inputs on the precise interpreter; false if any output is further from it than the stated bound.
bool compareExecutors(const Args &args, const neff::Model &model, const std::vector<ops::Value> &inputs, const std::vector<ops::Value> &outputs) {
  api::SessionOptions options;
  options.executor = api::ExecutorKind::Precise;
  options.limits = limitsOf(args);
  auto session = api::Session::open(args.positional[0], options);
  if (!session.ok()) {
    stop(kBadModel, session.status());
  }
  const auto start = std::chrono::steady_clock::now();
  auto precise = (*session)->runValues(inputs);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!precise.ok()) {
    stop(kRunFailed, precise.status());
  }
  const double bound = executorBound(model.provenance.precision);
  bool pass = true;
  for (size_t j = 0; j < outputs.size(); ++j) {
    Comparison c = compareValues(outputs[j], (*precise)[j], {0, 0, 0});
    const bool real = isFloat(model.outputs[j].dtype);
    const bool ok = c.problem.empty() && (real ? c.norm <= bound : c.norm <= 10 * bound);
    std::printf("%-24s %s host against precise: max abs %.3g, |difference| / |result| %.3g, bound %.3g; precise run %.1f s\n",
                printable(model.outputs[j].name).c_str(), ok ? "pass" : "FAIL", c.maxAbs, c.norm, real ? bound : 10 * bound, seconds);
    pass &= ok;
  }
  return pass;
}

void printValue(const std::string &name, const ops::Value &value) {
  if (!value.isTensor()) {
    std::printf("%s %s of %zu\n", printable(name).c_str(), typeOf(value).str().c_str(), value.items().size());
    for (size_t i = 0; i < std::min<size_t>(8, value.items().size()); ++i) {
      printValue(name + "[" + std::to_string(i) + "]", value.items()[i]);
    }
    return;
  }
  const Tensor &tensor = value.tensor();
  std::printf("%s %s %s:", printable(name).c_str(), std::string(dtypeName(tensor.dtype())).c_str(), shapeString(tensor.shape()).c_str());
  for (int64_t i = 0; i < std::min<int64_t>(8, tensor.size()); ++i) {
    if (tensor.dtype() == DType::String) {
      std::printf(" \"%s\"", printable(tensor.strings()[static_cast<size_t>(i)]).c_str());
    } else {
      std::printf(" %g", tensor.asDouble(i));
    }
  }
  std::printf("%s\n", tensor.size() > 8 ? " ..." : "");
}

int run(const Args &args);

} // namespace

int main(int argc, char **argv) {
  Args args(argc, argv, {"test-data", "input", "random", "output-dir", "rtol", "atol", "min-cosine", "bucket", "executor", "threads", "limit"}, {"check", "json"}, kHelp);
  json = args.has("json");
  return guardedMain(json, [&] { return run(args); });
}

namespace {

int run(const Args &args) {
  if (args.positional.size() != 1) {
    Args::fail("expected one NEFF");
  }
  api::SessionOptions options;
  std::string executor = args.text("executor", "host");
  if (executor != "host" && executor != "precise" && executor != "both") {
    Args::fail("--executor is host, precise or both");
  }
  options.limits = limitsOf(args);
  options.read.memoryBytes = options.limits.memory;
  options.executor = executor != "precise" ? api::ExecutorKind::Host : api::ExecutorKind::Precise;
  options.host.threads = static_cast<int>(args.number("threads", 0));
  options.precise.checkUninitialised = options.precise.checkRaces = args.has("check");
  auto session = api::Session::open(args.positional[0], options);
  if (!session.ok()) {
    stop(kBadModel, session.status());
  }
  const neff::Model &model = (*session)->model();
  std::vector<ops::Value> inputs = gatherInputs(args, model);
  auto outputs = (*session)->runValues(inputs);
  if (!outputs.ok()) {
    stop(kRunFailed, outputs.status());
  }
  if (args.has("output-dir")) {
    std::error_code ignored; // a folder that cannot be made shows in the first write
    std::filesystem::create_directories(args.text("output-dir"), ignored);
    for (size_t j = 0; j < outputs->size(); ++j) {
      absl::Status status = api::writeValueFile(args.text("output-dir") + "/output_" + std::to_string(j) + ".pb", {model.outputs[j].name, (*outputs)[j]});
      if (!status.ok()) {
        return failure(kBadInput, Code::OutputUnwritable, std::string(status.message()), json);
      }
    }
  }
  const bool agree = executor != "both" || compareExecutors(args, model, inputs, *outputs);
  if (args.has("test-data")) {
    return compareOutputs(args, model, *outputs) && agree ? kOk : kMismatch;
  }
  for (size_t j = 0; j < outputs->size(); ++j) {
    printValue(model.outputs[j].name, (*outputs)[j]);
  }
  return agree ? kOk : kMismatch;
}

} // namespace

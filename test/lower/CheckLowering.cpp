// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ncc-check-lowering FILE.mlir: evaluates the file's graph function with the reference kernels and compiles it through
// the whole back end; the precise interpreter, with race and uninitialised-read checks on, must give the same
// outputs. Inputs are seeded random numbers, and so are constants with the attribute `test.random`. Options: --target=NAME, --auto-cast=MODE, --auto-cast-type=TYPE,
// --rtol=R, --no-layout, --no-groups, --firmware=N (how many firmware calls the program must hold, default 0).
#include "compiler/emit/Emit.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"
#include "passes/Pipelines.h"
#include "passes/layout/Passes.h"
#include "passes/legalize/Passes.h"
#include "passes/lower/Passes.h"
#include "passes/memory/Memory.h"
#include "passes/precision/Passes.h"
#include "passes/schedule/Schedule.h"
#include "passes/sync/Sync.h"
#include "passes/tiling/Passes.h"
#include "passes/verify/Verify.h"
#include "runtime/sim/Precise.h"
#include "dialects/core/Core.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <cmath>
#include <cstdio>
#include <random>

using namespace ncc;

namespace {

struct Options {
  std::string file, target = "trn1", autoCast = "none", autoCastType = "bf16";
  double rtol = 1e-3;
  bool layout = true, groups = true;
  int firmware = 0;
};

bool parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    auto value = [&](const char *name) -> std::optional<std::string> {
      std::string prefix = std::string("--") + name + "=";
      return arg.starts_with(prefix) ? std::optional(arg.substr(prefix.size())) : std::nullopt;
    };
    if (auto v = value("target")) {
      options.target = *v;
    } else if (auto v = value("auto-cast")) {
      options.autoCast = *v;
    } else if (auto v = value("auto-cast-type")) {
      options.autoCastType = *v;
    } else if (auto v = value("rtol")) {
      options.rtol = std::stod(*v);
    } else if (auto v = value("firmware")) {
      options.firmware = std::stoi(*v);
    } else if (arg == "--no-layout") {
      options.layout = false;
    } else if (arg == "--no-groups") {
      options.groups = false;
    } else if (arg.starts_with("--")) {
      std::fprintf(stderr, "unknown option %s\n", arg.c_str());
      return false;
    } else {
      options.file = arg;
    }
  }
  return !options.file.empty();
}

void buildPipeline(mlir::PassManager &passes, const Options &options, const hw::DeviceSpec &device) {
  auto &functions = passes.nest<mlir::func::FuncOp>();
  functions.addPass(legalize::createLegalizeForEnginesPass());
  precision::AutoCastPassOptions cast;
  cast.mode = options.autoCast;
  cast.type = options.autoCastType;
  cast.noF32Matmul = device.matmulCycles(DType::F32) == 0;
  functions.addPass(precision::createAutoCastPass(cast));
  if (options.layout) {
    functions.addPass(layout::createAssignLayoutPass());
    functions.addPass(layout::createFoldFlatPass());
  }
  if (options.groups) {
    functions.addPass(tiling::createFormGroupsPass());
  }
  lower::GraphToTilePassOptions lowering;
  lowering.target = options.target;
  passes.addPass(lower::createGraphToTilePass(lowering));
  passes.addNestedPass<tile::ProgramOp>(schedule::createOrderTilesPass(device));
  passes.addNestedPass<tile::ProgramOp>(schedule::createPinResidentsPass(device));
  passes.addPass(memory::createAllocateTilesPass(device));
  passes.addNestedPass<core::ProgramOp>(sync::createAssignSemaphoresPass(device));
  passes.addNestedPass<core::ProgramOp>(verify::createVerifyCorePass(device));
  passes.addPass(verify::createVerifySyncPass());
}

Tensor randomTensor(mlir::Type type, std::mt19937 &random) {
  auto ranked = llvm::cast<mlir::RankedTensorType>(type);
  Tensor tensor(*graph::dtypeOf(ranked.getElementType()), graph::shapeOf(type));
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (isFloat(tensor.dtype())) {
      tensor.setDouble(i, normal(random));
    } else {
      tensor.setInt(i, static_cast<int64_t>(random() % (tensor.dtype() == DType::Bool ? 2 : 8)));
    }
  }
  return tensor;
}

bool compare(const Tensor &want, const Tensor &got, double rtol, size_t index) {
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < want.size(); ++i) {
    double v = std::fabs(want.asDouble(i));
    largest = std::isfinite(v) ? std::max(largest, v) : largest;
  }
  bool exact = !isFloat(want.dtype());
  // f32: a hundredth of rtol of the largest magnitude; products in 16-bit types cancel worse.
  double atol = (rtol >= 1e-2 ? rtol : rtol * 1e-2) * largest;
  for (int64_t i = 0; i < want.size(); ++i) {
    double a = want.asDouble(i), b = got.asDouble(i);
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      continue;
    }
    double error = std::fabs(a - b);
    worst = std::max(worst, error);
    if (exact || !(error <= atol + rtol * std::fabs(a))) {
      std::printf("output %zu differs at %lld: want %.9g, got %.9g\n", index, static_cast<long long>(i), a, b);
      return false;
    }
  }
  std::printf("output %zu agrees: max abs %.3g of %.3g\n", index, worst, largest);
  return true;
}

int run(const Options &options) {
  const hw::DeviceSpec *device = hw::findDevice(options.target);
  auto context = std::make_shared<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  loadAllDialects(*context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceFile<mlir::ModuleOp>(options.file, context.get());
  if (!module || !device) {
    return 2;
  }
  auto func = *module->getOps<mlir::func::FuncOp>().begin();
  std::mt19937 random(7);
  std::vector<Tensor> inputs;
  emit::ModelInfo info;
  for (mlir::Type type : func.getArgumentTypes()) {
    inputs.push_back(randomTensor(type, random));
    info.inputs.push_back({"x", inputs.back().dtype(), inputs.back().shape()});
  }
  func.walk([&](graph::ConstantOp constant) {
    if (constant->removeAttr("test.random")) {
      constant.setValueAttr(graph::tensorAttr(context.get(), randomTensor(constant.getType(), random)));
    }
  });
  absl::StatusOr<std::vector<Tensor>> want = graph::evaluateFunction(func, inputs);
  if (!want.ok()) {
    std::printf("reference: %s\n", std::string(want.status().message()).c_str());
    return 2;
  }
  std::vector<Tensor> outputs;
  for (const Tensor &tensor : *want) {
    outputs.emplace_back(tensor.dtype(), tensor.shape());
    info.outputs.push_back({"y", tensor.dtype(), tensor.shape()});
  }
  mlir::PassManager passes(context.get());
  buildPipeline(passes, options, *device);
  if (mlir::failed(passes.run(*module))) {
    return 1;
  }
  absl::StatusOr<neff::Model> model = emit::emitModel(*module, *device, std::move(info), context);
  if (!model.ok()) {
    std::printf("emit: %s\n", std::string(model.status().message()).c_str());
    return 1;
  }
  size_t calls = model->programs[0].calls.size(), instructions = model->programs[0].run.size();
  std::printf("%zu instructions, %zu firmware calls\n", instructions, calls);
  if (absl::Status status = neff::materializeWeights(*model); !status.ok()) {
    std::printf("weights: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  auto executor = sim::makePreciseExecutor(std::make_shared<neff::Model>(*std::move(model)), {true, true});
  if (!executor.ok()) {
    std::printf("executor: %s\n", std::string(executor.status().message()).c_str());
    return 1;
  }
  std::vector<const void *> from;
  std::vector<void *> to;
  for (const Tensor &tensor : inputs) {
    from.push_back(tensor.data());
  }
  for (Tensor &tensor : outputs) {
    to.push_back(tensor.mutableData());
  }
  if (absl::Status status = (*executor)->execute({from, to}, nullptr); !status.ok()) {
    std::printf("run: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  bool good = static_cast<int>(calls) == options.firmware;
  if (!good) {
    std::printf("expected %d firmware calls\n", options.firmware);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    good &= compare((*want)[i], outputs[i], options.rtol, i);
  }
  return good ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: ncc-check-lowering FILE.mlir [--target=NAME] [--auto-cast=MODE] [--rtol=R] [--firmware=N]\n");
    return 2;
  }
  return run(options);
}

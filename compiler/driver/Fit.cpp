// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/driver/Fit.h"

#include "compiler/driver/Phases.h"
#include "dialects/core/Core.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/Locations.h"
#include "passes/partition/OpCost.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace ncc;

namespace {

/// Bytes of a constant where it ends up: operands of products become narrow, and whoever else reads it has it as it was.
int64_t keptBytes(graph::ConstantOp constant, const Options &options) {
  int64_t bytes = partition::bytesOf(constant.getType());
  bool isF32 = cast<RankedTensorType>(constant.getType()).getElementType().isF32();
  auto multiplies = [](Operation *user) { return llvm::isa<graph::MatmulOp, graph::ConvOp, graph::ConvTransposeOp>(user); };
  bool multiplied = llvm::any_of(constant->getUsers(), multiplies), otherwise = !llvm::all_of(constant->getUsers(), multiplies);
  if (!isF32 || options.autoCast == AutoCast::None || (options.autoCast == AutoCast::Matmult && !multiplied)) {
    return bytes;
  }
  return bytes / 2 + (options.autoCast == AutoCast::Matmult && otherwise ? bytes : 0);
}

driver::CoreMemory memoryOf(func::FuncOp func, const Options &options) {
  driver::CoreMemory memory;
  Block &block = func.getBody().front();
  llvm::DenseMap<Operation *, int64_t> freed; // after that op
  int64_t alive = 0;
  auto add = [&](Value value) {
    int64_t bytes = partition::bytesOf(value.getType());
    alive += bytes;
    memory.activationBytes = std::max(memory.activationBytes, alive);
    Operation *last = nullptr;
    for (Operation *user : value.getUsers()) {
      last = !last || last->isBeforeInBlock(user) ? user : last;
    }
    if (last && !last->hasTrait<OpTrait::IsTerminator>()) {
      freed[last] += bytes;
    }
  };
  llvm::for_each(block.getArguments(), add);
  for (Operation &op : block.without_terminator()) {
    if (auto constant = dyn_cast<graph::ConstantOp>(op)) {
      memory.weightBytes += keptBytes(constant, options);
      continue;
    }
    if (!llvm::isa<graph::ReshapeOp>(op)) {
      llvm::for_each(op.getResults(), add);
    }
    alive -= freed.lookup(&op);
  }
  return memory;
}

} // namespace

bool driver::Fit::fits() const {
  return llvm::all_of(cores, [&](const CoreMemory &core) { return core.weightBytes + core.activationBytes <= bytesPerCore; });
}

bool driver::everyValueFits(ModuleOp module, const hw::DeviceSpec &device, ncc::DiagnosticEngine &diagnostics) {
  WalkResult result = module.walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !tensor.hasStaticShape() || partition::bytesOf(tensor) <= device.dramBytes) {
        continue;
      }
      std::string shape = shapeString(graph::shapeOf(tensor));
      diagnostics.report(Code::DoesNotFit, "a value of shape " + shape + " is larger than all memory of " + device.name, graph::nodeName(op->getLoc()));
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return !result.wasInterrupted();
}

static std::string gigabytes(__int128 bytes) { return std::to_string(static_cast<int64_t>(bytes / 1000000000)) + " GB"; }

bool driver::interfaceFits(ModuleOp module, int cores, const hw::DeviceSpec &device, ncc::DiagnosticEngine &diagnostics) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  const int64_t share = device.dramBytes / std::max(1, device.coresPerChip);
  __int128 total = 0;
  auto add = [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    total += tensor && tensor.hasStaticShape() ? partition::bytesOf(tensor) : 0;
  };
  llvm::for_each(main.getArgumentTypes(), add);
  llvm::for_each(main.getResultTypes(), add);
  if (total <= static_cast<__int128>(share) * std::max(1, cores)) {
    return true;
  }
  diagnostics.report(Code::DoesNotFit, "inputs and outputs take " + gigabytes(total) + ", " + std::to_string(std::max(1, cores)) + " of " + device.name +
                                           "'s cores have " + gigabytes(static_cast<__int128>(share) * std::max(1, cores)));
  return false;
}

bool driver::programsFit(ModuleOp module, const hw::DeviceSpec &device, ncc::DiagnosticEngine &diagnostics) {
  const int64_t share = device.dramBytes / std::max(1, device.coresPerChip);
  for (auto program : module.getOps<core::ProgramOp>()) {
    __int128 total = 0;
    for (auto buffer : program.getTables().getOps<core::BufferOp>()) {
      total += buffer.getBytes();
    }
    if (total > share) {
      diagnostics.report(Code::DoesNotFit, "core " + std::to_string(program.getCore()) + " needs " + gigabytes(total) + " for weights, inputs, outputs and what lies between; a core of " +
                                               device.name + " has " + gigabytes(share));
      return false;
    }
  }
  return true;
}

/// A model with stages on the host: its segments together, which all lie in the cores' memory.
static std::optional<driver::Fit> fitOfPlan(ModuleOp module, const Options &options, const hw::DeviceSpec &device) {
  driver::Fit fit;
  fit.bytesPerCore = device.dramBytes / std::max(1, device.coresPerChip);
  fit.cores.resize(static_cast<size_t>(std::max(1, options.cores)));
  for (auto func : module.getOps<func::FuncOp>()) {
    if (func.getSymName() == "main") {
      continue;
    }
    OwningOpRef<ModuleOp> own = ModuleOp::create(func.getLoc());
    auto segment = func.clone();
    segment.setSymName("main");
    segment.setPublic();
    own->push_back(segment);
    std::optional<driver::Fit> part = driver::fitOf(*own, options, device);
    if (!part) {
      return std::nullopt;
    }
    fit.placements.insert(fit.placements.end(), part->placements.begin(), part->placements.end());
    for (size_t i = 0; i < fit.cores.size() && i < part->cores.size(); ++i) {
      fit.cores[i].weightBytes += part->cores[i].weightBytes;
      fit.cores[i].activationBytes += part->cores[i].activationBytes;
    }
  }
  return fit;
}

std::optional<driver::Fit> driver::fitOf(ModuleOp module, const Options &options, const hw::DeviceSpec &device) {
  PassManager stages(module.getContext());
  allPhases()[phaseNamed("stages")].build(stages, pipelineOptions(options, device));
  if (failed(stages.run(module))) {
    return std::nullopt;
  }
  if (module.lookupSymbol<func::FuncOp>("main")->hasAttr("ncc.plan")) {
    return fitOfPlan(module, options, device);
  }
  PipelineOptions pipeline = pipelineOptions(options, device);
  pipeline.quantizeInt8 = false;  // needs calibration
  pipeline.autoCast = "matmult";  // `all` would cast while legalizing
  PassManager passes(module.getContext());
  for (const char *phase : {"simplify", "prune", "fuse", "legalize", "partition"}) {
    allPhases()[phaseNamed(phase)].build(passes, pipeline);
  }
  if (failed(passes.run(module))) {
    return std::nullopt;
  }
  Fit fit;
  fit.bytesPerCore = device.dramBytes / std::max(1, device.coresPerChip);
  for (auto func : module.getOps<func::FuncOp>()) {
    std::vector<lower::Placement> placed = lower::predictPlacements(func, device);
    fit.placements.insert(fit.placements.end(), placed.begin(), placed.end());
    fit.cores.push_back(memoryOf(func, options));
  }
  fit.cores.resize(static_cast<size_t>(std::max(1, options.cores)), fit.cores.empty() ? CoreMemory() : fit.cores.front()); // replicas
  return fit;
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Graph to tile: walks a function in order and hands each group to its emitter, or to the firmware. Arguments become
// inputs or receives, results outputs or sends.
#include "passes/lower/GraphToTile.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/Locations.h"
#include "passes/lower/Emitters.h"
#include "passes/lower/Passes.h"
#include "passes/partition/OpCost.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

Placement placementOf(Operation *op, bool firmware, const hw::DeviceSpec &spec) {
  int64_t elements = 0;
  for (Value result : op->getResults()) {
    elements += cast<RankedTensorType>(result.getType()).getNumElements();
  }
  double macs = partition::costOf(op, hw::CostModel(spec), spec).macs;
  return {op->getName().getStringRef().str(), graph::nodeName(op->getLoc()), firmware, elements, macs};
}

class FunctionLowering {
public:
  FunctionLowering(func::FuncOp func, const hw::DeviceSpec &spec, ConstantCache &packed, std::vector<Placement> *placements, bool skipZeros)
      : func(func), builder(func.getContext()), low(builder, spec, packed), placements(placements) {
    low.skipZeros = skipZeros;
  }

  LogicalResult run() {
    builder.setInsertionPoint(func);
    int64_t core = 0;
    if (auto attr = func->getAttrOfType<IntegerAttr>("core")) {
      core = attr.getInt();
    }
    std::string name = ("core" + Twine(core)).str();
    auto program = tile::ProgramOp::create(builder, func.getLoc(), name, core);
    program.getBody().emplaceBlock();
    builder.setInsertionPointToStart(&program.getBody().front());
    for (BlockArgument arg : func.getArguments()) {
      addArgument(arg);
    }
    for (Operation &op : func.getBody().front().without_terminator()) {
      lower(&op);
    }
    auto terminator = func.getBody().front().getTerminator();
    for (OpOperand &operand : terminator->getOpOperands()) {
      addResult(operand);
    }
    eraseDead(program.getBody().front());
    return success();
  }

private:
  /// Loads that nothing reads after all: weights whose every tile is zero.
  static void eraseDead(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (op.use_empty() && llvm::isa<tile::DmaOp, tile::JoinOp, tile::ConstantOp>(op)) {
        op.erase();
      }
    }
  }

  void addArgument(BlockArgument arg) {
    auto type = cast<RankedTensorType>(arg.getType());
    Type dram = low.t.dram(type.getNumElements(), type.getElementType());
    low.t.loc = arg.getLoc();
    Value buffer;
    if (auto channel = func.getArgAttrOfType<IntegerAttr>(arg.getArgNumber(), "graph.channel")) {
      buffer = tile::RecvOp::create(builder, low.t.loc, dram, channel.getInt());
    } else {
      auto index = func.getArgAttrOfType<IntegerAttr>(arg.getArgNumber(), "graph.input");
      buffer = tile::InputOp::create(builder, low.t.loc, dram, index ? index.getInt() : arg.getArgNumber());
    }
    low.defineRowMajor(arg, buffer);
  }

  void addResult(OpOperand &operand) {
    unsigned i = operand.getOperandNumber();
    low.t.loc = operand.getOwner()->getLoc();
    if (cast<RankedTensorType>(operand.get().getType()).getNumElements() == 0) {
      return; // nothing to store
    }
    Value buffer = low.dramContiguous(operand.get());
    if (auto channel = func.getResultAttrOfType<IntegerAttr>(i, "graph.channel")) {
      tile::SendOp::create(builder, low.t.loc, buffer, channel.getInt());
      return;
    }
    auto index = func.getResultAttrOfType<IntegerAttr>(i, "graph.output");
    tile::OutputOp::create(builder, low.t.loc, buffer, index ? index.getInt() : i);
  }

  void lower(Operation *op) {
    if (llvm::isa<graph::ConstantOp>(op)) {
      return; // loaded where it is used
    }
    auto empty = [](Type type) { return cast<RankedTensorType>(type).getNumElements() == 0; };
    if (op->getNumResults() > 0 && llvm::all_of(op->getResultTypes(), empty)) {
      return;
    }
    low.t.loc = op->getLoc();
    Group group = groupOf(op);
    const Emitter *emitter = findEmitter(low, group);
    if (emitter) {
      emitter->emit(low, group);
    } else if (llvm::isa<graph::FusionOp>(op)) {
      // No engine form for the whole: each op of the body on its own.
      lowerBody(cast<graph::FusionOp>(op));
      return;
    } else {
      emitCall(low, op);
    }
    if (placements) {
      placements->push_back(placementOf(op, !emitter, low.spec));
    }
  }

  void lowerBody(graph::FusionOp fusion) {
    Block &block = fusion.getBody().front();
    for (auto [arg, outside] : llvm::zip(block.getArguments(), fusion.getInputs())) {
      low.alias(arg, outside);
    }
    for (Operation &inner : block.without_terminator()) {
      lower(&inner);
    }
    for (auto [result, value] : llvm::zip(fusion.getResults(), block.getTerminator()->getOperands())) {
      low.alias(result, value);
    }
  }

  func::FuncOp func;
  OpBuilder builder;
  Lowering low;
  std::vector<Placement> *placements;
};

} // namespace

LogicalResult ncc::lower::lowerFunction(func::FuncOp func, const hw::DeviceSpec &spec, ConstantCache &packed,
                                        std::vector<Placement> *placements, bool skipZeros) {
  return FunctionLowering(func, spec, packed, placements, skipZeros).run();
}

std::vector<Placement> ncc::lower::predictPlacements(func::FuncOp func, const hw::DeviceSpec &spec) {
  OpBuilder builder(func.getContext());
  ConstantCache packed;
  Lowering low(builder, spec, packed);
  std::vector<Placement> placements;
  for (Operation &op : func.getBody().front().without_terminator()) {
    if (!llvm::isa<graph::ConstantOp>(op)) {
      placements.push_back(placementOf(&op, findEmitter(low, groupOf(&op)) == nullptr, spec));
    }
  }
  return placements;
}

LogicalResult ncc::lower::lowerModule(ModuleOp module, const hw::DeviceSpec &spec, ConstantCache &packed,
                                      std::vector<Placement> *placements, bool skipZeros) {
  for (auto func : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (failed(lowerFunction(func, spec, packed, placements, skipZeros))) {
      return failure();
    }
    func.erase();
  }
  return success();
}

namespace ncc::lower {
#define GEN_PASS_DEF_GRAPHTOTILEPASS
#include "passes/lower/Passes.h.inc"
} // namespace ncc::lower

namespace {

struct GraphToTile : ncc::lower::impl::GraphToTilePassBase<GraphToTile> {
  using GraphToTilePassBase::GraphToTilePassBase;
  void runOnOperation() override {
    const hw::DeviceSpec *spec = hw::findDevice(target);
    if (!spec) {
      getOperation().emitError() << "unknown target '" << target << "'";
      return signalPassFailure();
    }
    ConstantCache packed;
    if (failed(ncc::lower::lowerModule(getOperation(), *spec, packed))) {
      signalPassFailure();
    }
  }
};

} // namespace

// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "passes/stages/Sides.h"

#include "dialects/graph/Graph.h"
#include "dialects/graph/ValueTypes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ncc::stages {

/// Integer work up to this many elements is cheaper where its neighbours are than on a core of its own.
static constexpr int64_t kLightElements = 1024;

static bool needsHost(Type type) {
  if (!graph::isStaticTensor(type)) {
    return true;
  }
  Type element = cast<RankedTensorType>(type).getElementType();
  return element.isF64() || isa<ComplexType, graph::StringType>(element);
}

static bool isEmpty(Type type) { return graph::isStaticTensor(type) && cast<RankedTensorType>(type).getNumElements() == 0; }

bool isHostOnly(Operation *op) {
  if (isa<graph::HostOp, graph::IfOp, graph::LoopOp, graph::ScanOp>(op)) {
    return true;
  }
  bool host = llvm::any_of(op->getOperandTypes(), needsHost) || llvm::any_of(op->getResultTypes(), needsHost);
  return host && !isa<graph::ConstantOp>(op) && graph::hostFormOf(op);
}

bool isMove(Operation *op) {
  return isa<graph::ConstantOp, graph::ReshapeOp, graph::ExpandOp, graph::SliceOp, graph::TransposeOp, graph::ConcatOp, graph::CastOp>(op);
}

/// Small integers and bools, with a host form.
static bool isLight(Operation *op) {
  auto light = [](Type type) {
    return graph::isStaticTensor(type) && isa<IntegerType>(cast<RankedTensorType>(type).getElementType()) &&
           cast<RankedTensorType>(type).getNumElements() <= kLightElements;
  };
  return llvm::all_of(op->getOperandTypes(), light) && llvm::all_of(op->getResultTypes(), light) && graph::hostFormOf(op);
}

/// Nothing to compute: no core program is made for it.
static bool isNothing(Operation *op) {
  return (llvm::any_of(op->getOperandTypes(), isEmpty) || llvm::any_of(op->getResultTypes(), isEmpty)) && graph::hostFormOf(op);
}

Sides chooseSides(Block &block) {
  Sides sides;
  SmallVector<Operation *> open;
  for (Operation &op : block.without_terminator()) {
    if (isa<graph::ConstantOp>(op)) {
      continue;
    }
    bool host = isHostOnly(&op) || isNothing(&op);
    sides[&op] = host ? Side::Host : Side::Core;
    if (!host && isLight(&op)) {
      open.push_back(&op);
    }
  }
  auto onHost = [&](Operation *op) {
    if (isa_and_present<graph::YieldOp>(op) && op->getBlock() == &block) {
      return true; // the loop or branch it ends is the host's
    }
    while (op && op->getBlock() != &block) { // a use inside a region is the region's
      op = op->getParentOp();
    }
    auto it = sides.find(op);
    return it != sides.end() && it->second == Side::Host;
  };
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation *op : open) {
      bool near = llvm::any_of(op->getUsers(), onHost) || llvm::any_of(op->getOperands(), [&](Value operand) {
                    auto argument = dyn_cast<BlockArgument>(operand); // a loop's counter
                    return argument ? !isa<func::FuncOp>(argument.getOwner()->getParentOp()) : onHost(operand.getDefiningOp());
                  });
      if (sides[op] == Side::Core && near) {
        sides[op] = Side::Host;
        changed = true;
      }
    }
  }
  return sides;
}

} // namespace ncc::stages

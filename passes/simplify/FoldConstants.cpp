// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Evaluates constant ops with the reference kernels, within a budget.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"
#include "passes/simplify/Passes.h"

#include <cstring>

using namespace mlir;

namespace ncc::simplify {

#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "passes/simplify/Passes.h.inc"

namespace {

using graph::ConstantOp;

int64_t bytesOf(Type type) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  std::optional<DType> dtype = shaped ? graph::dtypeOf(shaped.getElementType()) : std::nullopt;
  return dtype ? shaped.getNumElements() * static_cast<int64_t>(memorySize(*dtype)) : INT64_MAX / 4;
}

/// A tensor without elements is known, whoever makes it.
bool isEmpty(Value value) {
  auto shaped = dyn_cast<RankedTensorType>(value.getType());
  return shaped && shaped.hasStaticShape() && shaped.getNumElements() == 0 && graph::dtypeOf(shaped.getElementType());
}

/// A constant stored as one repeated element.
bool isSplat(Value value) {
  auto constant = value.getDefiningOp<graph::ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValueAttr()) : DenseElementsAttr();
  return dense && dense.isSplat();
}

/// What a constant takes in the model: one element for a splat.
int64_t storedBytes(Value value) {
  int64_t bytes = bytesOf(value.getType());
  auto shaped = cast<ShapedType>(value.getType());
  return isSplat(value) && shaped.getNumElements() > 0 ? bytes / shaped.getNumElements() : bytes;
}

/// True when all elements have the bits of the first.
bool isSplat(const Tensor &tensor) {
  size_t step = dtypeSize(tensor.dtype()), bytes = tensor.byteSize();
  if (step == 0 || tensor.size() < 2) {
    return false;
  }
  const char *data = static_cast<const char *>(tensor.data());
  return std::memcmp(data, data + step, bytes - step) == 0;
}

struct FoldConstantsPass : impl::FoldConstantsPassBase<FoldConstantsPass> {
  using FoldConstantsPassBase::FoldConstantsPassBase;

  void runOnOperation() override {
    for (Block &block : getOperation().getBody()) {
      for (Operation &op : llvm::make_early_inc_range(block)) {
        if (worthwhile(op)) {
          fold(op);
        }
      }
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
        if (isa<ConstantOp>(op) && op.use_empty()) {
          op.erase();
        }
      }
    }
  }

  bool worthwhile(Operation &op) {
    if (isa<ConstantOp>(op) || op.getNumOperands() == 0 || op.getNumRegions() != 0 || !isPure(&op)) {
      return false;
    }
    int64_t replaced = 0, made = 0;
    llvm::SmallPtrSet<Operation *, 4> seen;
    for (Value operand : op.getOperands()) {
      auto constant = operand.getDefiningOp<ConstantOp>();
      if (!constant && isEmpty(operand)) {
        continue;
      }
      if (!constant) {
        return false;
      }
      replaced += seen.insert(constant).second && constant->hasOneUse() ? storedBytes(operand) : 0;
    }
    for (Type type : op.getResultTypes()) {
      made += bytesOf(type);
    }
    // Elementwise work on splats gives a splat: evaluate it at one element's cost by way of the budget.
    return made <= std::max<int64_t>(maxBytes, replaced) || foldsToSplat(op);
  }

  bool foldsToSplat(Operation &op) {
    bool view = isa<graph::ExpandOp, graph::ReshapeOp, graph::TransposeOp, graph::SliceOp>(op);
    return view && isSplat(op.getOperand(0));
  }

  void fold(Operation &op) {
    OpBuilder builder(&op);
    if (foldsToSplat(op)) {
      auto type = cast<RankedTensorType>(op.getResult(0).getType());
      replace(op, builder, {cast<DenseElementsAttr>(op.getOperand(0).getDefiningOp<ConstantOp>().getValueAttr()).resizeSplat(type)});
      return;
    }
    std::vector<Tensor> inputs;
    for (Value operand : op.getOperands()) {
      if (isEmpty(operand)) {
        inputs.emplace_back(*graph::dtypeOf(cast<RankedTensorType>(operand.getType()).getElementType()), graph::shapeOf(operand.getType()));
        continue;
      }
      absl::StatusOr<std::vector<Tensor>> value = graph::evaluate(operand.getDefiningOp(), {});
      if (!value.ok()) {
        return;
      }
      inputs.push_back(value->front());
    }
    absl::StatusOr<std::vector<Tensor>> results = graph::evaluate(&op, inputs);
    if (!results.ok()) {
      return; // left for the run, where the error has a place
    }
    SmallVector<Attribute> values;
    for (auto [result, type] : llvm::zip(*results, op.getResultTypes())) {
      auto shaped = cast<RankedTensorType>(type);
      if (graph::shapeOf(type) != result.shape()) {
        return; // a data-dependent shape
      }
      values.push_back(isSplat(result) && result.dtype() != DType::Bool
                           ? Attribute(graph::splatAttr(shaped, result))
                           : Attribute(graph::tensorAttr(op.getContext(), result, "folded")));
    }
    replace(op, builder, values);
  }

  void replace(Operation &op, OpBuilder &builder, ArrayRef<Attribute> values) {
    for (auto [result, value] : llvm::zip(op.getResults(), values)) {
      result.replaceAllUsesWith(ConstantOp::create(builder, op.getLoc(), cast<ElementsAttr>(value)));
    }
    op.erase();
  }
};

} // namespace
} // namespace ncc::simplify

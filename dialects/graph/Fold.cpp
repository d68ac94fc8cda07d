// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Folders: identities that need no evaluation. Constant evaluation is the business of the fold-constants pass,
// which has a budget.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Infer.h"
#include "dialects/graph/ValueFacts.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <cmath>

using namespace mlir;
using namespace ncc::graph;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult UnaryOp::fold(FoldAdaptor) {
  auto inner = getX().getDefiningOp<UnaryOp>();
  if (!inner) {
    return {};
  }
  UnaryKind kind = getKind();
  bool inverse = kind == UnaryKind::Neg || kind == UnaryKind::LogicalNot || kind == UnaryKind::BitwiseNot;
  if (inverse && inner.getKind() == kind) {
    return inner.getX();
  }
  bool idempotent = kind == UnaryKind::Relu || kind == UnaryKind::Abs || kind == UnaryKind::Floor ||
                    kind == UnaryKind::Ceil || kind == UnaryKind::Round || kind == UnaryKind::Sign;
  if (idempotent && inner.getKind() == kind) {
    return getX();
  }
  return {};
}

/// -0.0 is the neutral element of floats; +0.0 turns -0.0 into itself, which matters if x may be that and somebody looks.
static bool addsNothing(BinaryOp op, Value x, double zero) {
  return !isFloatElement(tensorType(x).getElementType()) || std::signbit(zero) || !rangeOf(x).negativeZero || zeroSignIgnored(op.getResult());
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  std::optional<double> a = splatValue(adaptor.getA()), b = splatValue(adaptor.getB());
  bool keepsA = getA().getType() == getType(), keepsB = getB().getType() == getType();
  switch (getKind()) {
  case BinaryKind::Add:
    if (keepsA && b == 0.0 && addsNothing(*this, getA(), *b)) {
      return getA();
    }
    return keepsB && a == 0.0 && addsNothing(*this, getB(), *a) ? OpFoldResult(getB()) : OpFoldResult();
  case BinaryKind::Sub: // x - +0 is x; x - -0 is x + +0
    return keepsA && b == 0.0 && addsNothing(*this, getA(), -*b) ? OpFoldResult(getA()) : OpFoldResult();
  case BinaryKind::Shl:
  case BinaryKind::Shr:
    return keepsA && b == 0.0 ? OpFoldResult(getA()) : OpFoldResult();
  case BinaryKind::Mul:
    if (keepsA && b == 1.0) {
      return getA();
    }
    return keepsB && a == 1.0 ? OpFoldResult(getB()) : OpFoldResult();
  case BinaryKind::Div:
  case BinaryKind::Pow:
    return keepsA && b == 1.0 ? OpFoldResult(getA()) : OpFoldResult();
  case BinaryKind::Max:
  case BinaryKind::Min:
    return getA() == getB() ? OpFoldResult(getA()) : OpFoldResult();
  default:
    return {};
  }
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getA() == getB() && getA().getType() == getType()) {
    return getA();
  }
  if (std::optional<double> cond = splatValue(adaptor.getCond())) {
    Value taken = *cond != 0.0 ? getA() : getB();
    return taken.getType() == getType() ? OpFoldResult(taken) : OpFoldResult();
  }
  return {};
}

/// True when every value of `from` survives a trip through `to`.
static bool castIsExact(Type from, Type to) {
  auto ff = dyn_cast<FloatType>(from), tf = dyn_cast<FloatType>(to);
  if (ff && tf) {
    return to.isF64() || (to.isF32() && ff.getWidth() <= 32) || from == to;
  }
  auto fi = dyn_cast<IntegerType>(from), ti = dyn_cast<IntegerType>(to);
  if (!fi) {
    return false;
  }
  bool fromUnsigned = fi.isUnsigned() || fi.getWidth() == 1;
  if (ti) {
    return ti.getWidth() > fi.getWidth() && !(ti.isUnsigned() && !fromUnsigned);
  }
  return (to.isF32() && fi.getWidth() <= 16) || (to.isF64() && fi.getWidth() <= 32);
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getX().getType() == getType()) {
    return getX();
  }
  auto inner = getX().getDefiningOp<CastOp>();
  if (inner && inner.getX().getType() == getType() &&
      castIsExact(getType().getElementType(), tensorType(getX()).getElementType())) {
    return inner.getX();
  }
  return {};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getX().getType() == getType()) {
    return getX();
  }
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    setOperand(inner.getX());
    return getResult();
  }
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (isIdentityPermutation(getPerm())) {
    return getX();
  }
  auto inner = getX().getDefiningOp<TransposeOp>();
  if (!inner) {
    return {};
  }
  SmallVector<int64_t> perm;
  for (int64_t axis : getPerm()) {
    perm.push_back(inner.getPerm()[axis]);
  }
  setPerm(perm);
  setOperand(inner.getX());
  return getResult();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool forward = llvm::all_of(llvm::zip(getStrides(), getType().getShape()),
                              [](auto pair) { return std::get<0>(pair) == 1 || std::get<1>(pair) <= 1; });
  return forward && getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? OpFoldResult(getInputs().front()) : OpFoldResult();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  bool nothing = llvm::all_of(getLow(), [](int64_t n) { return n == 0; }) &&
                 llvm::all_of(getHigh(), [](int64_t n) { return n == 0; });
  return nothing ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult ExpandOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

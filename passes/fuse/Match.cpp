// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "passes/fuse/Match.h"

#include "dialects/graph/Constants.h"

using namespace mlir;
using namespace ncc::graph;

namespace ncc::fuse {

UnaryOp unaryOf(Value value, UnaryKind kind) {
  auto op = value ? value.getDefiningOp<UnaryOp>() : UnaryOp();
  return op && op.getKind() == kind ? op : UnaryOp();
}

BinaryOp binaryOf(Value value, BinaryKind kind) {
  auto op = value ? value.getDefiningOp<BinaryOp>() : BinaryOp();
  return op && op.getKind() == kind ? op : BinaryOp();
}

ReduceOp reduceOf(Value value, ReduceKind kind) {
  auto op = value ? value.getDefiningOp<ReduceOp>() : ReduceOp();
  return op && op.getKind() == kind ? op : ReduceOp();
}

std::optional<Scaled> withScalar(Value value, BinaryKind kind) {
  BinaryOp op = binaryOf(value, kind);
  if (!op) {
    return std::nullopt;
  }
  if (std::optional<double> b = splatValue(op.getB()); b && op.getA().getType() == op.getType()) {
    return Scaled{op.getA(), *b};
  }
  bool commutes = kind == BinaryKind::Add || kind == BinaryKind::Mul || kind == BinaryKind::Max || kind == BinaryKind::Min;
  if (std::optional<double> a = splatValue(op.getA()); a && commutes && op.getB().getType() == op.getType()) {
    return Scaled{op.getB(), *a};
  }
  return std::nullopt;
}

std::optional<int64_t> trailingAxis(ReduceOp op) {
  ArrayRef<int64_t> axes = op.getAxes();
  int64_t rank = typeOf(op.getX()).getRank();
  if (axes.empty() || !op.getKeepdims()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != rank - static_cast<int64_t>(axes.size() - i)) {
      return std::nullopt;
    }
  }
  return axes.front();
}

bool isConstant(Value value) { return value.getDefiningOp<ConstantOp>() != nullptr; }

} // namespace ncc::fuse

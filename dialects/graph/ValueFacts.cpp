// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/ValueFacts.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace ncc::graph {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Range rangeOfUnary(UnaryOp op, unsigned steps) {
  auto inner = [&] { return rangeOf(op.getX(), steps); };
  switch (op.getKind()) {
  case UnaryKind::Abs:
  case UnaryKind::Square: {
    Range x = inner();
    double most = std::max(std::fabs(x.low), std::fabs(x.high));
    return {0, op.getKind() == UnaryKind::Abs ? most : most * most * (1 + 1e-6), false};
  }
  case UnaryKind::Relu: {
    Range x = inner();
    return {std::max(x.low, 0.0), std::max(x.high, 0.0), false};
  }
  case UnaryKind::Clip: {
    Range x = inner();
    double low = op.getAlpha(), high = op.getBeta();
    if (!(low <= high)) {
      return {};
    }
    // max(-0, +0) is +0 here, so a bound of +0 leaves no -0 behind.
    bool negative = x.negativeZero && !(low > 0 || (low == 0 && !std::signbit(low)));
    return {std::clamp(x.low, low, high), std::clamp(x.high, low, high), negative || (high == 0 && std::signbit(high))};
  }
  case UnaryKind::Exp:
    return {0, kInfinity, false};
  case UnaryKind::Sigmoid:
  case UnaryKind::HardSigmoid:
    return {0, 1, true};
  case UnaryKind::Softplus:
    return {0, kInfinity, false};
  case UnaryKind::Tanh:
  case UnaryKind::Erf:
  case UnaryKind::Softsign:
  case UnaryKind::Sin:
  case UnaryKind::Cos:
    return {-1, 1, true};
  case UnaryKind::Sqrt: {
    Range x = inner();
    return {0, kInfinity, x.negativeZero};
  }
  default:
    return {};
  }
}

/// a * b where an infinite bound times zero bounds nothing.
double boundProduct(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

Range rangeOfBinary(BinaryOp op, unsigned steps) {
  Range a = rangeOf(op.getA(), steps), b = rangeOf(op.getB(), steps);
  // One rounding of the result may pass a bound that is no number of the type.
  auto rounded = [](double low, double high, bool negativeZero) -> Range {
    constexpr double slack = 1e-2; // more than half a unit of bf16
    low = std::isnan(low) ? -kInfinity : low < 0 ? low * (1 + slack) : low * (1 - slack);
    high = std::isnan(high) ? kInfinity : high < 0 ? high * (1 - slack) : high * (1 + slack);
    return {low, high, negativeZero};
  };
  switch (op.getKind()) {
  case BinaryKind::Add: // two zeros give -0 only if both are
    return rounded(a.low + b.low, a.high + b.high, a.negativeZero && b.negativeZero);
  case BinaryKind::Sub:
    return rounded(a.low - b.high, a.high - b.low, a.negativeZero);
  case BinaryKind::Mul: {
    double ends[] = {boundProduct(a.low, b.low), boundProduct(a.low, b.high), boundProduct(a.high, b.low), boundProduct(a.high, b.high)};
    auto [low, high] = std::minmax_element(std::begin(ends), std::end(ends));
    bool plain = a.low >= 0 && b.low >= 0 && !a.negativeZero && !b.negativeZero;
    return rounded(*low, *high, !plain);
  }
  case BinaryKind::Div:
    if (a.low >= 0 && b.low >= 0 && !b.negativeZero) {
      return {0, kInfinity, a.negativeZero};
    }
    return {};
  case BinaryKind::Max:
    return {std::max(a.low, b.low), std::max(a.high, b.high), a.negativeZero || b.negativeZero};
  case BinaryKind::Min:
    return {std::min(a.low, b.low), std::min(a.high, b.high), a.negativeZero || b.negativeZero};
  default:
    return {};
  }
}

Range rangeOfReduction(ReduceOp op, unsigned steps) {
  Range x = rangeOf(op.getX(), steps);
  switch (op.getKind()) {
  case ReduceKind::Sum:
  case ReduceKind::Mean:
  case ReduceKind::Prod:
    return x.low >= 0 ? Range{0, kInfinity, x.negativeZero} : Range{};
  case ReduceKind::Max:
  case ReduceKind::Min: {
    auto type = cast<RankedTensorType>(op.getX().getType());
    bool some = llvm::all_of(op.getAxes(), [&](int64_t axis) { return type.getDimSize(axis) > 0; });
    return some ? x : Range{}; // the extreme of nothing is an infinity
  }
  case ReduceKind::SumSquare:
  case ReduceKind::L1:
  case ReduceKind::L2:
    return {0, kInfinity, false};
  default:
    return {};
  }
}

} // namespace

Range rangeOf(Value value, unsigned steps) {
  Operation *op = value.getDefiningOp();
  if (!op || steps == 0) {
    return {};
  }
  if (std::optional<double> number = splatValue(value)) {
    return std::isnan(*number) ? Range{} : Range{*number, *number, *number == 0 && std::signbit(*number)};
  }
  --steps;
  return llvm::TypeSwitch<Operation *, Range>(op)
      .Case([&](UnaryOp unary) { return rangeOfUnary(unary, steps); })
      .Case([&](BinaryOp binary) { return rangeOfBinary(binary, steps); })
      .Case([&](ReduceOp reduce) { return rangeOfReduction(reduce, steps); })
      .Case([&](SoftmaxOp softmax) { return softmax.getLog() ? Range{-kInfinity, 0, true} : Range{0, 1, false}; })
      // Sums of products start from +0, and +0 + -0 is +0.
      .Case<MatmulOp, ConvOp>([&](auto) { return Range{-kInfinity, kInfinity, false}; })
      .Case<ReshapeOp, TransposeOp, SliceOp, ExpandOp>([&](auto move) { return rangeOf(move.getX(), steps); })
      .Default([](Operation *) { return Range{}; });
}

bool feedsDiscrete(Value value) {
  constexpr size_t kMost = 256; // readers looked at; beyond, the answer is the safe one
  SmallVector<Value> open{value};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!open.empty()) {
    for (Operation *user : open.pop_back_val().getUsers()) {
      if (!seen.insert(user).second) {
        continue;
      }
      if (seen.size() > kMost) {
        return true;
      }
      if (auto unary = dyn_cast<UnaryOp>(user)) {
        switch (unary.getKind()) {
        case UnaryKind::Floor: case UnaryKind::Ceil: case UnaryKind::Round: case UnaryKind::Sign:
        case UnaryKind::IsNan: case UnaryKind::IsInf: case UnaryKind::ThresholdedRelu: case UnaryKind::Shrink:
          return true;
        case UnaryKind::Abs: case UnaryKind::Neg: case UnaryKind::Square: case UnaryKind::Relu:
        case UnaryKind::LeakyRelu: case UnaryKind::HardSigmoid: case UnaryKind::Clip: case UnaryKind::Reciprocal:
        case UnaryKind::Sqrt: case UnaryKind::Rsqrt:
          open.push_back(unary);
          continue;
        default:
          continue; // transcendental: rounds by itself
        }
      }
      if (auto binary = dyn_cast<BinaryOp>(user)) {
        if (binary.getKind() == BinaryKind::Mod || binary.getKind() == BinaryKind::Fmod) {
          return true;
        }
        open.push_back(binary);
        continue;
      }
      if (auto cast = dyn_cast<CastOp>(user)) {
        if (!isa<FloatType>(mlir::cast<RankedTensorType>(cast.getType()).getElementType())) {
          return true;
        }
        open.push_back(cast);
        continue;
      }
      if (isa<MatmulOp, ConvOp, ConvTransposeOp, SoftmaxOp, LayerNormOp, RmsNormOp, AttentionOp, QuantizeOp>(user)) {
        continue;
      }
      if (auto reduce = dyn_cast<ReduceOp>(user)) {
        if (reduce.getKind() == ReduceKind::Max || reduce.getKind() == ReduceKind::Min) {
          open.push_back(reduce);
        }
        continue;
      }
      if (auto select = dyn_cast<SelectOp>(user)) { // as one of the values; a condition is no float
        open.push_back(select);
        continue;
      }
      if (isa<ReshapeOp, TransposeOp, SliceOp, ConcatOp, PadOp, ExpandOp, GatherOp, PoolOp>(user)) {
        open.append(user->result_begin(), user->result_end());
        continue;
      }
      if (user->hasTrait<OpTrait::IsTerminator>()) {
        continue; // an output of the model
      }
      return true; // a comparison, a sort, or an op this function does not know
    }
  }
  return false;
}

bool zeroSignIgnored(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (auto unary = dyn_cast<UnaryOp>(user)) {
      switch (unary.getKind()) {
      case UnaryKind::Abs: case UnaryKind::Square: case UnaryKind::Exp: case UnaryKind::Relu: case UnaryKind::Sigmoid:
      case UnaryKind::Softplus: case UnaryKind::Cos: case UnaryKind::Cosh: case UnaryKind::IsNan:
        return true;
      default:
        return false;
      }
    }
    if (auto cast = dyn_cast<CastOp>(user)) {
      return mlir::cast<RankedTensorType>(cast.getType()).getElementType().isInteger();
    }
    // A sum of products or of exponentials starts from +0; equal zeros compare equal.
    return isa<SoftmaxOp, MatmulOp, ConvOp, CompareOp>(user);
  });
}

} // namespace ncc::graph

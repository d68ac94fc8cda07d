// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Recognises activations that an exporter took apart, by structure and constants: a product of x, a gate of x and a
// number. The table at the end holds one row per gate; each says why the named function equals the written one.
#include "dialects/graph/Constants.h"
#include "dialects/graph/ValueFacts.h"
#include "passes/fuse/Match.h"
#include "passes/fuse/Passes.h"

#include <cmath>

using namespace mlir;
using namespace ncc::graph;

namespace ncc::fuse {

#define GEN_PASS_DEF_RECOGNIZEACTIVATIONSPASS
#include "passes/fuse/Passes.h.inc"

namespace {

/// Nodes of a product looked at; the longest spelling known (tanh form of gelu, cubic by products) has fewer.
constexpr unsigned kMostNodes = 8;

/// Is `number` the constant `wanted` as an exporter writes it in elements of `type`, give or take one unit?
bool isNumber(double number, double wanted, Type type) {
  const double unit = std::ldexp(1.0, 1 - static_cast<int>(cast<FloatType>(type).getFPMantissaWidth()));
  return std::fabs(number - wanted) <= unit * std::fabs(wanted);
}

Type elementOf(Value value) { return typeOf(value).getElementType(); }

/// `value` = other * scalar, written as a product or as a quotient by a constant.
std::optional<Scaled> scaledBy(Value value) {
  if (std::optional<Scaled> product = withScalar(value, BinaryKind::Mul)) {
    return product;
  }
  std::optional<Scaled> quotient = withScalar(value, BinaryKind::Div);
  return quotient ? std::optional(Scaled{quotient->other, 1.0 / quotient->scalar}) : std::nullopt;
}

/// How often `gate` and `x` are factors of a product, and its constant factor.
struct Factors {
  unsigned gates = 0, xs = 0, nodes = 0;
  double scale = 1;
};
bool collect(Value value, Value gate, Value x, Factors &factors) {
  if (value == x || value == gate) {
    ++(value == x ? factors.xs : factors.gates);
    return true;
  }
  if (++factors.nodes > kMostNodes) {
    return false;
  }
  if (std::optional<Scaled> scaled = scaledBy(value)) {
    factors.scale *= scaled->scalar;
    return collect(scaled->other, gate, x, factors);
  }
  if (UnaryOp square = unaryOf(value, UnaryKind::Square)) {
    return collect(square.getX(), gate, x, factors) && collect(square.getX(), gate, x, factors);
  }
  BinaryOp product = binaryOf(value, BinaryKind::Mul);
  return product && product.getA().getType() == value.getType() && product.getB().getType() == value.getType() &&
         collect(product.getA(), gate, x, factors) && collect(product.getB(), gate, x, factors);
}

/// The power of x that `value` is times `scale`; 0 when it is none.
unsigned powerOf(Value value, Value x, double scale) {
  Factors factors;
  if (std::optional<Scaled> scaled = scaledBy(value)) { // a cube kept as a power under its factor
    std::optional<Scaled> cube = withScalar(scaled->other, BinaryKind::Pow);
    if (cube && cube->other == x && cube->scalar == 3) {
      return isNumber(scaled->scalar, scale, elementOf(x)) ? 3 : 0;
    }
  }
  return collect(value, Value(), x, factors) && isNumber(factors.scale, scale, elementOf(x)) ? factors.xs : 0;
}

/// The argument of `kind` in 1 + kind(u).
Value onePlus(Value value, UnaryKind kind) {
  std::optional<Scaled> sum = withScalar(value, BinaryKind::Add);
  UnaryOp function = sum && sum->scalar == 1 ? unaryOf(sum->other, kind) : UnaryOp();
  return function ? Value(function.getX()) : Value();
}

// Gates: the x that `value` is the gate of, or none.

Value erfGate(Value value) {
  Value u = onePlus(value, UnaryKind::Erf);
  std::optional<Scaled> scaled = u ? scaledBy(u) : std::nullopt;
  return scaled && isNumber(scaled->scalar, M_SQRT1_2, elementOf(u)) ? scaled->other : Value();
}

/// tanh's argument: sqrt(2/pi) (x + 0.044715 x^3), the sum or the product with x outermost.
Value tanhGate(Value value) {
  constexpr double kRoot = 0.79788456080286535588, kCubic = 0.044715;
  Value u = onePlus(value, UnaryKind::Tanh);
  std::optional<Scaled> scaled = u ? scaledBy(u) : std::nullopt;
  if (scaled && isNumber(scaled->scalar, kRoot, elementOf(u))) {
    BinaryOp sum = binaryOf(scaled->other, BinaryKind::Add);
    for (auto [x, cube] : {std::pair(sum ? sum.getA() : Value(), sum ? sum.getB() : Value()), std::pair(sum ? sum.getB() : Value(), sum ? sum.getA() : Value())}) {
      if (x && x.getType() == u.getType() && powerOf(cube, x, kCubic) == 3) {
        return x;
      }
    }
  }
  BinaryOp product = u ? binaryOf(u, BinaryKind::Mul) : BinaryOp();
  for (auto [left, right] : {std::pair(product ? product.getA() : Value(), product ? product.getB() : Value()), std::pair(product ? product.getB() : Value(), product ? product.getA() : Value())}) {
    std::optional<Scaled> x = left ? scaledBy(left) : std::nullopt, sum = left ? withScalar(right, BinaryKind::Add) : std::nullopt;
    if (x && sum && sum->scalar == 1 && isNumber(x->scalar, kRoot, elementOf(u)) && powerOf(sum->other, x->other, kCubic) == 2) {
      return x->other;
    }
  }
  return {};
}

Value sigmoidGate(Value value) {
  UnaryOp gate = unaryOf(value, UnaryKind::Sigmoid);
  return gate ? Value(gate.getX()) : Value();
}

Value mishGate(Value value) {
  UnaryOp tanh = unaryOf(value, UnaryKind::Tanh), inner = tanh ? unaryOf(tanh.getX(), UnaryKind::Softplus) : UnaryOp();
  return inner ? Value(inner.getX()) : Value();
}

Value sixGate(Value value) {
  UnaryOp clip = unaryOf(value, UnaryKind::Clip);
  std::optional<Scaled> sum = clip && clip.getAlpha() == 0 && clip.getBeta() == 6 ? withScalar(clip.getX(), BinaryKind::Add) : std::nullopt;
  return sum && sum->scalar == 3 ? sum->other : Value();
}

Value hardSigmoidGate(Value value) {
  UnaryOp gate = unaryOf(value, UnaryKind::HardSigmoid);
  bool fits = gate && isNumber(gate.getAlpha(), 1.0 / 6, elementOf(value)) && gate.getBeta() == 0.5;
  return fits ? Value(gate.getX()) : Value();
}

/// x times a gate times `scale`.
struct Gated {
  UnaryKind kind;
  Value (*gate)(Value);
  double scale;
  bool roundsByItself; // a transcendental gate: the last bit was never exact
};

// All of them: the named function is the same real function, computed with fewer roundings, so that it differs by a few
// units of |x| at most; infinities, NaN and zeros are those of the written product (-inf times a gate of 0 is NaN in
// both). Where the written product overflows before a factor below one brings it back, the function does not.
constexpr Gated kGated[] = {
    {UnaryKind::Gelu, erfGate, 0.5, true},
    {UnaryKind::GeluTanh, tanhGate, 0.5, true},
    {UnaryKind::Silu, sigmoidGate, 1, true},
    {UnaryKind::Mish, mishGate, 1, true},
    {UnaryKind::HardSwish, sixGate, 1.0 / 6, false},
    {UnaryKind::HardSwish, hardSigmoidGate, 1, false},
};

struct Found {
  UnaryKind kind;
  Value x;
};

/// The factors of the product that `root` is, opened through products and constant factors.
void openProduct(Value root, SmallVectorImpl<Value> &factors) {
  factors.push_back(root);
  for (size_t i = 0; i < factors.size() && factors.size() <= kMostNodes; ++i) {
    if (std::optional<Scaled> scaled = scaledBy(factors[i])) {
      factors.push_back(scaled->other);
    } else if (BinaryOp product = binaryOf(factors[i], BinaryKind::Mul)) {
      factors.append({product.getA(), product.getB()});
    }
  }
}

std::optional<Found> gated(Operation *op) {
  Value root = op->getResult(0);
  SmallVector<Value> candidates;
  openProduct(root, candidates);
  for (Value gate : candidates) {
    for (const Gated &row : kGated) {
      Value x = gate == root ? Value() : row.gate(gate);
      Factors factors;
      if (x && x.getType() == root.getType() && collect(root, gate, x, factors) && factors.gates == 1 && factors.xs == 1 &&
          isNumber(factors.scale, row.scale, elementOf(root)) && (row.roundsByItself || !feedsDiscrete(root))) {
        return Found{row.kind, x};
      }
    }
  }
  return std::nullopt;
}

/// x / (1 + |x|), the definition of softsign with one rounding less.
std::optional<Found> softsign(Operation *op) {
  BinaryOp quotient = binaryOf(op->getResult(0), BinaryKind::Div);
  std::optional<Scaled> sum = quotient ? withScalar(quotient.getB(), BinaryKind::Add) : std::nullopt;
  UnaryOp magnitude = sum && sum->scalar == 1 ? unaryOf(sum->other, UnaryKind::Abs) : UnaryOp();
  bool fits = magnitude && magnitude.getX() == quotient.getA() && quotient.getA().getType() == quotient.getType() && !feedsDiscrete(quotient);
  return fits ? std::optional(Found{UnaryKind::Softsign, magnitude.getX()}) : std::nullopt;
}

struct RecognizeActivationsPass : impl::RecognizeActivationsPassBase<RecognizeActivationsPass> {
  void runOnOperation() override {
    for (Block &block : getOperation().getBody()) {
      // From the back, so that the whole function is seen before its parts.
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
        if (op.use_empty() && isa<UnaryOp, BinaryOp>(op)) {
          op.erase();
          continue;
        }
        auto type = isa<BinaryOp>(op) ? dyn_cast<RankedTensorType>(op.getResult(0).getType()) : nullptr;
        if (!type || !isa<FloatType>(type.getElementType())) {
          continue;
        }
        std::optional<Found> found = gated(&op);
        found = found ? found : softsign(&op);
        if (found) {
          OpBuilder builder(&op);
          auto kind = UnaryKindAttr::get(&getContext(), found->kind);
          auto zero = builder.getF64FloatAttr(0);
          Value unary = UnaryOp::create(builder, op.getLoc(), type, kind, found->x, zero, zero);
          op.getResult(0).replaceAllUsesWith(unary);
          op.erase();
        }
      }
    }
  }
};

} // namespace
} // namespace ncc::fuse

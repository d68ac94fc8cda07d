// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Unary functions and activations.
#include "compiler/frontend/onnx/Handlers.h"
#include "dialects/graph/Constants.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ncc::frontend {

using graph::BinaryKind;
using graph::UnaryKind;

/// ONNX operators that are one graph.unary without parameters.
template <UnaryKind kind>
static LogicalResult plain(NodeContext &node) {
  return node.needInputs(1, 1) ? node.result(node.unary(kind, node.input(0))) : failure();
}

/// The same with `alpha` and `beta` attributes, whose defaults the table gives.
struct Parametrised {
  const char *op;
  UnaryKind kind;
  const char *alphaName;
  double alpha;
  const char *betaName;
  double beta;
};
static constexpr Parametrised kParametrised[] = {
    {"LeakyRelu", UnaryKind::LeakyRelu, "alpha", 0.01, nullptr, 0},
    {"Elu", UnaryKind::Elu, "alpha", 1.0, nullptr, 0},
    {"Celu", UnaryKind::Celu, "alpha", 1.0, nullptr, 0},
    {"Selu", UnaryKind::Selu, "alpha", 1.67326319217681884765625, "gamma", 1.05070102214813232421875},
    {"HardSigmoid", UnaryKind::HardSigmoid, "alpha", 0.2, "beta", 0.5},
    {"ThresholdedRelu", UnaryKind::ThresholdedRelu, "alpha", 1.0, nullptr, 0},
    {"Shrink", UnaryKind::Shrink, "bias", 0.0, "lambd", 0.5},
};

static LogicalResult parametrised(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  for (const Parametrised &row : kParametrised) {
    if (node.opType() == row.op) {
      double alpha = node.attrFloat(row.alphaName, row.alpha);
      double beta = row.betaName ? node.attrFloat(row.betaName, row.beta) : 0;
      // Selu-1 had rounder defaults than Selu-6.
      if (node.opType() == "Selu" && node.opset() < 6) {
        alpha = node.attrFloat("alpha", 1.6732);
        beta = node.attrFloat("gamma", 1.0507);
      }
      return node.result(node.unary(row.kind, node.input(0), alpha, row.betaName ? std::optional(beta) : std::nullopt));
    }
  }
  return node.fail("unknown activation");
}

static LogicalResult gelu(NodeContext &node) {
  std::string form = node.attrString("approximate", "none");
  if (form != "none" && form != "tanh") {
    return node.fail("approximate = '" + form + "' is not a form of Gelu");
  }
  return node.result(node.unary(form == "tanh" ? UnaryKind::GeluTanh : UnaryKind::Gelu, node.input(0)));
}

static LogicalResult swish(NodeContext &node) {
  double alpha = node.attrFloat("alpha", 1.0);
  Value x = node.input(0);
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  if (alpha == 1.0) {
    return node.result(node.unary(UnaryKind::Silu, x));
  }
  return node.result(node.mul(x, node.unary(UnaryKind::Sigmoid, node.mul(x, node.scalarLike(x, alpha)))));
}

/// x * sigmoid(alpha * x) of com.microsoft.
static LogicalResult quickGelu(NodeContext &node) {
  Value x = node.input(0);
  Value scaled = node.mul(x, node.scalarLike(x, node.attrFloat("alpha", 1.702)));
  return node.result(node.mul(x, node.unary(UnaryKind::Sigmoid, scaled)));
}

static LogicalResult biasGelu(NodeContext &node) {
  return node.needInputs(2, 2) ? node.result(node.unary(UnaryKind::Gelu, node.add(node.input(0), node.input(1))))
                               : failure();
}

static LogicalResult fastGelu(NodeContext &node) {
  Value x = node.has(1) ? node.add(node.input(0), node.input(1)) : node.input(0);
  return node.result(node.unary(UnaryKind::GeluTanh, x));
}

static LogicalResult clipAttributes(NodeContext &node) {
  double low = node.attrFloat("min", -std::numeric_limits<double>::infinity());
  double high = node.attrFloat("max", std::numeric_limits<double>::infinity());
  return node.needInputs(1, 1) ? node.result(node.unary(UnaryKind::Clip, node.input(0), low, high)) : failure();
}

/// Absent, or a constant that the attribute of a clip can be: no NaN, no integer beyond what a double holds.
static bool isPlainBound(NodeContext &node, size_t i) {
  std::optional<Tensor> bound = node.has(i) ? graph::constantTensor(node.input(i)) : std::nullopt;
  if (!bound || bound->size() != 1 || bound->dtype() == DType::String) {
    return !node.has(i);
  }
  if (isFloat(bound->dtype())) {
    return !std::isnan(bound->asDouble(0));
  }
  constexpr int64_t most = int64_t{1} << 53;
  return bound->asInt(0) >= (bound->dtype() == DType::U64 ? 0 : -most) && bound->asInt(0) <= most;
}

static LogicalResult clipInputs(NodeContext &node) {
  if (!node.needInputs(1, 3)) {
    return failure();
  }
  if (!isPlainBound(node, 1) || !isPlainBound(node, 2)) {
    Value x = node.input(0);
    x = node.has(1) ? node.binary(BinaryKind::Max, x, node.input(1)) : x;
    return node.result(node.has(2) ? node.binary(BinaryKind::Min, x, node.input(2)) : x);
  }
  double low = -std::numeric_limits<double>::infinity(), high = -low;
  if (node.has(1)) {
    std::optional<double> value = node.constFloat(1, "min");
    if (!value) {
      return failure();
    }
    low = *value;
  }
  if (node.has(2)) {
    std::optional<double> value = node.constFloat(2, "max");
    if (!value) {
      return failure();
    }
    high = *value;
  }
  if (low > high) { // ONNX: the upper bound wins
    low = high;
  }
  return node.result(node.unary(UnaryKind::Clip, node.input(0), low, high));
}

static LogicalResult isInf(NodeContext &node) {
  return node.result(node.unary(UnaryKind::IsInf, node.input(0), node.attrInt("detect_negative", 1),
                                node.attrInt("detect_positive", 1)));
}

static LogicalResult prelu(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value x = node.input(0), slope = node.input(1);
  // Before opset 7 a vector slope lies along the channels.
  if (node.opset() < 7 && node.rankOf(slope) == 1 && node.rankOf(x) > 2 && node.dimsOf(slope)[0] > 1) {
    slope = node.channelVector(slope, node.rankOf(x));
  }
  return node.result(node.binary(BinaryKind::Prelu, x, slope));
}

void addActivationHandlers(HandlerTable &table) {
  table.add("Abs", 1, plain<UnaryKind::Abs>);
  table.add("Neg", 1, plain<UnaryKind::Neg>);
  table.add("Exp", 1, plain<UnaryKind::Exp>);
  table.add("Log", 1, plain<UnaryKind::Log>);
  table.add("Sqrt", 1, plain<UnaryKind::Sqrt>);
  table.add("Reciprocal", 1, plain<UnaryKind::Reciprocal>);
  table.add("Relu", 1, plain<UnaryKind::Relu>);
  table.add("Sigmoid", 1, plain<UnaryKind::Sigmoid>);
  table.add("Tanh", 1, plain<UnaryKind::Tanh>);
  table.add("Erf", 9, plain<UnaryKind::Erf>);
  table.add("Softplus", 1, plain<UnaryKind::Softplus>);
  table.add("Softsign", 1, plain<UnaryKind::Softsign>);
  table.add("Mish", 18, plain<UnaryKind::Mish>);
  table.add("HardSwish", 14, plain<UnaryKind::HardSwish>);
  table.add("Sign", 9, plain<UnaryKind::Sign>);
  table.add("Sin", 7, plain<UnaryKind::Sin>);
  table.add("Cos", 7, plain<UnaryKind::Cos>);
  table.add("Tan", 7, plain<UnaryKind::Tan>);
  table.add("Asin", 7, plain<UnaryKind::Asin>);
  table.add("Acos", 7, plain<UnaryKind::Acos>);
  table.add("Atan", 7, plain<UnaryKind::Atan>);
  table.add("Sinh", 9, plain<UnaryKind::Sinh>);
  table.add("Cosh", 9, plain<UnaryKind::Cosh>);
  table.add("Asinh", 9, plain<UnaryKind::Asinh>);
  table.add("Acosh", 9, plain<UnaryKind::Acosh>);
  table.add("Atanh", 9, plain<UnaryKind::Atanh>);
  table.add("Floor", 1, plain<UnaryKind::Floor>);
  table.add("Ceil", 1, plain<UnaryKind::Ceil>);
  table.add("Round", 11, plain<UnaryKind::Round>);
  table.add("IsNaN", 9, plain<UnaryKind::IsNan>);
  table.add("Not", 1, plain<UnaryKind::LogicalNot>);
  table.add("BitwiseNot", 18, plain<UnaryKind::BitwiseNot>);
  for (const Parametrised &row : kParametrised) {
    table.add(row.op, 1, parametrised);
  }
  table.add("Gelu", 20, gelu);
  table.add("Gelu", 1, gelu, kMicrosoft);
  table.add("QuickGelu", 1, quickGelu, kMicrosoft);
  table.add("BiasGelu", 1, biasGelu, kMicrosoft);
  table.add("FastGelu", 1, fastGelu, kMicrosoft);
  table.add("Swish", 24, swish);
  table.add("Clip", 1, clipAttributes);
  table.add("Clip", 11, clipInputs);
  table.add("IsInf", 10, isInf);
  table.add("PRelu", 1, prelu);
}

} // namespace ncc::frontend

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Binary arithmetic, comparison, logic, Where and casts.
#include "compiler/frontend/onnx/Handlers.h"
#include "dialects/graph/ValueTypes.h"

#include "compiler/frontend/onnx/Model.h"

using namespace mlir;

namespace ncc::frontend {

using graph::BinaryKind;
using graph::CompareKind;
using graph::UnaryKind;

/// Before opset 7, `broadcast = 1` aligned b's dims with a's from `axis` on (default: at the end).
static Value legacyBroadcast(NodeContext &node, Value a, Value b) {
  if (node.opset() >= 7 || node.attrInt("broadcast", 0) == 0) {
    return b;
  }
  int64_t rankA = node.rankOf(a), rankB = node.rankOf(b), axis = rankA - rankB;
  if (node.hasAttr("axis")) {
    std::optional<int64_t> given = node.axis(node.attrInt("axis", 0), rankA);
    if (!given) {
      return {};
    }
    axis = *given;
  }
  if (axis < 0 || axis + rankB > rankA) {
    return node.OpBuilding::fail("axis does not align the second operand with the first");
  }
  Ints dims(node.dimsOf(b));
  dims.append(rankA - axis - rankB, 1);
  return node.reshape(b, dims);
}

template <BinaryKind kind>
static LogicalResult binary(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value a = node.input(0);
  return node.result(node.binary(kind, a, legacyBroadcast(node, a, node.input(1))));
}

/// Max, Min, Sum: any number of operands.
template <BinaryKind kind>
static LogicalResult variadic(NodeContext &node) {
  if (!node.needInputs(node.numInputs()) || !node.needInputs(1)) {
    return failure();
  }
  Value result = node.input(0);
  for (size_t i = 1; i < node.numInputs(); ++i) {
    result = node.binary(kind, result, node.input(i));
  }
  return node.result(result);
}

static LogicalResult mean(NodeContext &node) {
  if (!node.needInputs(node.numInputs()) || !node.needInputs(1)) {
    return failure();
  }
  Value sum = node.input(0);
  for (size_t i = 1; i < node.numInputs(); ++i) {
    sum = node.add(sum, node.input(i));
  }
  return node.result(node.div(sum, node.scalarLike(sum, static_cast<double>(node.numInputs()))));
}

static LogicalResult power(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value base = node.input(0), exponent = legacyBroadcast(node, base, node.input(1));
  if (!exponent) {
    return failure();
  }
  Type type = node.elementOf(base), other = node.elementOf(exponent);
  if (type == other) {
    return node.result(node.binary(BinaryKind::Pow, base, exponent));
  }
  // The result has the base's type; an integer base with a real exponent is computed in f32.
  Type common = isa<FloatType>(type) || isa<IntegerType>(other) ? type : Type(Float32Type::get(node.context()));
  Value result = node.binary(BinaryKind::Pow, node.cast(base, common), node.cast(exponent, common));
  return node.result(node.cast(result, type));
}

static LogicalResult mod(NodeContext &node) {
  bool truncated = node.attrInt("fmod", 0) != 0;
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  if (!truncated && isa<FloatType>(node.elementOf(node.input(0)))) {
    if (node.opset() >= 13) {
      return node.fail("floats need fmod = 1");
    }
    Value a = node.input(0), b = node.input(1); // the sign of the divisor
    return node.result(node.sub(a, node.mul(node.unary(UnaryKind::Floor, node.div(a, b)), b)));
  }
  return node.result(node.binary(truncated ? BinaryKind::Fmod : BinaryKind::Mod, node.input(0), node.input(1)));
}

static LogicalResult bitShift(NodeContext &node) {
  std::string direction = node.attrString("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    return node.fail("direction must be LEFT or RIGHT");
  }
  return node.needInputs(2, 2) ? node.result(node.binary(direction == "LEFT" ? BinaryKind::Shl : BinaryKind::Shr,
                                                         node.input(0), node.input(1)))
                               : failure();
}

template <CompareKind kind>
static LogicalResult compare(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value a = node.input(0), b = legacyBroadcast(node, a, node.input(1));
  return node.result(node.compare(kind, a, b));
}

static LogicalResult where(NodeContext &node) {
  return node.needInputs(3, 3) ? node.result(node.select(node.input(0), node.input(1), node.input(2))) : failure();
}

static LogicalResult convertTo(NodeContext &node, Type element) {
  std::string rounding = node.attrString("round_mode", "up");
  if (rounding != "up" && rounding != "down" && rounding != "nearest") {
    return node.fail("round_mode '" + rounding + "' is not up, down or nearest");
  }
  if (node.elementOf(node.input(0)) == element) {
    return node.result(node.input(0));
  }
  Value x = node.input(0);
  if (bool sign = element.isSignlessInteger(4); node.opset() < 24 && (sign || element.isUnsignedInteger(4)) && isa<FloatType>(node.elementOf(x))) {
    x = node.unary(UnaryKind::Clip, x, sign ? -8.0 : 0.0, sign ? 7.0 : 15.0); // later versions keep the low bits
  }
  if (isa<Float4E2M1FNType>(element) && node.opset() < 24 && isa<FloatType>(node.elementOf(x))) {
    x = node.select(node.unary(UnaryKind::IsNan, x), node.scalarLike(x, 6), x); // and NaN, which the type lacks, is zero
  }
  if (x && !graph::isStaticTensor(x.getType())) {
    ops::Attributes attributes;
    attributes.set("to", std::string(dtypeName(graph::dtypeOf(element).value_or(DType::F32))));
    attributes.set("saturate", node.attrInt("saturate", 1));
    attributes.set("round_mode", rounding);
    return node.result(node.hostOne("cast", x, attributes));
  }
  graph::CastOp::Properties properties;
  properties.saturate = node.flag(node.attrInt("saturate", 1) != 0);
  properties.round_mode = rounding == "up" ? nullptr : node.attrs().getStringAttr(rounding);
  return node.result(
      x ? node.one<graph::CastOp>(x, properties, RankedTensorType::get(node.dimsOf(x), element)) : Value());
}

static LogicalResult castTo(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  int64_t type = node.attrInt("to", 0);
  if (const onnx::AttributeProto *to = node.attr("to"); to && !to->s().empty()) { // spelled out before opset 6
    static constexpr std::pair<StringLiteral, int> kNames[] = {
        {"FLOAT", 1}, {"UINT8", 2}, {"INT8", 3}, {"UINT16", 4}, {"INT16", 5}, {"INT32", 6}, {"INT64", 7},
        {"STRING", 8}, {"BOOL", 9}, {"FLOAT16", 10}, {"DOUBLE", 11}, {"UINT32", 12}, {"UINT64", 13}};
    type = 0;
    for (const auto &[name, number] : kNames) {
      type = node.attrString("to", "") == name ? number : type;
    }
    if (type == 0) {
      return node.fail("attribute 'to' names no type: '" + node.attrString("to", "") + "'");
    }
  }
  Type element = node.element(type);
  return element ? convertTo(node, element) : failure();
}

static LogicalResult castLike(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  return convertTo(node, node.elementOf(node.input(1)));
}

static LogicalResult identity(NodeContext &node) {
  return node.needInputs(1, 1) ? node.result(node.input(0)) : failure();
}

void addArithmeticHandlers(HandlerTable &table) {
  table.add("Add", 1, binary<BinaryKind::Add>);
  table.add("Sub", 1, binary<BinaryKind::Sub>);
  table.add("Mul", 1, binary<BinaryKind::Mul>);
  table.add("Div", 1, binary<BinaryKind::Div>);
  table.add("And", 1, binary<BinaryKind::LogicalAnd>);
  table.add("Or", 1, binary<BinaryKind::LogicalOr>);
  table.add("Xor", 1, binary<BinaryKind::LogicalXor>);
  table.add("BitwiseAnd", 18, binary<BinaryKind::BitAnd>);
  table.add("BitwiseOr", 18, binary<BinaryKind::BitOr>);
  table.add("BitwiseXor", 18, binary<BinaryKind::BitXor>);
  table.add("BitShift", 11, bitShift);
  table.add("Max", 1, variadic<BinaryKind::Max>);
  table.add("Min", 1, variadic<BinaryKind::Min>);
  table.add("Sum", 1, variadic<BinaryKind::Add>);
  table.add("Mean", 1, mean);
  table.add("Pow", 1, power);
  table.add("Mod", 10, mod);
  table.add("Equal", 1, compare<CompareKind::Eq>);
  table.add("Less", 1, compare<CompareKind::Lt>);
  table.add("LessOrEqual", 12, compare<CompareKind::Le>);
  table.add("Greater", 1, compare<CompareKind::Gt>);
  table.add("GreaterOrEqual", 12, compare<CompareKind::Ge>);
  table.add("Where", 9, where);
  table.add("Cast", 1, castTo);
  table.add("CastLike", 15, castLike);
  table.add("Identity", 1, identity);
}

} // namespace ncc::frontend

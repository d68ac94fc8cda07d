// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Quantization: QDQ nodes, and integer operators as integer products followed by a requantization.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/DynamicQuantize.h"
#include "compiler/frontend/onnx/ops/Window.h"
#include "dialects/graph/ValueTypes.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

using graph::ReduceKind;
using graph::UnaryKind;

static Value scalarOf(NodeContext &node, Value x) {
  return x && node.typeOf(x).getNumElements() == 1 ? node.reshape(x, {}) : x;
}

/// scale and zero point as graph.quantize wants them.
template <typename OpT>
static Value convert(NodeContext &node, Value x, Value scale, Value zero, int64_t axis, int64_t block, Type element) {
  if (!x || !scale) {
    return {};
  }
  if (!graph::isStaticTensor(x.getType())) {
    ops::Attributes attributes;
    attributes.set("axis", axis);
    attributes.set("block_size", block);
    attributes.set("to", std::string(dtypeName(graph::dtypeOf(element).value_or(DType::F32))));
    return node.hostOne(OpT::getOperationName().drop_front(sizeof("graph.") - 1), {x, scale, zero}, attributes);
  }
  typename OpT::Properties properties;
  properties.axis = node.intAttr(axis);
  properties.block_size = node.intAttr(block);
  SmallVector<Value> operands{x, scalarOf(node, scale)};
  if (zero) {
    operands.push_back(scalarOf(node, zero));
  }
  return node.one<OpT>(operands, properties, RankedTensorType::get(node.dimsOf(x), element));
}
static Value quantize(NodeContext &node, Value x, Value scale, Value zero, int64_t axis = 1, int64_t block = 0) {
  return zero ? convert<graph::QuantizeOp>(node, x, scale, zero, axis, block, node.elementOf(zero)) : Value();
}
static Value dequantize(NodeContext &node, Value x, Value scale, Value zero, int64_t axis = 1, int64_t block = 0) {
  return scale ? convert<graph::DequantizeOp>(node, x, scale, zero, axis, block, node.elementOf(scale)) : Value();
}

static std::optional<int64_t> scaleAxis(NodeContext &node) {
  if (node.rankOf(node.input(1)) == 0 || node.typeOf(node.input(1)).getNumElements() == 1) {
    return 0;
  }
  return node.axis(node.attrInt("axis", 1), node.rankOf(node.input(0)));
}

static LogicalResult quantizeLinear(NodeContext &node) {
  std::optional<int64_t> axis = node.needInputs(2, 3) ? scaleAxis(node) : std::nullopt;
  if (!axis) {
    return failure();
  }
  int64_t type = node.attrInt("output_dtype", 0), block = node.attrInt("block_size", 0);
  Type element = node.has(2) ? node.elementOf(node.input(2)) : node.element(type ? type : 2);
  if (element && node.attrInt("saturate", 1) == 0 && isa<FloatType>(element) && block == 0) { // 8-bit floats: their zero point is 0
    Value scale = node.input(1);
    if (node.rankOf(scale) == 1 && node.dimsOf(scale)[0] != 1) {
      Ints dims(node.rankOf(node.input(0)), 1);
      dims[*axis] = node.dimsOf(scale)[0];
      scale = node.reshape(scale, dims);
    }
    return node.result(node.cast(node.div(node.input(0), scalarOf(node, scale)), element, false));
  }
  return element ? node.result(convert<graph::QuantizeOp>(node, node.input(0), node.input(1), node.input(2), *axis,
                                                          block, element))
                 : failure();
}

static LogicalResult dequantizeLinear(NodeContext &node) {
  std::optional<int64_t> axis = node.needInputs(2, 3) ? scaleAxis(node) : std::nullopt;
  if (!axis) {
    return failure();
  }
  Type element = node.elementOf(node.input(1));
  if (int64_t type = node.attrInt("output_dtype", 0)) {
    element = node.element(type);
  }
  return element ? node.result(convert<graph::DequantizeOp>(node, node.input(0), node.input(1), node.input(2), *axis,
                                                            node.attrInt("block_size", 0), element))
                 : failure();
}

DynamicScale dynamicScale(NodeContext &node, Value x) {
  Value zero = node.scalarLike(x, 0);
  Ints axes;
  for (int64_t i = 0; i < node.rankOf(x); ++i) {
    axes.push_back(i);
  }
  Value high = node.binary(graph::BinaryKind::Max, node.reduce(ReduceKind::Max, x, axes, false), zero);
  Value low = node.binary(graph::BinaryKind::Min, node.reduce(ReduceKind::Min, x, axes, false), zero);
  Value scale = node.div(node.sub(high, low), node.scalarLike(x, 255));
  Value point = scale ? node.unary(UnaryKind::Round, node.unary(UnaryKind::Neg, node.div(low, scale))) : Value();
  return {scale, scale ? node.unary(UnaryKind::Clip, point, 0.0, 255.0) : Value()};
}

static LogicalResult dynamicQuantize(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  auto [scale, point] = dynamicScale(node, x);
  if (!scale) {
    return failure();
  }
  point = node.cast(point, IntegerType::get(node.context(), 8, IntegerType::Unsigned));
  return node.results({quantize(node, x, scale, point), scale, point});
}

//===--- integer products ---===//

/// The one value of a constant zero point (0 when absent); nothing when it varies or is computed at run time.
static std::optional<int64_t> uniformZero(Value zero) {
  if (!zero) {
    return 0;
  }
  std::optional<Tensor> tensor = graph::constantTensor(zero);
  if (!tensor || tensor->size() == 0) {
    return std::nullopt;
  }
  for (int64_t i = 1; i < tensor->size(); ++i) {
    if (tensor->asInt(i) != tensor->asInt(0)) {
      return std::nullopt;
    }
  }
  return tensor->asInt(0);
}

/// (a - za)(b - zb) as i32. Zero points that are known at run time only, or vary by row of a or column of b, are taken off through
/// sums: ab - za sum_k b - zb sum_k a + k za zb.
static Value integerMatmul(NodeContext &node, Value a, Value b, Value za, Value zb) {
  std::optional<int64_t> pointA = uniformZero(za), pointB = uniformZero(zb);
  Type wide = IntegerType::get(node.context(), 32);
  if ((pointA && pointB) || node.rankOf(a) < 2 || node.rankOf(b) < 2) {
    return pointA && pointB ? node.matmul(a, b, false, false, *pointA, *pointB)
                            : node.OpBuilding::fail("zero points that vary, or are known at run time only, need matrices");
  }
  auto wideZero = [&](Value zero, bool rows) { // one per row of a, or per column of b
    Value z = zero ? node.cast(scalarOf(node, zero), wide) : Value();
    return z && rows && node.rankOf(z) == 1 ? node.reshape(z, {node.dimsOf(z)[0], 1}) : z;
  };
  Value y = node.matmul(a, b, false, false, pointA.value_or(0), pointB.value_or(0));
  Value rows = wideZero(pointA ? Value() : za, true), columns = wideZero(pointB ? Value() : zb, false);
  auto ones = [&](Value like, IntsRef dims) { return node.splat(RankedTensorType::get(dims, node.elementOf(like)), 1); };
  int64_t length = graph::isStaticTensor(b.getType()) ? node.dimsOf(b).drop_back().back() : node.dimsOf(a).back();
  if (rows && y) { // sums are products with ones
    y = node.sub(y, node.mul(rows, node.matmul(ones(a, {1, length}), b, false, false, 0, pointB.value_or(0))));
  }
  if (columns && y) {
    y = node.sub(y, node.mul(columns, node.matmul(a, ones(b, {length, 1}), false, false, pointA.value_or(0), 0)));
  }
  if (rows && columns && y) {
    y = node.add(y, node.mul(node.mul(rows, columns), node.scalarLike(y, static_cast<double>(length))));
  }
  return y;
}

static LogicalResult matmulInteger(NodeContext &node) {
  return node.needInputs(2, 4) ? node.result(integerMatmul(node, node.input(0), node.input(1), node.input(2),
                                                           node.input(3)))
                               : failure();
}

/// A 16-bit scale as f32.
static Value wideScale(NodeContext &node, Value scale) {
  Type type = scale ? node.elementOf(scale) : Type();
  return type && type.isIntOrFloat() && type.getIntOrFloatBitWidth() == 16 ? node.cast(scale, Float32Type::get(node.context())) : scale;
}

/// acc * (scale / yScale), rounded once: the order of operations of ONNX Runtime's integer kernels.
static Value requantize(NodeContext &node, Value acc, Value scale, Value yScale, Value yZero, int64_t axis) {
  Value y = scale && yScale ? node.div(scale, scalarOf(node, wideScale(node, yScale))) : Value();
  Value real = dequantize(node, acc, y, nullptr, axis);
  return real ? quantize(node, real, node.scalarLike(real, 1.0), yZero) : Value();
}

static LogicalResult qlinearMatMul(NodeContext &node) {
  if (!node.needInputs(8, 8)) {
    return failure();
  }
  Value product = integerMatmul(node, node.input(0), node.input(3), node.input(2), node.input(5));
  if (!product) {
    return failure();
  }
  Value scaleA = scalarOf(node, wideScale(node, node.input(1))), scaleB = scalarOf(node, wideScale(node, node.input(4)));
  Type real = node.elementOf(scaleA);
  if (node.rankOf(scaleA) == 0 && node.rankOf(scaleB) <= 1) {
    return node.result(requantize(node, product, node.mul(scaleA, scaleB), node.input(6), node.input(7),
                                  node.rankOf(product) - 1));
  }
  if (node.rankOf(scaleA) == 1) { // one scale per row
    scaleA = node.reshape(scaleA, {node.dimsOf(scaleA)[0], 1});
  }
  Value y = node.mul(node.mul(node.cast(product, real), scaleA), scaleB);
  return node.result(quantize(node, y, wideScale(node, node.input(6)), node.input(7)));
}

/// com.microsoft: the product as floats.
static LogicalResult matmulIntegerToFloat(NodeContext &node) {
  if (!node.needInputs(4, 7)) {
    return failure();
  }
  Value product = integerMatmul(node, node.input(0), node.input(1), node.input(4), node.input(5));
  if (!product) {
    return failure();
  }
  Value y = node.mul(node.cast(product, node.elementOf(node.input(2))),
                     node.mul(scalarOf(node, node.input(2)), scalarOf(node, node.input(3))));
  return node.result(node.has(6) ? node.add(y, node.input(6)) : y);
}

static Value integerConvOf(NodeContext &node, Value x, Value w, int64_t zx, int64_t zw, int64_t group, Value bias) {
  std::optional<Window> window = resolveWindow(node, node.dimsOf(x).drop_front(2), node.dimsOf(w).drop_front(2));
  if (!window) {
    return {};
  }
  graph::ConvOp::Properties properties;
  properties.strides = node.intsAttr(window->strides);
  properties.pads = node.intsAttr(window->pads);
  properties.dilations = node.intsAttr(window->dilations);
  properties.group = node.intAttr(group);
  properties.x_zero_point = node.intAttr(zx);
  properties.w_zero_point = node.intAttr(zw);
  SmallVector<Value> operands{x, w};
  if (bias) {
    operands.push_back(bias);
  }
  return node.one<graph::ConvOp>(operands, properties);
}

static Value onesLike(NodeContext &node, Value x, IntsRef dims) {
  return node.splat(RankedTensorType::get(dims, node.elementOf(x)), 1);
}

/// A window's sum over the channels of each group, [N, M or 1, ...]: a convolution with ones.
static Value windowSums(NodeContext &node, Value x, Value w, int64_t group) {
  Ints dims(node.dimsOf(w));
  int64_t maps = dims[0];
  dims[0] = group;
  Value sums = integerConvOf(node, x, onesLike(node, w, dims), 0, 0, group, nullptr);
  if (!sums || group == 1 || group == maps) {
    return sums;
  }
  Ints apart(node.dimsOf(sums)), wide, whole(node.dimsOf(sums)); // one copy for each map of the group
  apart.insert(apart.begin() + 2, 1);
  wide = apart;
  wide[2] = maps / group;
  whole[1] = maps;
  return node.reshape(node.expand(node.reshape(sums, apart), wide), whole);
}

/// Zero points that are known at run time only, or vary over the channels: with the border at the zero point,
/// sum (x - zx)(w - zw) = sum x w - zx sum w - zw sum x + zx zw n, each sum over what lies inside.
static Value shiftedConv(NodeContext &node, Value x, Value w, Value zx, Value zw, int64_t group) {
  Value y = integerConvOf(node, x, w, 0, 0, group, nullptr);
  Value ones = onesLike(node, x, node.dimsOf(x));
  Type wide = IntegerType::get(node.context(), 32);
  zx = zx ? node.cast(scalarOf(node, zx), wide) : zx;
  zw = zw ? node.cast(scalarOf(node, zw), wide) : zw;
  zw = zw && node.rankOf(zw) == 1 ? node.channelVector(zw, node.rankOf(x)) : zw;
  if (zx && y) {
    y = node.sub(y, node.mul(zx, integerConvOf(node, ones, w, 0, 0, group, nullptr)));
  }
  if (zw && y) {
    y = node.sub(y, node.mul(zw, windowSums(node, x, w, group)));
  }
  if (zx && zw && y) {
    y = node.add(y, node.mul(node.mul(zx, zw), windowSums(node, ones, w, group)));
  }
  return y;
}

static Value integerConv(NodeContext &node, Value x, Value w, Value zx, Value zw, Value bias) {
  int64_t group = node.attrInt("group", 1);
  if (node.rankOf(x) < 3 || node.rankOf(w) != node.rankOf(x)) {
    return node.OpBuilding::fail("input and weights need one rank of at least 3");
  }
  std::optional<int64_t> pointX = uniformZero(zx), pointW = uniformZero(zw);
  if (pointX && pointW) {
    return integerConvOf(node, x, w, *pointX, *pointW, group, bias);
  }
  if (group < 1 || node.dimsOf(w)[0] % group != 0 || (zx && node.typeOf(zx).getNumElements() != 1)) {
    return node.OpBuilding::fail("its group does not divide the maps, or its input has several zero points");
  }
  Value y = shiftedConv(node, x, w, zx, zw, group);
  return y && bias ? node.add(y, node.channelVector(bias, node.rankOf(x))) : y;
}

static LogicalResult convInteger(NodeContext &node) {
  return node.needInputs(2, 4) ? node.result(integerConv(node, node.input(0), node.input(1), node.input(2),
                                                         node.input(3), nullptr))
                               : failure();
}

/// com.microsoft's operators may have their channels last: [N, spatial..., C] as [N, C, spatial...], and back.
static Value channelsSecond(NodeContext &node, Value x) {
  if (node.attrInt("channels_last", 0) == 0 || node.rankOf(x) < 3) {
    return x;
  }
  Ints perm{0, node.rankOf(x) - 1};
  for (int64_t d = 1; d < node.rankOf(x) - 1; ++d) {
    perm.push_back(d);
  }
  return node.transpose(x, perm);
}
static Value channelsBack(NodeContext &node, Value y) {
  if (!y || node.attrInt("channels_last", 0) == 0 || node.rankOf(y) < 3) {
    return y;
  }
  Ints perm{0};
  for (int64_t d = 2; d < node.rankOf(y); ++d) {
    perm.push_back(d);
  }
  perm.push_back(1);
  return node.transpose(y, perm);
}

static LogicalResult qlinearConv(NodeContext &node) {
  if (!node.needInputs(8, 9)) {
    return failure();
  }
  Value x = channelsSecond(node, node.input(0));
  Value acc = x ? integerConv(node, x, node.input(3), node.input(2), node.input(5), node.input(8)) : Value();
  Value scale = node.mul(scalarOf(node, node.input(1)), scalarOf(node, node.input(4)));
  return node.result(channelsBack(node, requantize(node, acc, scale, node.input(6), node.input(7), 1)));
}

static LogicalResult qgemm(NodeContext &node) {
  if (!node.needInputs(6, 9)) {
    return failure();
  }
  Value a = node.input(0), b = node.input(3);
  if (node.attrInt("transA", 0) != 0) {
    a = node.transpose(a, {1, 0});
  }
  if (node.attrInt("transB", 0) != 0) {
    b = node.transpose(b, {1, 0});
  }
  Value acc = a && b ? integerMatmul(node, a, b, node.input(2), node.input(5)) : Value();
  acc = acc && node.has(6) ? node.add(acc, node.input(6)) : acc;
  Value scale = node.mul(scalarOf(node, node.input(1)), scalarOf(node, node.input(4)));
  double alpha = node.attrFloat("alpha", 1.0);
  scale = scale && alpha != 1.0 ? node.mul(scale, node.scalarLike(scale, alpha)) : scale;
  Value y = dequantize(node, acc, scale, nullptr, 1);
  return node.result(node.has(7) ? quantize(node, y, node.input(7), node.input(8)) : y);
}

//===--- com.microsoft's quantized elementwise ops: real arithmetic between the conversions ---===//

template <graph::BinaryKind kind>
static LogicalResult qlinearBinary(NodeContext &node) {
  if (!node.needInputs(7, 8)) {
    return failure();
  }
  Value a = dequantize(node, node.input(0), node.input(1), node.input(2));
  Value b = dequantize(node, node.input(3), node.input(4), node.input(5));
  Value zero = node.has(7) ? node.input(7) : node.splat(RankedTensorType::get({}, node.elementOf(node.input(0))), 0);
  return node.result(quantize(node, node.binary(kind, a, b), node.input(6), zero));
}

/// The zero point of an output, 0 of the input's type when absent.
static Value outputZero(NodeContext &node, size_t i) {
  return node.has(i) ? node.input(i) : node.splat(RankedTensorType::get({}, node.elementOf(node.input(0))), 0);
}

static LogicalResult qlinearSigmoid(NodeContext &node) {
  if (!node.needInputs(2, 5)) {
    return failure();
  }
  Value x = dequantize(node, node.input(0), node.input(1), node.input(2));
  return node.result(quantize(node, node.unary(UnaryKind::Sigmoid, x), node.input(3), outputZero(node, 4)));
}

static LogicalResult qlinearLeakyRelu(NodeContext &node) {
  if (!node.needInputs(2, 5)) {
    return failure();
  }
  Value x = dequantize(node, node.input(0), node.input(1), node.input(2));
  x = node.unary(UnaryKind::LeakyRelu, x, node.attrFloat("alpha", 0.01));
  return node.result(quantize(node, x, node.input(3), outputZero(node, 4)));
}

static LogicalResult qlinearSoftmax(NodeContext &node) {
  if (!node.needInputs(2, 5)) {
    return failure();
  }
  Value x = dequantize(node, node.input(0), node.input(1), node.input(2));
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", -1), node.rankOf(node.input(0)));
  if (!axis || !x) {
    return failure();
  }
  return node.result(quantize(node, node.softmax(x, *axis), node.input(3), outputZero(node, 4)));
}

static LogicalResult qlinearGlobalAverage(NodeContext &node) {
  if (!node.needInputs(5, 5)) {
    return failure();
  }
  bool last = node.attrInt("channels_last", 0) != 0;
  Ints axes;
  for (int64_t i = last ? 1 : 2; i < node.rankOf(node.input(0)) - (last ? 1 : 0); ++i) {
    axes.push_back(i);
  }
  Value x = node.reduce(ReduceKind::Mean, dequantize(node, node.input(0), node.input(1), node.input(2)), axes);
  return node.result(quantize(node, x, node.input(3), node.input(4)));
}

static LogicalResult qlinearAveragePool(NodeContext &node) {
  if (!node.needInputs(4, 5) || node.rankOf(node.input(0)) < 3) {
    return node.fail("needs at least one spatial dim");
  }
  Value image = channelsSecond(node, node.input(0));
  if (!image) {
    return failure();
  }
  IntsRef spatial = node.dimsOf(image).drop_front(2);
  std::optional<Ints> kernel = windowInts(node, "kernel_shape", spatial.size(), 1);
  std::optional<Window> window = kernel ? resolveWindow(node, spatial, *kernel) : std::nullopt;
  if (!window) {
    return failure();
  }
  graph::PoolOp::Properties properties;
  properties.kind = graph::PoolKindAttr::get(node.context(), graph::PoolKind::Average);
  properties.kernel = node.intsAttr(window->kernel);
  properties.strides = node.intsAttr(window->strides);
  properties.pads = node.intsAttr(window->pads);
  properties.dilations = node.intsAttr(window->dilations);
  properties.count_include_pad = node.flag(node.attrInt("count_include_pad", 0) != 0);
  properties.extra = node.intsAttr(window->extra);
  Value x = dequantize(node, image, node.input(1), node.input(2));
  Value y = x ? quantize(node, node.one<graph::PoolOp>(x, properties), node.input(3), outputZero(node, 4)) : Value();
  return node.result(channelsBack(node, y));
}

static LogicalResult qlinearConcat(NodeContext &node) {
  if (!node.needInputs(5) || node.numInputs() % 3 != 2) {
    return node.fail("needs an output scale and zero point, then input, scale, zero point per part");
  }
  SmallVector<Value> parts;
  for (size_t i = 2; i < node.numInputs(); i += 3) {
    parts.push_back(dequantize(node, node.input(i), node.input(i + 1), node.input(i + 2)));
    if (!parts.back()) {
      return failure();
    }
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", 0), node.rankOf(parts.front()));
  return axis ? node.result(quantize(node, node.concat(parts, *axis), node.input(0), node.input(1))) : failure();
}

void addQuantizeHandlers(HandlerTable &table) {
  for (StringRef domain : {StringRef(""), StringRef(kMicrosoft)}) {
    int64_t since = domain.empty() ? 10 : 1;
    table.add("QuantizeLinear", since, quantizeLinear, domain);
    table.add("DequantizeLinear", since, dequantizeLinear, domain);
  }
  table.add("DynamicQuantizeLinear", 11, dynamicQuantize);
  table.add("MatMulInteger", 10, matmulInteger);
  table.add("QLinearMatMul", 10, qlinearMatMul);
  table.add("ConvInteger", 10, convInteger);
  table.add("QLinearConv", 10, qlinearConv);
  table.add("QLinearConv", 1, qlinearConv, kMicrosoft);
  table.add("QGemm", 1, qgemm, kMicrosoft);
  table.add("MatMulIntegerToFloat", 1, matmulIntegerToFloat, kMicrosoft);
  table.add("QLinearAdd", 1, qlinearBinary<graph::BinaryKind::Add>, kMicrosoft);
  table.add("QLinearMul", 1, qlinearBinary<graph::BinaryKind::Mul>, kMicrosoft);
  table.add("QLinearSigmoid", 1, qlinearSigmoid, kMicrosoft);
  table.add("QLinearLeakyRelu", 1, qlinearLeakyRelu, kMicrosoft);
  table.add("QLinearSoftmax", 1, qlinearSoftmax, kMicrosoft);
  table.add("QLinearGlobalAveragePool", 1, qlinearGlobalAverage, kMicrosoft);
  table.add("QLinearAveragePool", 1, qlinearAveragePool, kMicrosoft);
  table.add("QLinearConcat", 1, qlinearConcat, kMicrosoft);
}

} // namespace ncc::frontend

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Experimental operators that ONNX dropped with opset 10 and exporters before wrote, most of them Caffe2's and CoreML's.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using graph::ReduceKind;
using graph::UnaryKind;

Value scaled(NodeContext &node, Value x, double factor) { return node.mul(x, node.scalarLike(x, factor)); }

/// alpha * x + beta.
LogicalResult affine(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  return node.result(node.add(scaled(node, x, node.attrFloat("alpha", 1)), node.scalarLike(x, node.attrFloat("beta", 0))));
}

LogicalResult scale(NodeContext &node) {
  return node.needInputs(1, 1) ? node.result(scaled(node, node.input(0), node.attrFloat("scale", 1))) : failure();
}

/// alpha * f(beta * x).
template <UnaryKind kind>
LogicalResult scaledFunction(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value inner = node.unary(kind, scaled(node, node.input(0), node.attrFloat("beta", 1)));
  return node.result(scaled(node, inner, node.attrFloat("alpha", 1)));
}

/// scale * x, and a bias for each channel.
LogicalResult imageScaler(NodeContext &node) {
  if (!node.needInputs(1, 1) || node.rankOf(node.input(0)) != 4) {
    return node.fail("needs an image [N,C,H,W]");
  }
  Value x = node.input(0), y = scaled(node, x, node.attrFloat("scale", 1));
  if (!node.hasAttr("bias")) {
    return node.result(y);
  }
  SmallVector<double> bias = node.attrFloats("bias");
  Tensor vector(DType::F32, {static_cast<int64_t>(bias.size())});
  for (size_t i = 0; i < bias.size(); ++i) {
    vector.setDouble(static_cast<int64_t>(i), bias[i]);
  }
  if (node.dimsOf(x)[1] != vector.size()) {
    return node.fail(absl::StrCat("has ", vector.size(), " biases for ", node.dimsOf(x)[1], " channels"));
  }
  return node.result(node.add(y, node.channelVector(node.cast(node.constant(vector, "bias"), node.elementOf(x)), 4)));
}

/// border: left, top, right, bottom; with a scale (height, width) only the first two count.
LogicalResult crop(NodeContext &node) {
  Ints border = node.attrInts("border"), size = node.attrInts("scale");
  if (!node.needInputs(1, 1) || node.rankOf(node.input(0)) != 4 || border.size() != 4 || (!size.empty() && size.size() != 2)) {
    return node.fail("needs an image [N,C,H,W], a border of four sizes and a scale of none or two");
  }
  IntsRef dims = node.dimsOf(node.input(0));
  auto inside = [&](size_t i) { return border[i] >= 0 && border[i] <= dims[i % 2 == 0 ? 3 : 2]; };
  bool fits = inside(0) && inside(1) && (!size.empty() || (inside(2) && inside(3)));
  if (fits && size.empty()) {
    size = {dims[2] - border[1] - border[3], dims[3] - border[0] - border[2]};
  }
  if (!fits || size[0] < 1 || size[1] < 1 || size[0] > dims[2] - border[1] || size[1] > dims[3] - border[0]) {
    return node.fail(absl::StrCat("the part it keeps is not inside an image of ", dims[2], " by ", dims[3]));
  }
  return node.result(node.slice(node.input(0), {0, 0, border[1], border[0]}, {dims[0], dims[1], size[0], size[1]}, {1, 1, 1, 1}));
}

/// The dims a fill has: an attribute, the input's values or the input's own dims; behind the latter two, extra ones.
std::optional<Ints> filledDims(NodeContext &node) {
  if (node.hasAttr("shape") || !node.has(0)) {
    return node.attrInts("shape");
  }
  std::optional<Ints> dims = node.attrInt("input_as_shape", 0) != 0 ? node.constInts(0, "shape") : std::optional(Ints(node.dimsOf(node.input(0))));
  if (dims) {
    llvm::append_range(*dims, node.attrInts("extra_shape"));
  }
  return dims;
}

LogicalResult constantFill(NodeContext &node) {
  std::optional<Ints> dims = node.needInputs(0, 1) ? filledDims(node) : std::nullopt;
  Type element = dims ? node.element(node.attrInt("dtype", 1)) : Type();
  std::optional<DType> dtype = element ? graph::dtypeOf(element) : std::nullopt;
  if (!dtype) {
    return failure();
  }
  if (llvm::any_of(*dims, [](int64_t dim) { return dim < 0; })) {
    return node.fail("a dim of its shape is negative");
  }
  return node.canMake(*dtype, *dims) ? node.result(node.splat(RankedTensorType::get(*dims, element), node.attrFloat("value", 0))) : failure();
}

LogicalResult givenTensorFill(NodeContext &node) {
  std::optional<Ints> dims = node.needInputs(0, 1) ? filledDims(node) : std::nullopt;
  if (!dims) {
    return failure();
  }
  SmallVector<double> values = node.attrFloats("values");
  Tensor flat(DType::F32, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    flat.setDouble(static_cast<int64_t>(i), values[i]);
  }
  return node.result(node.reshape(node.constant(flat, "values"), *dims));
}

/// Statistics over the batch and the image, per channel or over channels too.
LogicalResult meanVariance(NodeContext &node) {
  if (!node.needInputs(1, 1) || node.rankOf(node.input(0)) != 4) {
    return node.fail("needs an image [N,C,H,W]");
  }
  Value x = node.input(0);
  Ints axes = node.attrInt("across_channels", 0) != 0 ? Ints{0, 1, 2, 3} : Ints{0, 2, 3};
  Value centered = node.sub(x, node.reduce(ReduceKind::Mean, x, axes));
  if (!centered || node.attrInt("normalize_variance", 1) == 0) {
    return node.result(centered);
  }
  Value variance = node.reduce(ReduceKind::Mean, node.mul(centered, centered), axes);
  return node.result(node.div(centered, node.add(node.unary(UnaryKind::Sqrt, variance), node.scalarLike(x, 1e-9))));
}

/// One step of Caffe2's GRU on gates that already hold the previous state's part. Rows whose sequence has ended keep their state.
LogicalResult gruUnit(NodeContext &node) {
  if (!node.needInputs(4, 4)) {
    return failure();
  }
  Value state = node.input(0), gates = node.input(1);
  int64_t rank = node.rankOf(state), last = rank - 1;
  if (rank < 2 || node.rankOf(gates) != rank || node.dimsOf(gates)[last] != 3 * node.dimsOf(state)[last]) {
    return node.fail("needs a state [.., batch, size] and gates [.., batch, 3 * size]");
  }
  int64_t batch = node.dimsOf(state)[last - 1], size = node.dimsOf(state)[last];
  Type type = node.elementOf(state);
  Value update = node.unary(UnaryKind::Sigmoid, node.sliceAxis(gates, last, size, size));
  Value candidate = node.unary(UnaryKind::Tanh, node.sliceAxis(gates, last, 2 * size, size));
  Value next = node.add(node.mul(state, update), node.mul(candidate, node.sub(node.scalarLike(state, 1), update)));
  Value lengths = node.reshape(node.cast(node.input(2), type), {batch, 1}), step = node.reshape(node.cast(node.input(3), type), {});
  Value kept = node.attrInt("drop_states", 0) != 0 ? node.scalarLike(state, 0) : state;
  return node.result(node.select(node.compare(graph::CompareKind::Lt, step, lengths), next, kept));
}

} // namespace

void addRetiredHandlers(HandlerTable &table) {
  table.add("Affine", 1, affine);
  table.add("Scale", 1, scale);
  table.add("ScaledTanh", 1, scaledFunction<UnaryKind::Tanh>);
  table.add("ParametricSoftplus", 1, scaledFunction<UnaryKind::Softplus>);
  table.add("ImageScaler", 1, imageScaler);
  table.add("Crop", 1, crop);
  table.add("ConstantFill", 1, constantFill);
  table.add("GivenTensorFill", 1, givenTensorFill);
  table.add("MeanVarianceNormalization", 1, meanVariance);
  table.add("GRUUnit", 1, gruUnit);
}

} // namespace ncc::frontend

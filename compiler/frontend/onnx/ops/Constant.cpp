// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Constants, shapes as values, generators, and If.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Multiples.h"
#include "runtime/ops/host/Tables.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace ncc::frontend {

static LogicalResult constant(NodeContext &node) {
  if (llvm::count_if(node.proto().attribute(), [](const onnx::AttributeProto &attribute) {
        return attribute.name().find("value") != std::string::npos;
      }) != 1) {
    return node.fail("must have exactly one value attribute");
  }
  auto give = [&](const Tensor &tensor) {
    return node.result(node.constant(tensor, node.proto().output_size() ? node.proto().output(0) : "constant"));
  };
  if (const onnx::AttributeProto *value = node.attr("value")) {
    absl::StatusOr<Tensor> tensor = node.scope().tensor(value->t());
    return tensor.ok() ? give(*tensor) : node.fail(std::string(tensor.status().message()));
  }
  if (const onnx::AttributeProto *value = node.attr("sparse_value")) {
    absl::StatusOr<Tensor> tensor = node.scope().tensor(value->sparse_tensor());
    return tensor.ok() ? give(*tensor) : node.fail(std::string(tensor.status().message()));
  }
  if (node.hasAttr("value_float") || node.hasAttr("value_floats")) {
    bool scalar = node.hasAttr("value_float");
    SmallVector<double> values = scalar ? SmallVector<double>{node.attrFloat("value_float", 0)}
                                        : node.attrFloats("value_floats");
    Tensor tensor(DType::F32, scalar ? Shape{} : Shape{static_cast<int64_t>(values.size())});
    for (size_t i = 0; i < values.size(); ++i) {
      tensor.setDouble(i, values[i]);
    }
    return give(tensor);
  }
  if (node.hasAttr("value_int") || node.hasAttr("value_ints")) {
    bool scalar = node.hasAttr("value_int");
    Ints values = scalar ? Ints{node.attrInt("value_int", 0)} : node.attrInts("value_ints");
    Tensor tensor(DType::I64, scalar ? Shape{} : Shape{static_cast<int64_t>(values.size())});
    for (size_t i = 0; i < values.size(); ++i) {
      tensor.setInt(i, values[i]);
    }
    return give(tensor);
  }
  return node.fail("holds none of the value attributes ncc knows");
}

static LogicalResult shape(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  IntsRef dims = node.dimsOf(node.input(0));
  int64_t rank = static_cast<int64_t>(dims.size());
  auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t start = clamp(node.attrInt("start", 0)), end = clamp(node.attrInt("end", rank));
  return node.result(node.constantInts(dims.slice(start, std::max<int64_t>(end - start, 0))));
}

static LogicalResult size(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Tensor count(DType::I64, {});
  count.setInt(0, node.typeOf(node.input(0)).getNumElements());
  return node.result(node.constant(count));
}

static LogicalResult constantOfShape(NodeContext &node) {
  std::optional<Ints> dims = node.needInputs(1, 1) ? node.constInts(0, "shape") : std::nullopt;
  if (!dims) {
    return failure();
  }
  Type element = Float32Type::get(node.context());
  double number = 0;
  std::optional<Tensor> whole; // an integer that a double need not hold
  if (const onnx::AttributeProto *value = node.attr("value")) {
    absl::StatusOr<Tensor> tensor = node.scope().tensor(value->t());
    if (!tensor.ok() || tensor->size() != 1 || tensor->dtype() == DType::String) {
      return node.fail("value must be one number");
    }
    element = graph::elementTypeOf(node.context(), tensor->dtype());
    number = tensor->asDouble(0);
    whole = dtypeSize(tensor->dtype()) == 8 ? std::optional(*tensor) : std::nullopt;
  }
  __int128 total = 1;
  for (int64_t dim : *dims) {
    total *= dim;
    if (dim < 0 || total > (int64_t(1) << 40)) {
      return node.fail("the shape is not valid");
    }
  }
  if (whole) {
    return node.result(node.expand(node.reshape(node.constant(*whole), {}), *dims));
  }
  return node.result(node.splat(RankedTensorType::get(*dims, element), number));
}

/// start + i * delta, as rangeOf computes it: integers modulo 2^64, floats in double.
static Value longRange(NodeContext &node, const Tensor &start, const Tensor &delta, int64_t count) {
  Type element = graph::elementTypeOf(node.context(), start.dtype());
  auto whole = [&](int64_t value) {
    Tensor one(DType::I64, {});
    one.setInt(0, value);
    return node.constant(one);
  };
  if (!isFloat(start.dtype())) {
    return node.cast(node.add(multiples(node, count, delta.asInt(0)), whole(start.asInt(0))), element);
  }
  Type f64 = Float64Type::get(node.context());
  auto number = [&](double value) { return node.splat(RankedTensorType::get({}, f64), value); };
  Value steps = node.cast(multiples(node, count, 1), f64);
  return node.cast(node.add(node.mul(steps, number(delta.asDouble(0))), number(start.asDouble(0))), element);
}

static LogicalResult range(NodeContext &node) {
  if (!node.needInputs(3, 3)) {
    return failure();
  }
  std::optional<Tensor> start = node.constTensor(0, "start"), limit = start ? node.constTensor(1, "limit") : std::nullopt;
  std::optional<Tensor> delta = limit ? node.constTensor(2, "delta") : std::nullopt;
  if (!delta) {
    return failure();
  }
  absl::StatusOr<int64_t> length = ops::rangeLength(*start, *limit, *delta);
  if (!length.ok() || *length > (int64_t{1} << 40)) {
    return node.fail(length.ok() ? "the range is too long" : std::string(length.status().message()));
  }
  if (*length * static_cast<int64_t>(memorySize(start->dtype())) > kStoredBytes) {
    return node.result(longRange(node, *start, *delta, *length));
  }
  absl::StatusOr<Tensor> range = ops::rangeOf(*start, *limit, *delta);
  return range.ok() ? node.result(node.constant(*range, "range")) : node.fail(std::string(range.status().message()));
}

static LogicalResult eyeLike(NodeContext &node) {
  if (!node.needInputs(1, 1) || node.rankOf(node.input(0)) != 2) {
    return node.fail("needs a matrix");
  }
  int64_t type = node.attrInt("dtype", 0);
  Type element = type ? node.element(type) : node.elementOf(node.input(0));
  std::optional<DType> dtype = element ? graph::dtypeOf(element) : std::nullopt;
  if (!dtype) {
    return failure();
  }
  if (*dtype == DType::String) {
    return node.fail("a matrix of ones and zeros cannot be of strings");
  }
  Ints dims(node.dimsOf(node.input(0)));
  const int64_t k = std::clamp(node.attrInt("k", 0), -dims[0], dims[1]);
  if (static_cast<__int128>(dims[0]) * dims[1] * static_cast<int64_t>(memorySize(*dtype)) > kStoredBytes) {
    // One where column and row + k agree.
    Tensor first(DType::I64, {});
    first.setInt(0, k);
    Value rows = node.add(node.reshape(multiples(node, dims[0], 1), {dims[0], 1}), node.constant(first));
    Value hit = node.compare(graph::CompareKind::Eq, rows, node.reshape(multiples(node, dims[1], 1), {1, dims[1]}));
    return node.result(*dtype == DType::Bool ? hit : node.cast(hit, element));
  }
  Tensor eye(*dtype, {dims[0], dims[1]});
  for (int64_t i = std::max<int64_t>(0, -k); i < std::min(dims[0], dims[1] - k); ++i) {
    eye.setDouble(i * dims[1] + i + k, 1);
  }
  return node.result(node.constant(eye, "eye"));
}

static LogicalResult branch(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  if (node.typeOf(node.input(0)).getNumElements() != 1) {
    return node.fail("its condition must be one bool");
  }
  std::optional<Tensor> condition = graph::constantTensor(node.input(0));
  if (!condition) {
    return node.fail("its condition is computed at run time");
  }
  const onnx::AttributeProto *body = node.attr(condition->asInt(0) != 0 ? "then_branch" : "else_branch");
  if (!body) {
    return node.fail("a branch is missing");
  }
  SmallVector<Value> values = node.scope().importBody(body->g());
  return values.empty() ? node.fail("the chosen branch cannot be imported") : node.results(values);
}

void addConstantHandlers(HandlerTable &table) {
  table.add("Constant", 1, constant);
  table.add("Shape", 1, shape);
  table.add("Size", 1, size);
  table.add("ConstantOfShape", 9, constantOfShape);
  table.add("Range", 11, range);
  table.add("EyeLike", 9, eyeLike);
  table.add("If", 1, branch);
}

} // namespace ncc::frontend

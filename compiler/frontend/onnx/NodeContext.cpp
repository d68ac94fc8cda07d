// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/NodeContext.h"

#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/Model.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

bool NodeContext::needInputs(size_t count, size_t most) {
  for (size_t i = 0; i < count; ++i) {
    if (!has(i)) {
      OpBuilding::fail(absl::StrCat("input ", i, " is missing"));
      return false;
    }
  }
  if (numInputs() > most) {
    OpBuilding::fail(absl::StrCat("has ", numInputs(), " inputs, at most ", most, " make sense"));
    return false;
  }
  return true;
}

std::optional<Tensor> NodeContext::constTensor(size_t i, StringRef what) {
  std::optional<Tensor> tensor = has(i) ? graph::constantTensor(input(i)) : std::nullopt;
  if (!tensor) {
    OpBuilding::fail(has(i) ? absl::StrCat("its ", what.str(), " (input ", i, ") is computed at run time")
                            : absl::StrCat("its ", what.str(), " (input ", i, ") is missing"));
  }
  return tensor;
}

std::optional<Ints> NodeContext::constInts(size_t i, StringRef what) {
  std::optional<Tensor> tensor = constTensor(i, what);
  if (!tensor || isFloat(tensor->dtype()) || tensor->dtype() == DType::String) {
    OpBuilding::fail(absl::StrCat("its ", what.str(), " (input ", i, ") must hold integers"));
    return std::nullopt;
  }
  Ints values(tensor->size());
  for (int64_t k = 0; k < tensor->size(); ++k) {
    values[k] = tensor->asInt(k);
  }
  return values;
}

std::optional<SmallVector<double>> NodeContext::constFloats(size_t i, StringRef what) {
  std::optional<Tensor> tensor = constTensor(i, what);
  if (!tensor || tensor->dtype() == DType::String) {
    return std::nullopt;
  }
  SmallVector<double> values(tensor->size());
  for (int64_t k = 0; k < tensor->size(); ++k) {
    values[k] = tensor->asDouble(k);
  }
  return values;
}

std::optional<double> NodeContext::constFloat(size_t i, StringRef what) {
  std::optional<SmallVector<double>> values = constFloats(i, what);
  if (!values || values->size() != 1) {
    OpBuilding::fail(absl::StrCat("its ", what.str(), " (input ", i, ") must be one constant number"));
    return std::nullopt;
  }
  return values->front();
}

const onnx::AttributeProto *NodeContext::attr(StringRef name) const {
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    if (StringRef(attribute.name()) == name) {
      return &attribute;
    }
  }
  return nullptr;
}

int64_t NodeContext::attrInt(StringRef name, int64_t fallback) const {
  const onnx::AttributeProto *attribute = attr(name);
  return attribute ? attribute->i() : fallback;
}

double NodeContext::attrFloat(StringRef name, double fallback) const {
  const onnx::AttributeProto *attribute = attr(name);
  return attribute ? attribute->f() : fallback;
}

std::string NodeContext::attrString(StringRef name, StringRef fallback) const {
  const onnx::AttributeProto *attribute = attr(name);
  return attribute ? attribute->s() : fallback.str();
}

Ints NodeContext::attrInts(StringRef name) const {
  const onnx::AttributeProto *attribute = attr(name);
  return attribute ? Ints(attribute->ints().begin(), attribute->ints().end()) : Ints();
}

SmallVector<double> NodeContext::attrFloats(StringRef name) const {
  const onnx::AttributeProto *attribute = attr(name);
  return attribute ? SmallVector<double>(attribute->floats().begin(), attribute->floats().end())
                   : SmallVector<double>();
}

std::optional<int64_t> NodeContext::axis(int64_t value, int64_t rank) {
  if (value < -rank || value >= rank) {
    OpBuilding::fail(absl::StrCat("axis ", value, " is outside a tensor of rank ", rank));
    return std::nullopt;
  }
  return value < 0 ? value + rank : value;
}

std::optional<Ints> NodeContext::axes(IntsRef values, int64_t rank) {
  Ints result;
  for (int64_t value : values) {
    std::optional<int64_t> one = axis(value, rank);
    if (!one || llvm::is_contained(result, *one)) {
      OpBuilding::fail("an axis is given twice");
      return std::nullopt;
    }
    result.push_back(*one);
  }
  return result;
}

Type NodeContext::element(int64_t onnxType) {
  std::optional<DType> dtype = onnxType >= 0 && onnxType < 256 ? dtypeOfOnnx(static_cast<int32_t>(onnxType))
                                                               : std::nullopt;
  if (!dtype) {
    OpBuilding::fail(absl::StrCat("element type ", onnxTypeName(static_cast<int32_t>(onnxType)), " is not supported"));
    return {};
  }
  return graph::elementTypeOf(context(), *dtype);
}

SmallVector<Value> NodeContext::standard(StringRef op, int64_t version, ArrayRef<Value> given, StringRef domain) {
  Handler handler = handlers().find(domain, op, version);
  NodeContext inner(opBuilder(), location(), node, version, SmallVector<Value>(given), graphScope);
  if (handler && succeeded(handler(inner))) {
    return SmallVector<Value>(inner.outputs());
  }
  OpBuilding::fail(handler ? inner.reason() : absl::StrCat("there is no ", op.str(), " to make it of"));
  return {};
}

LogicalResult NodeContext::results(ArrayRef<Value> values) {
  produced.assign(values.begin(), values.end());
  return success(reason().empty());
}

} // namespace ncc::frontend

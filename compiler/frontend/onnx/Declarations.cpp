// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/Declarations.h"

#include "compiler/frontend/onnx/Model.h"
#include "compiler/frontend/onnx/schema/TypeSet.h"

#include "absl/strings/str_cat.h"

namespace ncc::frontend {

static bool isReal(DType dtype) { return dtype == DType::F16 || dtype == DType::F32 || dtype == DType::F64; }

static std::string shapeText(const ValueType &type) {
  std::string text = "[";
  for (int64_t dim : type.shape) {
    absl::StrAppend(&text, text.size() > 1 ? "," : "", dim < 0 ? "?" : std::to_string(dim));
  }
  return text + "]";
}

Contradiction contradiction(const onnx::TypeProto &declared, const ValueType &computed, std::string &fact) {
  if (declared.has_tensor_type() && declared.tensor_type().elem_type() != 0 && !dtypeOfOnnx(declared.tensor_type().elem_type())) {
    fact = absl::StrCat("is declared as ", onnxTypeName(declared.tensor_type().elem_type()), " and computed as ", onnxTypeText(computed));
    return Contradiction::Type;
  }
  ValueType said = valueTypeOfProto(declared);
  if (said.kind == ValueKind::None || computed.kind == ValueKind::None) {
    return Contradiction::None;
  }
  if (said.kind == ValueKind::Optional && computed.kind != ValueKind::Optional && said.element) {
    said = ValueType(*said.element); // what is known to be there is held without a wrapper
  }
  if (onnxTypeText(said) != onnxTypeText(computed)) {
    fact = absl::StrCat("is declared as ", onnxTypeText(said), " and computed as ", onnxTypeText(computed));
    return said.isTensor() && computed.isTensor() && isReal(said.dtype) && isReal(computed.dtype) ? Contradiction::Precision : Contradiction::Type;
  }
  if (!said.isTensor() || !said.ranked || !computed.ranked) {
    return Contradiction::None;
  }
  bool same = said.rank() == computed.rank();
  for (size_t i = 0; same && i < said.shape.size(); ++i) {
    same = said.shape[i] < 0 || computed.shape[i] < 0 || said.shape[i] == computed.shape[i];
  }
  if (!same) {
    fact = absl::StrCat("is declared with shape ", shapeText(said), " and computed with shape ", shapeText(computed));
  }
  return same ? Contradiction::None : Contradiction::Shape;
}

} // namespace ncc::frontend

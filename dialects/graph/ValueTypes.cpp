// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/ValueTypes.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"
#include "runtime/ops/host/HostKernel.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ncc::graph {

/// Operands up to this size are shown to rules.
static constexpr int64_t kKnownElements = 4096;

ValueType valueTypeOf(Type type) {
  return TypeSwitch<Type, ValueType>(type)
      .Case([](TensorType tensor) {
        std::optional<DType> dtype = dtypeOf(tensor.getElementType());
        if (!dtype) {
          return ValueType();
        }
        if (!tensor.hasRank()) {
          return ValueType::unranked(*dtype);
        }
        ValueType result = ValueType::tensor(*dtype, {});
        for (int64_t dim : tensor.getShape()) {
          result.shape.push_back(ShapedType::isDynamic(dim) ? kUnknownDim : dim);
        }
        return result;
      })
      .Case([](SequenceType sequence) { return ValueType::of(ValueKind::Sequence, valueTypeOf(sequence.getElement())); })
      .Case([](OptionalType optional) { return ValueType::of(ValueKind::Optional, valueTypeOf(optional.getElement())); })
      .Case([](MapType map) { return ValueType::map(dtypeOf(map.getKey()).value_or(DType::I64), valueTypeOf(map.getValue())); })
      .Default([](Type) { return ValueType(); });
}

Type typeOfValueType(MLIRContext *context, const ValueType &type) {
  switch (type.kind) {
  case ValueKind::None: return {};
  case ValueKind::Sequence: return SequenceType::get(typeOfValueType(context, *type.element));
  case ValueKind::Optional: return OptionalType::get(typeOfValueType(context, *type.element));
  case ValueKind::Map: return MapType::get(context, elementTypeOf(context, type.dtype), typeOfValueType(context, *type.element));
  case ValueKind::Tensor: break;
  }
  Type element = elementTypeOf(context, type.dtype);
  if (!type.ranked) {
    return UnrankedTensorType::get(element);
  }
  SmallVector<int64_t> dims;
  for (int64_t dim : type.shape) {
    dims.push_back(dim < 0 ? ShapedType::kDynamic : dim);
  }
  return RankedTensorType::get(dims, element);
}

bool isStaticTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

Attribute attributeOf(MLIRContext *context, const ops::AttrValue &value) {
  Builder b(context);
  if (const auto *integer = std::get_if<int64_t>(&value)) {
    return b.getI64IntegerAttr(*integer);
  }
  if (const auto *number = std::get_if<double>(&value)) {
    return b.getF64FloatAttr(*number);
  }
  if (const auto *text = std::get_if<std::string>(&value)) {
    return b.getStringAttr(*text);
  }
  if (const auto *integers = std::get_if<std::vector<int64_t>>(&value)) {
    return b.getDenseI64ArrayAttr(*integers);
  }
  if (const auto *numbers = std::get_if<std::vector<double>>(&value)) {
    return b.getDenseF64ArrayAttr(*numbers);
  }
  SmallVector<StringRef> texts;
  for (const std::string &text : std::get<std::vector<std::string>>(value)) {
    texts.push_back(text);
  }
  return b.getStrArrayAttr(texts);
}

DictionaryAttr dictionaryOf(MLIRContext *context, const ops::Attributes &attributes) {
  SmallVector<NamedAttribute> list;
  for (const auto &[name, value] : attributes.all()) {
    list.emplace_back(StringAttr::get(context, name), attributeOf(context, value));
  }
  return DictionaryAttr::get(context, list);
}

std::optional<HostForm> hostFormOf(Operation *op) {
  HostForm form;
  form.attributes = attributesOf(op);
  if (auto host = dyn_cast<HostOp>(op)) {
    form.kernel = host.getKernel().str();
    ArrayRef<int64_t> positions = host.getPositions();
    for (auto [i, input] : llvm::enumerate(host.getInputs())) {
      int64_t at = positions.empty() ? static_cast<int64_t>(i) : i < positions.size() ? positions[i] : -1;
      if (at < static_cast<int64_t>(form.operands.size()) || at > (1 << 20)) {
        return std::nullopt;
      }
      form.operands.resize(static_cast<size_t>(at));
      form.operands.push_back(input);
    }
    return form;
  }
  form.kernel = op->getName().stripDialect().str();
  form.operands = kernelOperands(op);
  return isa<GraphDialect>(op->getDialect()) && ops::findHostKernel(form.kernel) ? std::optional(form) : std::nullopt;
}

absl::StatusOr<std::vector<ValueType>> inferHostForm(const HostForm &form, absl::Span<const ValueType> declared) {
  std::vector<ValueType> types;
  std::vector<std::optional<Tensor>> constants;
  for (Value operand : form.operands) {
    types.push_back(operand ? valueTypeOf(operand.getType()) : ValueType());
    bool small = types.back().isStatic() && numElements(types.back().shape) <= kKnownElements;
    constants.push_back(operand && small ? constantTensor(operand) : std::nullopt);
  }
  std::vector<const Tensor *> known;
  for (const std::optional<Tensor> &constant : constants) {
    known.push_back(constant ? &*constant : nullptr);
  }
  return ops::inferHostTypes(form.kernel, form.attributes, types, known, declared);
}

} // namespace ncc::graph

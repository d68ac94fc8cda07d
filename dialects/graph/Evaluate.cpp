// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/Evaluate.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "runtime/ops/Kernel.h"

#include "absl/strings/str_cat.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cstring>

using namespace mlir;

namespace ncc::graph {

static std::optional<ops::AttrValue> convert(Attribute attribute) {
  using Result = std::optional<ops::AttrValue>;
  return TypeSwitch<Attribute, Result>(attribute)
      .Case<UnaryKindAttr, BinaryKindAttr, CompareKindAttr, ReduceKindAttr, ArgKindAttr, PoolKindAttr, PadModeAttr,
            ScatterKindAttr, ResizeModeAttr, CoordinateModeAttr, NearestModeAttr, GridPaddingAttr, DirectionAttr>(
          [](auto attr) -> Result { return stringifyEnum(attr.getValue()).str(); })
      .Case([](BoolAttr attr) -> Result { return static_cast<int64_t>(attr.getValue()); })
      .Case([](IntegerAttr attr) -> Result { return attr.getInt(); })
      .Case([](FloatAttr attr) -> Result { return attr.getValueAsDouble(); })
      .Case([](StringAttr attr) -> Result { return attr.getValue().str(); })
      .Case([](DenseI64ArrayAttr attr) -> Result {
        return std::vector<int64_t>(attr.asArrayRef().begin(), attr.asArrayRef().end());
      })
      .Case([](DenseF64ArrayAttr attr) -> Result {
        return std::vector<double>(attr.asArrayRef().begin(), attr.asArrayRef().end());
      })
      .Case([](ArrayAttr attr) -> Result {
        std::vector<std::string> strings;
        for (StringAttr text : attr.getAsRange<StringAttr>()) {
          strings.push_back(text.getValue().str());
        }
        return strings;
      })
      .Default([](Attribute) -> Result { return std::nullopt; });
}

ops::Attributes attributesOf(Operation *op) {
  ops::Attributes result;
  for (StringAttr name : op->getName().getAttributeNames()) {
    std::optional<Attribute> value = op->getInherentAttr(name);
    if (!value || !*value || name.getValue().starts_with("operandSegmentSizes")) {
      continue;
    }
    if (std::optional<ops::AttrValue> plain = convert(*value)) {
      result.set(name.str(), std::move(*plain));
    }
  }
  return result;
}

SmallVector<Value> kernelOperands(Operation *op) {
  std::optional<Attribute> segments = op->getInherentAttr("operandSegmentSizes");
  auto sizes = segments ? dyn_cast_if_present<DenseI32ArrayAttr>(*segments) : nullptr;
  if (!sizes) {
    return SmallVector<Value>(op->getOperands());
  }
  SmallVector<Value> operands;
  unsigned next = 0;
  for (int32_t size : sizes.asArrayRef()) {
    if (size == 0) {
      operands.push_back(nullptr);
    }
    for (int32_t i = 0; i < size; ++i) {
      operands.push_back(op->getOperand(next++));
    }
  }
  return operands;
}

/// Kernels read through typed pointers: data mapped from a file may be less aligned than its type.
static Tensor aligned(const Tensor &tensor) {
  size_t size = dtypeSize(tensor.dtype());
  if (size <= 1 || reinterpret_cast<uintptr_t>(tensor.data()) % size == 0) {
    return tensor;
  }
  Tensor copy(tensor.dtype(), tensor.shape());
  std::memcpy(copy.mutableData(), tensor.data(), tensor.byteSize());
  return copy;
}

static absl::StatusOr<std::vector<Tensor>> evaluateBlock(Block &block, absl::Span<const Tensor> inputs,
                                                         const Observer &observer);

static std::string nameOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << op->getName() << " at " << op->getLoc();
  return text;
}

absl::StatusOr<std::vector<Tensor>> evaluate(Operation *op, absl::Span<const Tensor> inputs) {
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    std::optional<Tensor> tensor = attrTensor(constant.getValueAttr());
    if (!tensor) {
      return absl::InternalError(absl::StrCat(nameOf(op), ": the constant's data is missing"));
    }
    return std::vector<Tensor>{aligned(*tensor)};
  }
  if (auto fusion = dyn_cast<FusionOp>(op)) {
    return evaluateBlock(fusion.getBody().front(), inputs, {});
  }
  const ops::KernelInfo *kernel = ops::findKernel(op->getName().stripDialect().str());
  if (!kernel) {
    return absl::UnimplementedError(absl::StrCat(nameOf(op), ": no reference kernel"));
  }
  std::vector<Tensor> operands;
  size_t next = 0;
  for (Value operand : kernelOperands(op)) {
    operands.push_back(operand ? inputs[next++] : Tensor());
  }
  std::vector<Tensor> results;
  for (Type type : op->getResultTypes()) {
    auto shaped = dyn_cast<RankedTensorType>(type);
    std::optional<DType> dtype = shaped ? dtypeOf(shaped.getElementType()) : std::nullopt;
    if (!dtype) {
      return absl::UnimplementedError(absl::StrCat(nameOf(op), ": a result type no tensor can hold"));
    }
    results.emplace_back(*dtype, shapeOf(type));
  }
  ops::Attributes attributes = attributesOf(op);
  ops::KernelContext context{attributes, operands, absl::MakeSpan(results)};
  if (absl::Status status = kernel->run(context); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(nameOf(op), ": ", std::string(status.message())));
  }
  return results;
}

static absl::StatusOr<std::vector<Tensor>> evaluateBlock(Block &block, absl::Span<const Tensor> inputs,
                                                         const Observer &observer) {
  if (inputs.size() != block.getNumArguments()) {
    return absl::InvalidArgumentError(
        absl::StrCat("needs ", block.getNumArguments(), " inputs, has ", inputs.size()));
  }
  DenseMap<Value, Tensor> values;
  DenseMap<Value, unsigned> uses;
  auto define = [&](Value value, Tensor tensor) {
    uses[value] = std::distance(value.use_begin(), value.use_end());
    if (uses[value] > 0) {
      values[value] = std::move(tensor);
    }
  };
  for (auto [argument, input] : llvm::zip(block.getArguments(), inputs)) {
    define(argument, aligned(input));
  }
  for (Operation &op : block.without_terminator()) {
    std::vector<Tensor> operands;
    for (Value operand : op.getOperands()) {
      operands.push_back(values.lookup(operand));
    }
    for (Value operand : op.getOperands()) {
      if (--uses[operand] == 0) {
        values.erase(operand);
      }
    }
    absl::StatusOr<std::vector<Tensor>> results = evaluate(&op, operands);
    if (!results.ok()) {
      return results.status();
    }
    if (observer) {
      observer(&op, *results);
    }
    for (auto [value, tensor] : llvm::zip(op.getResults(), *results)) {
      define(value, std::move(tensor));
    }
  }
  std::vector<Tensor> outputs;
  for (Value value : block.getTerminator()->getOperands()) {
    outputs.push_back(values.lookup(value));
  }
  return outputs;
}

absl::StatusOr<std::vector<Tensor>> evaluateFunction(func::FuncOp func, absl::Span<const Tensor> inputs,
                                                     const Observer &observer) {
  if (!func.getBody().hasOneBlock()) {
    return absl::InvalidArgumentError("the function must have one block");
  }
  return evaluateBlock(func.getBody().front(), inputs, observer);
}

} // namespace ncc::graph

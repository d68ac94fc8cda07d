// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/Evaluate.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/ValueTypes.h"
#include "runtime/ops/Kernel.h"
#include "runtime/ops/host/Collect.h"
#include "runtime/ops/host/HostKernel.h"
#include "runtime/tensor/Aligned.h"

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
  if (auto host = dyn_cast<HostOp>(op)) {
    for (NamedAttribute attribute : host.getKernelAttributes()) {
      if (std::optional<ops::AttrValue> plain = convert(attribute.getValue())) {
        result.set(attribute.getName().str(), std::move(*plain));
      }
    }
    return result;
  }
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

using Values = std::vector<ops::Value>;

static std::string nameOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << op->getName() << " at " << op->getLoc();
  return text;
}

absl::StatusOr<std::vector<Tensor>> evaluate(Operation *op, absl::Span<const Tensor> inputs) {
  if (isa<FusionOp, HostOp>(op)) {
    absl::StatusOr<Values> values = evaluateValues(op, Values(inputs.begin(), inputs.end()));
    std::vector<Tensor> tensors;
    for (size_t i = 0; values.ok() && i < values->size(); ++i) {
      tensors.push_back((*values)[i].tensor());
    }
    return values.ok() ? absl::StatusOr<std::vector<Tensor>>(std::move(tensors)) : values.status();
  }
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    std::optional<Tensor> tensor = attrTensor(constant.getValueAttr());
    if (!tensor) {
      return absl::InternalError(absl::StrCat(nameOf(op), ": the constant's data is missing"));
    }
    return std::vector<Tensor>{aligned(*tensor)};
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

namespace {

/// Values by the IR value that holds them; nested regions see those around them.
class Evaluator {
public:
  explicit Evaluator(const Observer &observer, const CallObserver &calls = {}) : observer(observer), calls(calls) {}

  absl::StatusOr<Values> run(Block &block, absl::Span<const ops::Value> inputs) {
    if (inputs.size() != block.getNumArguments()) {
      return absl::InvalidArgumentError(absl::StrCat("needs ", block.getNumArguments(), " inputs, has ", inputs.size()));
    }
    for (auto [argument, input] : llvm::zip(block.getArguments(), inputs)) {
      define(argument, input.isTensor() ? ops::Value(aligned(input.tensor())) : input);
    }
    for (Operation &op : block.without_terminator()) {
      absl::StatusOr<Values> results = step(&op);
      if (!results.ok()) {
        return results.status();
      }
      if (observer) {
        Values copy = *results;
        std::vector<Tensor> tensors;
        for (const ops::Value &value : copy) {
          tensors.push_back(value.tensor());
        }
        observer(&op, tensors);
      }
      for (auto [value, result] : llvm::zip(op.getResults(), *results)) {
        define(value, std::move(result));
      }
      release(op, block);
    }
    Values outputs;
    for (Value value : block.getTerminator()->getOperands()) {
      outputs.push_back(values.lookup(value));
    }
    return outputs;
  }

private:
  void define(Value value, ops::Value content) {
    if (!value.use_empty()) {
      values[value] = std::move(content);
    }
  }

  /// Frees operands whose last user this was. Only in straight-line code: a loop's body runs again.
  void release(Operation &op, Block &block) {
    for (Value operand : op.getOperands()) {
      bool last = operand.getParentBlock() == &block && llvm::all_of(operand.getUsers(), [&](Operation *user) {
                    return user == &op || (user->getBlock() == &block && user->isBeforeInBlock(&op));
                  });
      if (last) {
        values.erase(operand);
      }
    }
  }

  absl::StatusOr<Values> step(Operation *op) {
    Values operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(values.lookup(operand));
    }
    if (auto branch = dyn_cast<IfOp>(op)) {
      absl::StatusOr<bool> taken = truth(operands[0]);
      return taken.ok() ? run((*taken ? branch.getThenRegion() : branch.getElseRegion()).front(), {}) : taken.status();
    }
    if (auto loop = dyn_cast<LoopOp>(op)) {
      return iterate(loop);
    }
    if (auto scan = dyn_cast<ScanOp>(op)) {
      return sweep(scan);
    }
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
      if (!callee || !callee.getBody().hasOneBlock()) {
        return absl::InvalidArgumentError(absl::StrCat("calls ", call.getCallee().str(), ", which the module does not have"));
      }
      if (calls) {
        calls(callee, operands);
      }
      return Evaluator(observer, calls).run(callee.getBody().front(), operands);
    }
    return evaluateValues(op, operands);
  }

  static absl::StatusOr<bool> truth(const ops::Value &value) {
    if (!value.isTensor() || value.tensor().size() != 1) {
      return absl::InvalidArgumentError("a condition is not one bool");
    }
    return value.tensor().asInt(0) != 0;
  }

  absl::StatusOr<Values> iterate(LoopOp loop) {
    Value tripValue = loop.getTrips(), conditionValue = loop.getCondition();
    int64_t trips = INT64_MAX;
    if (tripValue) {
      const Tensor count = values.lookup(tripValue).tensor();
      if (count.size() != 1) {
        return absl::InvalidArgumentError("a trip count is not one integer");
      }
      trips = count.asInt(0);
    }
    absl::StatusOr<bool> go = conditionValue ? truth(values.lookup(conditionValue)) : true;
    Values carried = lookup(loop.getCarried());
    std::vector<std::vector<Tensor>> collected(loop.getNumResults() - carried.size());
    for (int64_t i = 0; go.ok() && *go && i < trips; ++i) {
      Tensor number(DType::I64, {}), condition(DType::Bool, {});
      number.setInt(0, i);
      condition.setInt(0, 1);
      Values arguments{number, condition};
      arguments.insert(arguments.end(), carried.begin(), carried.end());
      absl::StatusOr<Values> results = run(loop.getBody().front(), arguments);
      if (!results.ok()) {
        return results;
      }
      go = truth((*results)[0]);
      std::copy_n(results->begin() + 1, carried.size(), carried.begin());
      for (size_t k = 0; k < collected.size(); ++k) {
        collected[k].push_back((*results)[1 + carried.size() + k].tensor());
      }
    }
    return go.ok() ? finish(loop, std::move(carried), collected, {}, {}) : go.status();
  }

  absl::StatusOr<Values> sweep(ScanOp scan) {
    Values carried = lookup(scan.getCarried()), scanned = lookup(scan.getScanned());
    std::vector<std::vector<Tensor>> collected(scan.getNumResults() - carried.size());
    int64_t trips = -1;
    for (auto [value, axis] : llvm::zip(scanned, scan.getInputAxes())) {
      const Shape &shape = value.tensor().shape();
      int64_t rank = static_cast<int64_t>(shape.size()), at = axis < 0 ? axis + rank : axis;
      if (at < 0 || at >= rank || (trips >= 0 && trips != shape[at])) {
        return absl::InvalidArgumentError("scanned values differ in length");
      }
      trips = shape[at];
    }
    for (int64_t i = 0; i < trips; ++i) {
      Values arguments = carried;
      for (size_t k = 0; k < scanned.size(); ++k) {
        absl::StatusOr<Tensor> part = ops::sliceOf(scanned[k].tensor(), scan.getInputAxes()[k], scan.getInputDirections()[k] ? trips - 1 - i : i);
        if (!part.ok()) {
          return part.status();
        }
        arguments.emplace_back(*std::move(part));
      }
      absl::StatusOr<Values> results = run(scan.getBody().front(), arguments);
      if (!results.ok()) {
        return results;
      }
      std::copy_n(results->begin(), carried.size(), carried.begin());
      for (size_t k = 0; k < collected.size(); ++k) {
        collected[k].push_back((*results)[carried.size() + k].tensor());
      }
    }
    return finish(scan, std::move(carried), collected, scan.getOutputAxes(), scan.getOutputDirections());
  }

  static absl::StatusOr<Values> finish(Operation *op, Values results, const std::vector<std::vector<Tensor>> &collected, ArrayRef<int64_t> axes,
                                       ArrayRef<int64_t> directions) {
    for (size_t k = 0; k < collected.size(); ++k) {
      ValueType declared = valueTypeOf(op->getResult(static_cast<unsigned>(results.size())).getType());
      absl::StatusOr<Tensor> joined = ops::stackOf(collected[k], k < axes.size() ? axes[k] : 0, k < directions.size() && directions[k] != 0, declared);
      if (!joined.ok()) {
        return joined.status();
      }
      results.emplace_back(*std::move(joined));
    }
    return results;
  }

  Values lookup(ValueRange range) {
    Values list;
    for (Value value : range) {
      list.push_back(values.lookup(value));
    }
    return list;
  }

  const Observer &observer;
  CallObserver calls;
  DenseMap<Value, ops::Value> values;
};

} // namespace

absl::StatusOr<Values> evaluateValues(Operation *op, absl::Span<const ops::Value> inputs) {
  if (auto fusion = dyn_cast<FusionOp>(op)) {
    Observer silent;
    return Evaluator(silent).run(fusion.getBody().front(), inputs);
  }
  if (auto host = dyn_cast<HostOp>(op)) {
    std::optional<HostForm> form = hostFormOf(op);
    Values operands;
    std::vector<ValueType> declared;
    size_t next = 0;
    for (Value operand : form->operands) {
      operands.push_back(operand ? inputs[next++] : ops::Value());
    }
    for (Type type : op->getResultTypes()) {
      declared.push_back(valueTypeOf(type));
    }
    absl::StatusOr<Values> results = ops::runHostKernel(form->kernel, form->attributes, operands, declared);
    return results.ok() ? results : absl::Status(results.status().code(), absl::StrCat(nameOf(op), ": ", std::string(results.status().message())));
  }
  std::vector<Tensor> tensors;
  for (const ops::Value &input : inputs) {
    tensors.push_back(input.tensor());
  }
  absl::StatusOr<std::vector<Tensor>> results = evaluate(op, tensors);
  return results.ok() ? absl::StatusOr<Values>(Values(results->begin(), results->end())) : results.status();
}

absl::StatusOr<Values> evaluateFunctionValues(func::FuncOp func, absl::Span<const ops::Value> inputs, const Observer &observer,
                                              const CallObserver &calls) {
  if (!func.getBody().hasOneBlock()) {
    return absl::InvalidArgumentError("the function must have one block");
  }
  return Evaluator(observer, calls).run(func.getBody().front(), inputs);
}

absl::StatusOr<std::vector<Tensor>> evaluateFunction(func::FuncOp func, absl::Span<const Tensor> inputs, const Observer &observer) {
  absl::StatusOr<Values> results = evaluateFunctionValues(func, Values(inputs.begin(), inputs.end()), observer);
  std::vector<Tensor> tensors;
  for (size_t i = 0; results.ok() && i < results->size(); ++i) {
    if (!(*results)[i].isTensor()) {
      return absl::InvalidArgumentError(absl::StrCat("result ", i, " is no tensor"));
    }
    tensors.push_back((*results)[i].tensor());
  }
  return results.ok() ? absl::StatusOr<std::vector<Tensor>>(std::move(tensors)) : results.status();
}

} // namespace ncc::graph

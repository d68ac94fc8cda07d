// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification of host kernels and control flow.
#include "dialects/graph/Infer.h"
#include "dialects/graph/ValueTypes.h"

#define GET_OP_CLASSES
#include "dialects/graph/Control.cpp.inc"

using namespace mlir;
using namespace ncc;
using namespace ncc::graph;

LogicalResult HostOp::verify() {
  std::optional<HostForm> form = hostFormOf(*this);
  ArrayRef<int64_t> positions = getPositions();
  if (!form || (!positions.empty() && positions.size() != getInputs().size())) {
    return emitOpError("positions must ascend, one for each input");
  }
  std::vector<ValueType> declared;
  for (Type type : getResultTypes()) {
    declared.push_back(valueTypeOf(type));
    if (declared.back().kind == ValueKind::None) {
      return emitOpError("no value has the type ") << type;
    }
  }
  absl::StatusOr<std::vector<ValueType>> types = inferHostForm(*form, declared);
  return types.ok() ? success() : emitOpError() << getKernel() << ": " << std::string(types.status().message());
}

/// `what`: each of `special` may stand where the one of `general` is promised.
static LogicalResult checkIncludes(Operation *op, TypeRange general, TypeRange special, StringRef what) {
  if (general.size() != special.size()) {
    return op->emitOpError() << what << ": " << special.size() << " values for " << general.size();
  }
  for (auto [g, s] : llvm::zip(general, special)) {
    if (!includes(valueTypeOf(g), valueTypeOf(s))) {
      return op->emitOpError() << what << ": " << s << " does not fit " << g;
    }
  }
  return success();
}

static LogicalResult checkCondition(Operation *op, Value condition) {
  ValueType type = condition ? valueTypeOf(condition.getType()) : ValueType::tensor(DType::Bool, {});
  return type.isTensor() && type.dtype == DType::Bool ? success() : op->emitOpError("the condition must be i1");
}

static TypeRange yielded(Region &region) { return region.front().getTerminator()->getOperandTypes(); }

LogicalResult IfOp::verify() {
  for (Region *region : {&getThenRegion(), &getElseRegion()}) {
    if (region->getNumArguments() != 0) {
      return emitOpError("branches take no arguments");
    }
    if (failed(checkIncludes(*this, getResultTypes(), yielded(*region), "a branch's results"))) {
      return failure();
    }
  }
  return checkCondition(*this, getCondition());
}

LogicalResult LoopOp::verify() {
  Block &body = getBody().front();
  size_t carried = getCarried().size();
  TypeRange arguments = body.getArgumentTypes(), results = yielded(getBody()), outs = getResultTypes();
  if (arguments.size() != carried + 2 || outs.size() < carried || results.size() != outs.size() + 1) {
    return emitOpError("the body must take the iteration, the condition and the carried values, and yield a condition and all results");
  }
  if (valueTypeOf(arguments[0]) != ValueType::tensor(DType::I64, {}) || failed(checkCondition(*this, body.getArgument(1)))) {
    return emitOpError("the body's first arguments must be an i64 and an i1");
  }
  if (failed(checkIncludes(*this, arguments.drop_front(2), getCarried().getTypes(), "carried values")) ||
      failed(checkIncludes(*this, arguments.drop_front(2), results.drop_front(1).take_front(carried), "carried values of the next step")) ||
      failed(checkIncludes(*this, outs.take_front(carried), arguments.drop_front(2), "results"))) {
    return failure();
  }
  return checkCondition(*this, getCondition());
}

LogicalResult ScanOp::verify() {
  Block &body = getBody().front();
  size_t carried = getCarried().size(), scanned = getScanned().size();
  TypeRange arguments = body.getArgumentTypes(), results = yielded(getBody()), outs = getResultTypes();
  if (scanned == 0 || arguments.size() != carried + scanned || outs.size() < carried || results.size() != outs.size() ||
      getInputAxes().size() != scanned || getInputDirections().size() != scanned || getOutputAxes().size() != outs.size() - carried ||
      getOutputDirections().size() != outs.size() - carried) {
    return emitOpError("the body must take the carried values and a slice of each scanned one, and yield all results");
  }
  if (failed(checkIncludes(*this, arguments.take_front(carried), getCarried().getTypes(), "carried values")) ||
      failed(checkIncludes(*this, arguments.take_front(carried), results.take_front(carried), "carried values of the next step")) ||
      failed(checkIncludes(*this, outs.take_front(carried), arguments.take_front(carried), "results"))) {
    return failure();
  }
  return success();
}

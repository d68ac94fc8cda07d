// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// If, Loop and Scan whose path is known only at run time: control-flow ops with regions.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/TrialScope.h"
#include "dialects/graph/ValueTypes.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using graph::valueTypeOf;

/// A loop's value types settle within so many rounds or not at all.
constexpr int kMostRounds = 6;

Type typeFor(NodeContext &node, const ValueType &type) { return graph::typeOfValueType(node.context(), type); }

/// A nested graph imported into a region of its own that ends in a yield; nothing when it cannot be imported.
struct Body {
  std::unique_ptr<Region> region = std::make_unique<Region>();
  SmallVector<Value> results;
  SmallVector<size_t> wrapped; // carried values that are optional, of which the body gives the element
  Block &block() { return region->front(); }
};

/// Makes the result an optional that has it.
bool wrap(NodeContext &node, Body &body, size_t result) {
  OpBuilder::InsertionGuard guard(node.opBuilder());
  Operation *yield = body.block().getTerminator();
  node.opBuilder().setInsertionPoint(yield);
  Value optional = node.hostOne("optional_make", {body.results[result]});
  if (optional) {
    yield->setOperand(static_cast<unsigned>(result), optional);
    body.results[result] = optional;
  }
  return optional != nullptr;
}

/// With a `reason`, a body that has no form for the shapes given is no error of the node's.
std::optional<Body> importInto(NodeContext &node, const onnx::GraphProto &graph, ArrayRef<Type> arguments, std::string *reason = nullptr) {
  OpBuilder &builder = node.opBuilder();
  OpBuilder::InsertionGuard guard(builder);
  Body body;
  Block *block = new Block();
  body.region->push_back(block);
  SmallVector<Value> values;
  for (Type type : arguments) {
    values.push_back(block->addArgument(type, node.location()));
  }
  builder.setInsertionPointToStart(block);
  body.results = reason ? static_cast<TrialScope &>(node.scope()).tryBody(graph, *reason) : node.scope().importBody(graph, values);
  if (static_cast<int>(body.results.size()) != graph.output_size()) {
    if (reason && !reason->empty()) {
      return std::nullopt;
    }
    node.OpBuilding::fail("its body cannot be imported");
    return std::nullopt;
  }
  builder.setInsertionPointToEnd(block);
  graph::YieldOp::create(builder, node.location(), body.results);
  return body;
}

/// Stands for a branch that has no meaning with the shapes given: an error when it is taken.
std::optional<Body> unreachable(NodeContext &node, const Body &other, const std::string &reason) {
  OpBuilder &builder = node.opBuilder();
  OpBuilder::InsertionGuard guard(builder);
  Body body;
  body.region->push_back(new Block());
  builder.setInsertionPointToStart(&body.block());
  SmallVector<ValueType> types;
  for (Value result : other.results) {
    types.push_back(valueTypeOf(result.getType()));
  }
  ops::Attributes attributes;
  attributes.set("reason", ("the model takes a branch that cannot be computed for the shapes it was compiled for: " + reason));
  body.results = node.host("unreachable", {}, attributes, types);
  if (body.results.size() != types.size()) {
    return std::nullopt;
  }
  graph::YieldOp::create(builder, node.location(), body.results);
  return body;
}

LogicalResult branch(NodeContext &node) {
  const onnx::AttributeProto *yes = node.attr("then_branch"), *no = node.attr("else_branch");
  if (!yes || !no || !node.needInputs(1, 1)) {
    return node.fail("a branch is missing");
  }
  std::string yesReason, noReason;
  std::optional<Body> taken = importInto(node, yes->g(), {}, &yesReason), other = importInto(node, no->g(), {}, &noReason);
  if (!taken && other && !yesReason.empty()) {
    taken = unreachable(node, *other, yesReason);
  } else if (taken && !other && !noReason.empty()) {
    other = unreachable(node, *taken, noReason);
  }
  if (!taken || !other) {
    return node.fail("neither branch can be imported: " + (yesReason.empty() ? noReason : yesReason));
  }
  if (taken->results.size() != other->results.size()) {
    return node.fail("its branches differ in their number of results");
  }
  OperationState state(node.location(), graph::IfOp::getOperationName());
  state.addOperands(node.input(0));
  for (auto [a, b] : llvm::zip(taken->results, other->results)) {
    ValueType type = join(valueTypeOf(a.getType()), valueTypeOf(b.getType()));
    if (type.kind == ValueKind::None) {
      return node.fail("its branches give values of different types");
    }
    state.addTypes(typeFor(node, type));
  }
  state.addRegion(std::move(taken->region));
  state.addRegion(std::move(other->region));
  return node.results(SmallVector<Value>(node.opBuilder().create(state)->getResults()));
}

/// The types of carried values that body and first values agree on, and the body imported with them.
std::optional<Body> settle(NodeContext &node, const onnx::GraphProto &graph, SmallVector<Type> &arguments, size_t firstArgument, size_t carried,
                           size_t firstResult) {
  for (int round = 0; round < kMostRounds; ++round) {
    std::optional<Body> body = importInto(node, graph, arguments);
    if (!body) {
      return std::nullopt;
    }
    if (body->results.size() < firstResult + carried) {
      node.OpBuilding::fail("its body does not give what it carries");
      return std::nullopt;
    }
    bool stable = true;
    for (size_t i = 0; i < carried; ++i) {
      Type &type = arguments[firstArgument + i];
      ValueType before = valueTypeOf(type);
      if (before.kind == ValueKind::Optional && valueTypeOf(body->results[firstResult + i].getType()).kind != ValueKind::Optional) {
        if (!wrap(node, *body, firstResult + i)) {
          return std::nullopt;
        }
        body->wrapped.push_back(i);
      }
      ValueType both = join(before, valueTypeOf(body->results[firstResult + i].getType()));
      if (both.kind == ValueKind::None) {
        node.OpBuilding::fail("a value it carries changes its type from " + before.str() + " to " +
                              valueTypeOf(body->results[firstResult + i].getType()).str());
        return std::nullopt;
      }
      if (round == kMostRounds - 3 && both.isTensor() && both != before) {
        both = ValueType::unranked(both.dtype); // do not creep
      }
      stable &= both == before;
      type = typeFor(node, both);
    }
    if (stable) {
      return body;
    }
  }
  node.OpBuilding::fail("the types of the values it carries do not settle");
  return std::nullopt;
}

/// The type of results joined along a new axis: `count` is the number of steps, or unknown.
ValueType stacked(NodeContext &node, Value step, int64_t axis, int64_t count) {
  ValueType type = valueTypeOf(step.getType());
  if (!type.isTensor()) {
    node.OpBuilding::fail("it collects a value that is no tensor");
    return ValueType::unranked(DType::F32);
  }
  int64_t rank = type.rank() + 1, at = axis < 0 ? axis + rank : axis;
  if (!type.ranked || at < 0 || at >= rank) {
    return ValueType::unranked(type.dtype);
  }
  type.shape.insert(type.shape.begin() + at, count);
  return type;
}

/// The number of steps, when neither the condition nor the count depends on what happens at run time.
int64_t knownTrips(NodeContext &node, Body &body) {
  auto isTrue = [](Value value) {
    std::optional<Tensor> constant = value ? graph::constantTensor(value) : std::nullopt;
    return constant && constant->size() == 1 && constant->asInt(0) != 0;
  };
  std::optional<Tensor> count = node.has(0) ? graph::constantTensor(node.input(0)) : std::nullopt;
  Value next = body.results.front();
  bool always = (!node.has(1) || isTrue(node.input(1))) && (next == body.block().getArgument(1) || isTrue(next));
  return count && count->size() == 1 && always ? std::max<int64_t>(count->asInt(0), 0) : kUnknownDim;
}

LogicalResult loop(NodeContext &node) {
  const onnx::AttributeProto *attribute = node.attr("body");
  if (!attribute) {
    return node.fail("its body is missing");
  }
  SmallVector<Value> carried(node.inputs().drop_front(std::min<size_t>(2, node.numInputs())));
  SmallVector<Type> arguments{RankedTensorType::get({}, IntegerType::get(node.context(), 64)),
                              RankedTensorType::get({}, IntegerType::get(node.context(), 1))};
  for (Value value : carried) {
    if (!value) {
      return node.fail("a carried value is missing");
    }
    arguments.push_back(value.getType());
  }
  std::optional<Body> body = settle(node, attribute->g(), arguments, 2, carried.size(), 1);
  if (!body) {
    return failure();
  }
  int64_t trips = knownTrips(node, *body);
  OperationState state(node.location(), graph::LoopOp::getOperationName());
  for (Value operand : {node.input(0), node.input(1)}) {
    if (operand) {
      state.addOperands(operand);
    }
  }
  state.addOperands(carried);
  auto &properties = state.getOrAddProperties<graph::LoopOp::Properties>();
  properties.operandSegmentSizes = {node.has(0), node.has(1), static_cast<int32_t>(carried.size())};
  state.addTypes(ArrayRef<Type>(arguments).drop_front(2));
  for (Value step : ArrayRef<Value>(body->results).drop_front(1 + carried.size())) {
    state.addTypes(typeFor(node, stacked(node, step, 0, trips)));
  }
  state.addRegion(std::move(body->region));
  SmallVector<Value> results(node.opBuilder().create(state)->getResults());
  for (size_t i : body->wrapped) {
    results[i] = node.hostOne("optional_get", {results[i]});
  }
  return node.results(results);
}

Ints paddedInts(Ints list, size_t size) {
  list.resize(size, 0);
  return list;
}

LogicalResult scan(NodeContext &node) {
  const onnx::AttributeProto *attribute = node.attr("body");
  int64_t count = node.attrInt("num_scan_inputs", 0), states = static_cast<int64_t>(node.numInputs()) - count;
  if (!attribute || count < 1 || states < 0 || !node.needInputs(node.numInputs())) {
    return node.fail("num_scan_inputs does not fit the inputs");
  }
  Ints axes = paddedInts(node.attrInts("scan_input_axes"), count), directions = paddedInts(node.attrInts("scan_input_directions"), count);
  SmallVector<Type> arguments;
  int64_t trips = kUnknownDim;
  for (auto [i, value] : llvm::enumerate(node.inputs())) {
    ValueType type = valueTypeOf(value.getType());
    if (static_cast<int64_t>(i) >= states) {
      int64_t axis = axes[i - states];
      axis = axis < 0 ? axis + type.rank() : axis;
      if (!type.isTensor() || (type.ranked && (axis < 0 || axis >= type.rank()))) {
        return node.fail("a scanned input has no such axis");
      }
      if (type.ranked) {
        trips = std::max(trips, type.shape[axis]);
        type.shape.erase(type.shape.begin() + axis);
      }
    }
    arguments.push_back(typeFor(node, type));
  }
  std::optional<Body> body = settle(node, attribute->g(), arguments, 0, states, 0);
  if (!body) {
    return failure();
  }
  size_t outs = body->results.size() - states;
  Ints outAxes = paddedInts(node.attrInts("scan_output_axes"), outs);
  OperationState state(node.location(), graph::ScanOp::getOperationName());
  state.addOperands(node.inputs());
  auto &properties = state.getOrAddProperties<graph::ScanOp::Properties>();
  properties.operandSegmentSizes = {static_cast<int32_t>(states), static_cast<int32_t>(count)};
  properties.input_axes = node.intsAttr(axes);
  properties.input_directions = node.intsAttr(directions);
  properties.output_axes = node.intsAttr(outAxes);
  properties.output_directions = node.intsAttr(paddedInts(node.attrInts("scan_output_directions"), outs));
  state.addTypes(ArrayRef<Type>(arguments).take_front(states));
  for (auto [i, step] : llvm::enumerate(ArrayRef<Value>(body->results).drop_front(states))) {
    state.addTypes(typeFor(node, stacked(node, step, outAxes[i], trips)));
  }
  state.addRegion(std::move(body->region));
  return node.results(SmallVector<Value>(node.opBuilder().create(state)->getResults()));
}

} // namespace

void addRunTimeControlHandlers(HandlerTable &table) {
  table.add("If", 1, branch);
  table.add("Loop", 1, loop);
  table.add("Scan", 9, scan);
}

} // namespace ncc::frontend

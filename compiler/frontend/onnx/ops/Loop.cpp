// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Loop and Scan with a trip count known now, unrolled.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

/// More steps than this would make a program nobody wants to compile.
static constexpr int64_t kMaxSteps = 512;

/// Joins what each step gave along a new axis.
static Value stacked(NodeContext &node, ArrayRef<Value> steps, int64_t axis, bool reverse) {
  SmallVector<Value> parts;
  for (Value step : steps) {
    if (axis > node.rankOf(step)) {
      return node.OpBuilding::fail("an output axis is outside the result's rank");
    }
    Ints dims(node.dimsOf(step));
    dims.insert(dims.begin() + axis, 1);
    parts.push_back(node.reshape(step, dims));
  }
  if (reverse) {
    std::reverse(parts.begin(), parts.end());
  }
  return node.concat(parts, axis);
}

static std::optional<int64_t> knownCount(NodeContext &node) {
  if (!node.has(0)) {
    node.OpBuilding::fail("a loop without a trip count is not supported");
    return std::nullopt;
  }
  std::optional<Ints> trips = node.constInts(0, "trip count");
  if (!trips || trips->size() != 1 || trips->front() > kMaxSteps) {
    node.OpBuilding::fail(absl::StrCat("its trip count must be a constant of at most ", kMaxSteps));
    return std::nullopt;
  }
  return std::max<int64_t>(trips->front(), 0);
}

static LogicalResult loop(NodeContext &node) {
  const onnx::AttributeProto *body = node.attr("body");
  std::optional<int64_t> trips = body ? knownCount(node) : std::nullopt;
  if (!trips) {
    return failure();
  }
  SmallVector<Value> carried(node.inputs().drop_front(std::min<size_t>(2, node.numInputs())));
  size_t states = carried.size(), scans = node.numOutputs() > states ? node.numOutputs() - states : 0;
  std::vector<SmallVector<Value>> collected(scans);
  Value condition = node.has(1) ? node.input(1) : node.splat(RankedTensorType::get({}, IntegerType::get(node.context(), 1)), 1);
  for (int64_t step = 0; step < *trips; ++step) {
    std::optional<Tensor> go = graph::constantTensor(condition);
    if (!go || go->size() != 1) {
      return node.fail("its condition is computed at run time");
    }
    if (go->asInt(0) == 0) {
      break;
    }
    Tensor count(DType::I64, {});
    count.setInt(0, step);
    SmallVector<Value> arguments{node.constant(count), condition};
    llvm::append_range(arguments, carried);
    SmallVector<Value> results = node.scope().importBody(body->g(), arguments);
    if (results.size() != 1 + states + scans) {
      return node.fail("its body cannot be imported, or does not give what the loop carries");
    }
    condition = results[0];
    std::copy_n(results.begin() + 1, states, carried.begin());
    for (size_t i = 0; i < scans; ++i) {
      collected[i].push_back(results[1 + states + i]);
    }
  }
  for (size_t i = 0; i < scans; ++i) {
    if (collected[i].empty()) {
      return node.fail("it collects results of no step");
    }
    carried.push_back(stacked(node, collected[i], 0, false));
  }
  return node.results(carried);
}

static int64_t entry(const Ints &list, size_t i) { return i < list.size() ? list[i] : 0; }

static LogicalResult scan(NodeContext &node) {
  const onnx::AttributeProto *body = node.attr("body");
  int64_t scanInputs = node.attrInt("num_scan_inputs", 0), states = static_cast<int64_t>(node.numInputs()) - scanInputs;
  if (!body || scanInputs < 1 || states < 0 || !node.needInputs(node.numInputs())) {
    return node.fail("num_scan_inputs does not fit the inputs");
  }
  Ints inAxes = node.attrInts("scan_input_axes"), outAxes = node.attrInts("scan_output_axes");
  Ints inDirections = node.attrInts("scan_input_directions"), outDirections = node.attrInts("scan_output_directions");
  SmallVector<Value> carried(node.inputs().take_front(states));
  int64_t trips = -1, scans = static_cast<int64_t>(node.numOutputs()) - states;
  Ints axes;
  for (int64_t i = 0; i < scanInputs; ++i) {
    Value x = node.input(states + i);
    std::optional<int64_t> axis = node.axis(entry(inAxes, i), node.rankOf(x));
    if (!axis || (trips >= 0 && node.dimsOf(x)[*axis] != trips)) {
      return node.fail("its scanned inputs differ in length");
    }
    axes.push_back(*axis);
    trips = node.dimsOf(x)[*axis];
  }
  if (trips < 1 || trips > kMaxSteps || scans < 0) {
    return node.fail(absl::StrCat("its length ", trips, " is not between 1 and ", kMaxSteps));
  }
  std::vector<SmallVector<Value>> collected(scans);
  for (int64_t step = 0; step < trips; ++step) {
    SmallVector<Value> arguments = carried;
    for (int64_t i = 0; i < scanInputs; ++i) {
      Value x = node.input(states + i);
      Ints dims(node.dimsOf(x));
      dims.erase(dims.begin() + axes[i]);
      int64_t at = entry(inDirections, i) ? trips - 1 - step : step;
      arguments.push_back(node.reshape(node.sliceAxis(x, axes[i], at, 1), dims));
    }
    SmallVector<Value> results = node.scope().importBody(body->g(), arguments);
    if (static_cast<int64_t>(results.size()) != states + scans) {
      return node.fail("its body cannot be imported, or does not give what the scan carries");
    }
    std::copy_n(results.begin(), states, carried.begin());
    for (int64_t i = 0; i < scans; ++i) {
      collected[i].push_back(results[states + i]);
    }
  }
  for (int64_t i = 0; i < scans; ++i) {
    std::optional<int64_t> axis = node.axis(entry(outAxes, i), node.rankOf(collected[i].front()) + 1);
    if (!axis) {
      return failure();
    }
    carried.push_back(stacked(node, collected[i], *axis, entry(outDirections, i) != 0));
  }
  return node.results(carried);
}

void addLoopHandlers(HandlerTable &table) {
  table.add("Loop", 1, loop);
  table.add("Scan", 9, scan);
}

} // namespace ncc::frontend

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Loop and Scan with a trip count known now, unrolled.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/TrialScope.h"

#include "absl/strings/str_cat.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace ncc::frontend {

/// More steps than this, or more nodes in all steps, would make a program nobody wants to compile: such a loop stays one.
/// The steps of the unrolled loops around it count, too.
static constexpr int64_t kMaxSteps = 512, kMaxNodes = 20000;

/// Nodes of a body; those of a loop within it count as often as a short loop takes them.
static int64_t nodesOf(const onnx::GraphProto &body) {
  constexpr int64_t kInnerSteps = 64;
  int64_t nodes = body.node_size();
  for (const onnx::NodeProto &node : body.node()) {
    if (node.op_type() != "Loop" && node.op_type() != "Scan") {
      continue;
    }
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      nodes = std::min(kMaxNodes + 1, nodes + (attribute.has_g() ? kInnerSteps * nodesOf(attribute.g()) : 0));
    }
  }
  return nodes;
}

static bool worthUnrolling(NodeContext &node, const onnx::GraphProto &body, int64_t steps) {
  return steps <= kMaxSteps && static_cast<TrialScope &>(node.scope()).copies * steps * nodesOf(body) <= kMaxNodes;
}

/// A body as one of so many copies.
static SmallVector<Value> importStep(NodeContext &node, const onnx::GraphProto &body, ArrayRef<Value> arguments, int64_t steps) {
  int64_t &copies = static_cast<TrialScope &>(node.scope()).copies;
  llvm::SaveAndRestore restore(copies, copies * steps);
  return node.scope().importBody(body, arguments);
}

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

static std::optional<int64_t> knownCount(NodeContext &node, const onnx::GraphProto &body) {
  std::optional<Tensor> trips = node.has(0) ? graph::constantTensor(node.input(0)) : std::nullopt;
  if (!trips || trips->size() != 1 || !worthUnrolling(node, body, trips->asInt(0))) {
    node.OpBuilding::fail("its trip count is computed at run time, or large");
    return std::nullopt;
  }
  return std::max<int64_t>(trips->asInt(0), 0);
}

static LogicalResult loop(NodeContext &node) {
  const onnx::AttributeProto *body = node.attr("body");
  std::optional<int64_t> trips = body ? knownCount(node, body->g()) : std::nullopt;
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
    SmallVector<Value> results = importStep(node, body->g(), arguments, *trips);
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
      return node.fail("it collects results of no step: their shape is computed at run time");
    }
    carried.push_back(stacked(node, collected[i], 0, false));
  }
  return node.results(carried);
}

static int64_t entry(const Ints &list, size_t i) { return i < list.size() ? list[i] : 0; }

/// One element along an axis, without the axis.
static Value elementAt(NodeContext &node, Value x, int64_t axis, int64_t at) {
  Ints dims(node.dimsOf(x));
  dims.erase(dims.begin() + axis);
  return node.reshape(node.sliceAxis(x, axis, at, 1), dims);
}

/// One step of a scan: its body imported on `arguments`, the states carried on, what it yields collected.
static LogicalResult scanStep(NodeContext &node, const onnx::GraphProto &body, ArrayRef<Value> arguments, int64_t steps, SmallVector<Value> &carried,
                              std::vector<SmallVector<Value>> &collected) {
  SmallVector<Value> results = importStep(node, body, arguments, steps);
  size_t states = carried.size();
  if (results.size() != states + collected.size()) {
    return node.fail("its body cannot be imported, or does not give what the scan carries");
  }
  std::copy_n(results.begin(), states, carried.begin());
  for (size_t i = 0; i < collected.size(); ++i) {
    collected[i].push_back(results[states + i]);
  }
  return success();
}

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
  if (scans < 0) {
    return node.fail("it has fewer results than it carries");
  }
  if (trips < 1 || !worthUnrolling(node, body->g(), trips)) {
    return node.fail("its length is zero or large: its steps are computed at run time");
  }
  std::vector<SmallVector<Value>> collected(scans);
  for (int64_t step = 0; step < trips; ++step) {
    SmallVector<Value> arguments = carried;
    for (int64_t i = 0; i < scanInputs; ++i) {
      int64_t at = entry(inDirections, i) ? trips - 1 - step : step;
      arguments.push_back(elementAt(node, node.input(states + i), axes[i], at));
    }
    if (failed(scanStep(node, body->g(), arguments, trips, carried, collected))) {
      return failure();
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

/// Scan-8: the first dim of everything is a batch, whose elements are scanned each by itself; lengths may differ.
static LogicalResult scanBatched(NodeContext &node) {
  const onnx::AttributeProto *body = node.attr("body");
  int64_t scanInputs = node.attrInt("num_scan_inputs", 0), states = static_cast<int64_t>(node.numInputs()) - 1 - scanInputs;
  if (!body || scanInputs < 1 || states < 0) {
    return node.fail("num_scan_inputs does not fit the inputs");
  }
  for (size_t i = 1; i < node.numInputs(); ++i) {
    if (!node.has(i) || node.rankOf(node.input(i)) < (static_cast<int64_t>(i) > states ? 2 : 1)) {
      return node.fail("every state and scanned input needs a batch dim");
    }
  }
  IntsRef dims = node.dimsOf(node.input(1 + states));
  int64_t batch = dims[0], trips = dims[1], scans = static_cast<int64_t>(node.numOutputs()) - states;
  if (scans < 0 || batch < 1 || trips < 1 || !worthUnrolling(node, body->g(), batch * trips)) {
    return node.fail("its batch or length is zero or large: its steps are computed at run time");
  }
  Ints lengths(batch, trips), directions = node.attrInts("directions");
  if (node.has(0)) {
    std::optional<Ints> given = node.constInts(0, "sequence lengths");
    if (!given || static_cast<int64_t>(given->size()) != batch) {
      return node.fail("sequence lengths must have one entry per batch");
    }
    lengths = *given;
  }
  std::vector<SmallVector<Value>> finals(states), joined(scans);
  for (int64_t b = 0; b < batch; ++b) {
    SmallVector<Value> carried;
    std::vector<SmallVector<Value>> collected(scans);
    for (int64_t i = 0; i < states; ++i) {
      carried.push_back(elementAt(node, node.input(1 + i), 0, b));
    }
    for (int64_t step = 0; step < trips; ++step) {
      if (step >= lengths[b] && step > 0) { // nothing happens any more
        for (SmallVector<Value> &list : collected) {
          list.push_back(node.splat(node.typeOf(list.front()), 0));
        }
        continue;
      }
      SmallVector<Value> arguments = carried;
      for (int64_t i = 0; i < scanInputs; ++i) {
        int64_t at = entry(directions, i) ? lengths[b] - 1 - step : step;
        arguments.push_back(elementAt(node, elementAt(node, node.input(1 + states + i), 0, b), 0, std::max<int64_t>(at, 0)));
      }
      if (failed(scanStep(node, body->g(), arguments, batch * trips, carried, collected))) {
        return failure();
      }
    }
    for (int64_t i = 0; i < states; ++i) {
      finals[i].push_back(carried[i]);
    }
    for (int64_t i = 0; i < scans; ++i) {
      joined[i].push_back(stacked(node, collected[i], 0, false));
    }
  }
  SmallVector<Value> results;
  for (const auto *lists : {&finals, &joined}) {
    for (const SmallVector<Value> &list : *lists) {
      results.push_back(llvm::is_contained(list, Value()) ? Value() : stacked(node, list, 0, false));
    }
  }
  return node.results(results);
}

void addLoopHandlers(HandlerTable &table) {
  table.add("Scan", 8, scanBatched);
  table.add("Loop", 1, loop);
  table.add("Scan", 9, scan);
}

} // namespace ncc::frontend

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Run-time forms of what works along an axis or makes tables of a few numbers: where only a choice is open, every choice
// has a branch with the static form, so that the work stays on the engines; where a shape is, a host kernel makes it.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/RunTimeShapes.h"
#include "dialects/graph/ValueTypes.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using ops::Attributes;

std::vector<int64_t> listOf(const Ints &values) { return {values.begin(), values.end()}; }

std::string typeName(Type element) { return std::string(dtypeName(graph::dtypeOf(element).value_or(DType::F32))); }

/// The static form's first result with one operand replaced; null, with the reason, when there is no such form.
Value staticForm(NodeContext &node, size_t operand, Value replacement, std::string &reason) {
  SmallVector<Value> operands(node.inputs());
  operands[operand] = replacement;
  NodeContext inner(node.opBuilder(), node.location(), node.proto(), node.opset(), operands, node.scope());
  Handler handler = handlers().find("", node.opType(), node.opset());
  bool done = handler && succeeded(handler(inner));
  reason = inner.reason();
  return done ? inner.outputs().front() : Value();
}

/// Stands for what an axis would give that has no meaning for the shapes: an error when the model chooses that axis.
Value unreachable(NodeContext &node, const ValueType &type, const std::string &reason) {
  Attributes attributes;
  attributes.set("reason", "the model chooses an axis that cannot be computed along for the shapes it was compiled for: " + reason);
  return node.hostOne("unreachable", {}, attributes, type);
}

/// One nested branch for each axis in [at, end); `axis` is a scalar, wrapped. Null, with the reason, when none has a form.
Value branchOnAxis(NodeContext &node, size_t operand, Value axis, int64_t at, int64_t end, std::string &reason) {
  if (at + 1 >= end) {
    return staticForm(node, operand, scalarOf(node, at), reason);
  }
  Value condition = node.compare(graph::CompareKind::Eq, axis, scalarOf(node, at));
  if (!condition) {
    return {};
  }
  OpBuilder &builder = node.opBuilder();
  OperationState state(node.location(), graph::IfOp::getOperationName());
  state.addOperands(condition);
  auto inBranch = [&](size_t i, auto build) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&state.regions[i]->front());
    return build();
  };
  Value results[2];
  std::string reasons[2];
  for (size_t i : {0, 1}) {
    state.addRegion()->push_back(new Block());
    results[i] = inBranch(i, [&] {
      return i == 0 ? staticForm(node, operand, scalarOf(node, at), reasons[i]) : branchOnAxis(node, operand, axis, at + 1, end, reasons[i]);
    });
  }
  if (!results[0] && !results[1]) {
    reason = reasons[0];
    return {};
  }
  for (size_t i : {0, 1}) {
    results[i] = results[i] ? results[i] : inBranch(i, [&] { return unreachable(node, graph::valueTypeOf(results[1 - i].getType()), reasons[i]); });
    if (!results[i]) {
      return {};
    }
    inBranch(i, [&] { return graph::YieldOp::create(builder, node.location(), results[i]); });
  }
  ValueType type = join(graph::valueTypeOf(results[0].getType()), graph::valueTypeOf(results[1].getType()));
  state.addTypes(graph::typeOfValueType(node.context(), type));
  return builder.create(state)->getResult(0);
}

/// `axes`: how many leading ones the axis may name.
LogicalResult overAxes(NodeContext &node, size_t operand, int64_t axes) {
  Value axis = node.cast(node.reshape(node.input(operand), {}), node.attrs().getI64Type());
  int64_t rank = node.rankOf(node.input(0));
  if (!axis || axes < 1) {
    return node.fail("has no axis to work along");
  }
  if (axes > 1) {
    Value negative = node.compare(graph::CompareKind::Lt, axis, scalarOf(node, 0));
    axis = node.select(negative, node.add(axis, scalarOf(node, rank)), axis);
  }
  std::string reason;
  Value y = axis ? branchOnAxis(node, operand, axis, 0, axes, reason) : Value();
  return y ? node.result(y) : node.fail(reason);
}

LogicalResult cumulative(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  if (graph::isStaticTensor(node.input(0).getType())) {
    return overAxes(node, 1, node.rankOf(node.input(0)));
  }
  Attributes attributes;
  attributes.set("exclusive", node.attrInt("exclusive", 0));
  attributes.set("reverse", node.attrInt("reverse", 0));
  attributes.set("product", int64_t{node.opType() == "CumProd"});
  return node.result(node.hostOne("cumsum_by", node.inputs(), attributes));
}

LogicalResult dft(NodeContext &node) {
  if (!node.has(2) || graph::constantTensor(node.input(2))) {
    return node.fail("its signal's shape or its dft_length is computed at run time");
  }
  return overAxes(node, 2, node.rankOf(node.input(0)) - 1);
}

LogicalResult window(NodeContext &node) {
  Type element = node.needInputs(1, 1) ? node.element(node.attrInt("output_datatype", 1)) : Type();
  if (!element) {
    return failure();
  }
  StringRef op = node.opType();
  Attributes attributes;
  attributes.set("terms", op == "HannWindow" ? std::vector<double>{0.5, 0.5, 0} : op == "HammingWindow" ? std::vector<double>{25.0 / 46, 21.0 / 46, 0}
                                                                                                        : std::vector<double>{0.42, 0.5, 0.08});
  attributes.set("periodic", node.attrInt("periodic", 1));
  attributes.set("to", typeName(element));
  return node.result(node.hostOne("cosine_window", {node.input(0)}, attributes));
}

LogicalResult melWeights(NodeContext &node) {
  Type element = node.needInputs(5, 5) ? node.element(node.attrInt("output_datatype", 1)) : Type();
  if (!element) {
    return failure();
  }
  Attributes attributes;
  attributes.set("to", typeName(element));
  return node.result(node.hostOne("mel_weights", node.inputs(), attributes));
}

/// The product of the positions with theta, its rows in the shape of the image.
LogicalResult affineGrid(NodeContext &node) {
  if (!node.needInputs(2, 2) || node.rankOf(node.input(0)) != 3) {
    return node.fail("needs theta [N,2,3] or [N,3,4] and a size of 4 or 5 dims");
  }
  Attributes corners, flip;
  corners.set("corners", node.attrInt("align_corners", 0));
  flip.set("transpose_b", int64_t{1});
  Value theta = node.input(0), size = node.input(1), positions = node.hostOne("grid_positions", {size}, corners);
  positions = node.cast(positions, node.elementOf(theta));
  Value y = positions ? node.hostOne("matmul", {positions, theta}, flip) : Value();
  int64_t dims = node.dimsOf(theta)[1];
  Value spatial = y ? node.hostOne("slice_by", {size, node.constantInts({2}), node.constantInts({dims + 2})}) : Value();
  spatial = node.cast(spatial, node.attrs().getI64Type());
  Value shape = spatial ? node.concat({node.constantInts({node.dimsOf(theta)[0]}), spatial, node.constantInts({dims})}, 0) : Value();
  return shape ? node.result(node.hostOne("reshape_to", {y, shape})) : failure();
}

LogicalResult centerCropPad(NodeContext &node) {
  Attributes attributes;
  attributes.set("axes", listOf(node.attrInts("axes")));
  return node.result(node.hostOne("center_crop_pad", node.inputs(), attributes));
}

LogicalResult col2im(NodeContext &node) {
  Attributes attributes;
  for (StringRef name : {"strides", "pads", "dilations"}) {
    attributes.set(name.str(), listOf(node.attrInts(name)));
  }
  return node.result(node.hostOne("col2im", node.inputs(), attributes));
}

} // namespace

void addRunTimeSignalHandlers(HandlerTable &table) {
  table.add("CumSum", 11, cumulative);
  table.add("CumProd", 26, cumulative);
  table.add("DFT", 20, dft);
  table.add("HannWindow", 17, window);
  table.add("HammingWindow", 17, window);
  table.add("BlackmanWindow", 17, window);
  table.add("MelWeightMatrix", 17, melWeights);
  table.add("AffineGrid", 20, affineGrid);
  table.add("CenterCropPad", 18, centerCropPad);
  table.add("Col2Im", 18, col2im);
}

} // namespace ncc::frontend

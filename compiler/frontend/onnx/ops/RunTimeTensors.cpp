// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Run-time forms of tensor operators: what their static forms need to know at compile time (shapes, axes, counts) is
// computed by the model.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using ops::Attributes;

std::vector<int64_t> listOf(const Ints &values) { return {values.begin(), values.end()}; }

/// The kernel with all operands and the named integer attributes the node has.
LogicalResult plain(NodeContext &node, StringRef kernel, ArrayRef<StringRef> names = {}, Attributes attributes = {}) {
  for (StringRef name : names) {
    if (node.hasAttr(name)) {
      attributes.set(name.str(), node.attrInt(name, 0));
    }
  }
  SmallVector<Value> results = node.host(kernel, node.inputs(), attributes);
  return results.empty() ? failure() : node.results(results);
}

/// Axes as an operand from the opset that made them one, else the attribute.
LogicalResult withAxes(NodeContext &node, StringRef kernel, Attributes attributes = {}) {
  if (node.hasAttr("axes")) {
    attributes.set("axes", listOf(node.attrInts("axes")));
  }
  return plain(node, kernel, {"keepdims", "noop_with_empty_axes"}, std::move(attributes));
}

template <graph::ReduceKind kind>
LogicalResult reduce(NodeContext &node) {
  Attributes attributes;
  attributes.set("kind", stringifyReduceKind(kind).str());
  return withAxes(node, "reduce_by", attributes);
}

LogicalResult reshape(NodeContext &node) {
  if (node.opset() < 5) {
    Value shape = node.constantInts(node.attrInts("shape"));
    return node.result(node.hostOne("reshape_to", {node.input(0), shape}));
  }
  return plain(node, "reshape_to", {"allowzero"});
}

LogicalResult slice(NodeContext &node) {
  if (node.opset() >= 10 || node.opType() == "DynamicSlice") {
    return plain(node, "slice_by");
  }
  Value axes = node.hasAttr("axes") ? node.constantInts(node.attrInts("axes")) : Value();
  return node.result(node.hostOne("slice_by", {node.input(0), node.constantInts(node.attrInts("starts")), node.constantInts(node.attrInts("ends")), axes}));
}

LogicalResult pad(NodeContext &node) {
  Attributes attributes;
  attributes.set("mode", node.attrString("mode", "constant"));
  if (node.opset() >= 11) {
    return plain(node, "pad_by", {}, attributes);
  }
  Value border = node.scalarLike(node.input(0), node.attrFloat("value", 0));
  return node.result(node.hostOne("pad_by", {node.input(0), node.constantInts(node.attrInts(node.opset() < 2 ? "paddings" : "pads")), border}, attributes));
}

LogicalResult split(NodeContext &node) {
  Attributes attributes;
  attributes.set("parts", static_cast<int64_t>(node.numOutputs()));
  attributes.set("axis", node.attrInt("axis", 0));
  Value sizes = node.has(1) ? node.input(1) : node.hasAttr("split") ? node.constantInts(node.attrInts("split")) : Value();
  SmallVector<Value> results = node.host("split_by", {node.input(0), sizes}, attributes);
  return results.empty() ? failure() : node.results(results);
}

LogicalResult constantOfShape(NodeContext &node) {
  Value value;
  if (const onnx::AttributeProto *given = node.attr("value")) {
    absl::StatusOr<Tensor> tensor = node.scope().tensor(given->t());
    if (!tensor.ok() || tensor->size() != 1) {
      return node.fail("value must be one number");
    }
    value = node.constant(*tensor);
  }
  return node.result(node.hostOne("fill", {node.input(0), value}));
}

/// The experimental operator before it: the shape, or what has it, and more dims behind.
LogicalResult constantFill(NodeContext &node) {
  Type element = node.needInputs(1, 1) ? node.element(node.attrInt("dtype", 1)) : Type();
  if (!element) {
    return failure();
  }
  bool given = node.attrInt("input_as_shape", 0) != 0;
  Value dims = given ? node.cast(node.input(0), node.attrs().getI64Type()) : node.hostOne("shape_of", {node.input(0)});
  Ints extra = node.attrInts("extra_shape");
  dims = dims && !extra.empty() ? node.concat({dims, node.constantInts(extra)}, 0) : dims;
  Value value = node.splat(RankedTensorType::get({}, element), node.attrFloat("value", 0));
  return dims ? node.result(node.hostOne("fill", {dims, value})) : failure();
}

LogicalResult tile(NodeContext &node) {
  if (node.opset() < 6) {
    return node.fail("its repeats are computed at run time");
  }
  return plain(node, "tile_by");
}

LogicalResult topk(NodeContext &node) {
  Value k = node.opset() >= 10 ? node.input(1) : node.constantInts({node.attrInt("k", 1)});
  Attributes attributes;
  attributes.set("axis", node.attrInt("axis", -1));
  attributes.set("largest", node.attrInt("largest", 1));
  attributes.set("sorted", node.attrInt("sorted", 1));
  SmallVector<Value> results = node.host("topk_by", {node.input(0), k}, attributes);
  return results.empty() ? failure() : node.results(results);
}

LogicalResult concat(NodeContext &node) {
  Attributes attributes;
  attributes.set("axis", node.attrInt("axis", node.opset() < 4 ? 1 : 0));
  return plain(node, "concat", {}, attributes);
}

LogicalResult transpose(NodeContext &node) {
  Attributes attributes;
  attributes.set("perm", listOf(node.attrInts("perm")));
  return plain(node, "transpose", {}, attributes);
}

LogicalResult scatter(NodeContext &node) {
  Attributes attributes;
  attributes.set("reduction", node.attrString("reduction", "none"));
  return plain(node, node.opType() == "ScatterND" ? "scatter_nd" : "scatter_elements", {"axis"}, attributes);
}

LogicalResult unique(NodeContext &node) { return plain(node, "unique", {"axis", "sorted"}); }

LogicalResult resize(NodeContext &node) {
  Attributes attributes;
  if (node.hasAttr("axes")) {
    attributes.set("axes", listOf(node.attrInts("axes")));
  }
  std::string mode = node.attrString("mode", "nearest");
  bool early = node.opset() < 11 || node.opType() == "Upsample"; // x * scale without centering; operands (x, scales)
  attributes.set("mode", mode == "bilinear" ? std::string("linear") : mode == "bicubic" ? std::string("cubic") : mode);
  attributes.set("coordinate_mode", early ? std::string("asymmetric") : node.attrString("coordinate_transformation_mode", "half_pixel"));
  attributes.set("nearest_mode", early ? std::string("floor") : node.attrString("nearest_mode", "round_prefer_floor"));
  attributes.set("cubic_coeff", node.attrFloat("cubic_coeff_a", -0.75));
  attributes.set("extrapolation_value", node.attrFloat("extrapolation_value", 0.0));
  attributes.set("exclude_outside", node.attrInt("exclude_outside", 0));
  attributes.set("antialias", node.attrInt("antialias", 0));
  attributes.set("keep_aspect_ratio_policy", node.attrString("keep_aspect_ratio_policy", "stretch"));
  if (early) {
    return node.result(node.hostOne("resize_by", {node.input(0), Value(), node.input(1)}, attributes));
  }
  return plain(node, "resize_by", {}, attributes);
}

LogicalResult oneHot(NodeContext &node) { return plain(node, "one_hot_by", {"axis"}); }
LogicalResult shape(NodeContext &node) { return plain(node, "shape_of", {"start", "end"}); }
LogicalResult size(NodeContext &node) { return plain(node, "size_of"); }
LogicalResult range(NodeContext &node) { return plain(node, "range"); }
LogicalResult expand(NodeContext &node) { return plain(node, "expand_to"); }
LogicalResult flatten(NodeContext &node) { return plain(node, "flatten", {"axis"}); }
LogicalResult squeeze(NodeContext &node) { return withAxes(node, "squeeze"); }
LogicalResult unsqueeze(NodeContext &node) { return withAxes(node, "unsqueeze"); }
LogicalResult trilu(NodeContext &node) { return plain(node, "triangle", {"upper"}); }
LogicalResult gather(NodeContext &node) { return plain(node, "gather", {"axis"}); }
LogicalResult gatherElements(NodeContext &node) { return plain(node, "gather_elements", {"axis"}); }
LogicalResult gatherNd(NodeContext &node) { return plain(node, "gather_nd", {"batch_dims"}); }
LogicalResult nonzero(NodeContext &node) { return plain(node, "nonzero"); }
LogicalResult compress(NodeContext &node) { return plain(node, "compress", {"axis"}); }
LogicalResult nonMaxSuppression(NodeContext &node) { return plain(node, "non_max_suppression", {"center_point_box"}); }
LogicalResult matmul(NodeContext &node) { return plain(node, "matmul"); }

template <graph::ArgKind kind>
LogicalResult argReduce(NodeContext &node) {
  Attributes attributes;
  attributes.set("kind", stringifyArgKind(kind).str());
  attributes.set("select_last", node.attrInt("select_last_index", 0));
  return plain(node, "arg_reduce", {"axis", "keepdims"}, attributes);
}

/// alpha * a b + beta * c, from parts that need no shapes.
LogicalResult gemm(NodeContext &node) {
  Attributes attributes;
  attributes.set("transpose_a", node.attrInt("transA", 0));
  attributes.set("transpose_b", node.attrInt("transB", 0));
  Value y = node.hostOne("matmul", {node.input(0), node.input(1)}, attributes);
  double alpha = node.attrFloat("alpha", 1), beta = node.attrFloat("beta", 1);
  y = alpha == 1 ? y : node.mul(y, node.scalarLike(node.input(0), alpha));
  if (node.has(2)) {
    Value c = beta == 1 ? node.input(2) : node.mul(node.input(2), node.scalarLike(node.input(0), beta));
    y = node.add(y, c);
  }
  return node.result(y);
}

/// Training is not supported, hence the operand itself.
LogicalResult dropout(NodeContext &node) {
  if (node.wantsOutput(1)) {
    return node.fail("its mask has a shape computed at run time");
  }
  return node.result(node.input(0));
}

LogicalResult identity(NodeContext &node) { return node.result(node.input(0)); }

} // namespace

void addRunTimeTensorHandlers(HandlerTable &table) {
  using graph::ReduceKind;
  table.add("Reshape", 1, reshape);
  table.add("Slice", 1, slice);
  table.add("DynamicSlice", 1, slice);
  table.add("Pad", 1, pad);
  table.add("Split", 1, split);
  table.add("ConstantOfShape", 9, constantOfShape);
  table.add("ConstantFill", 1, constantFill);
  table.add("Tile", 1, tile);
  table.add("TopK", 1, topk);
  table.add("Concat", 1, concat);
  table.add("Transpose", 1, transpose);
  table.add("ScatterElements", 11, scatter);
  table.add("Scatter", 9, scatter);
  table.add("ScatterND", 11, scatter);
  table.add("Unique", 11, unique);
  table.add("Resize", 10, resize);
  table.add("Upsample", 9, resize);
  table.add("OneHot", 9, oneHot);
  table.add("Shape", 1, shape);
  table.add("Size", 1, size);
  table.add("Range", 11, range);
  table.add("Range", 1, range, kMicrosoft);
  table.add("Expand", 8, expand);
  table.add("Flatten", 1, flatten);
  table.add("Squeeze", 1, squeeze);
  table.add("Unsqueeze", 1, unsqueeze);
  table.add("Trilu", 14, trilu);
  table.add("Gather", 1, gather);
  table.add("GatherElements", 11, gatherElements);
  table.add("GatherND", 11, gatherNd);
  table.add("NonZero", 9, nonzero);
  table.add("Compress", 9, compress);
  table.add("NonMaxSuppression", 10, nonMaxSuppression);
  table.add("MatMul", 1, matmul);
  table.add("Gemm", 7, gemm);
  table.add("Dropout", 1, dropout);
  table.add("Identity", 1, identity);
  table.add("ReduceSum", 1, reduce<ReduceKind::Sum>);
  table.add("ReduceMean", 1, reduce<ReduceKind::Mean>);
  table.add("ReduceMax", 1, reduce<ReduceKind::Max>);
  table.add("ReduceMin", 1, reduce<ReduceKind::Min>);
  table.add("ReduceProd", 1, reduce<ReduceKind::Prod>);
  table.add("ReduceSumSquare", 1, reduce<ReduceKind::SumSquare>);
  table.add("ReduceL1", 1, reduce<ReduceKind::L1>);
  table.add("ReduceL2", 1, reduce<ReduceKind::L2>);
  table.add("ReduceLogSum", 1, reduce<ReduceKind::LogSum>);
  table.add("ReduceLogSumExp", 1, reduce<ReduceKind::LogSumExp>);
  table.add("ArgMax", 1, argReduce<graph::ArgKind::Max>);
  table.add("ArgMin", 1, argReduce<graph::ArgKind::Min>);
}

} // namespace ncc::frontend

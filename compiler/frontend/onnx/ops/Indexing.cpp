// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Gathers, scatters, one-hot and what needs constant indices.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Multiples.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

/// Indices as i32 or i64.
static Value indexOperand(NodeContext &node, Value indices) {
  Type type = indices ? node.elementOf(indices) : Type();
  bool fine = type && (type.isSignlessInteger(32) || type.isSignlessInteger(64));
  return !type || fine ? indices : node.cast(indices, IntegerType::get(node.context(), 64));
}

static LogicalResult gather(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value data = node.input(0), indices = indexOperand(node, node.input(1));
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", 0), node.rankOf(data));
  if (!axis || !indices) {
    return failure();
  }
  // One known index is a slice, which needs no gather engine.
  std::optional<Tensor> known = node.typeOf(indices).getNumElements() == 1 ? graph::constantTensor(indices)
                                                                           : std::nullopt;
  if (!known) {
    return node.result(node.gather(data, indices, *axis));
  }
  int64_t size = node.dimsOf(data)[*axis], index = known->asInt(0);
  index = index < 0 ? index + size : index;
  if (index < 0 || index >= size) {
    return node.fail(absl::StrCat("index ", known->asInt(0), " is outside a dim of size ", size));
  }
  Ints dims(node.dimsOf(data).take_front(*axis));
  llvm::append_range(dims, node.dimsOf(indices));
  llvm::append_range(dims, node.dimsOf(data).drop_front(*axis + 1));
  return node.result(node.reshape(node.sliceAxis(data, *axis, index, 1), dims));
}

static LogicalResult gatherElements(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", 0), node.rankOf(node.input(0)));
  if (!axis) {
    return failure();
  }
  graph::GatherElementsOp::Properties properties;
  properties.axis = node.intAttr(*axis);
  return node.result(
      node.one<graph::GatherElementsOp>({node.input(0), indexOperand(node, node.input(1))}, properties));
}

static LogicalResult gatherNd(NodeContext &node) {
  graph::GatherNdOp::Properties properties;
  if (node.attrInt("batch_dims", 0) < 0) {
    return node.fail(absl::StrCat("batch_dims is ", node.attrInt("batch_dims", 0), ": it counts leading dims and cannot be negative"));
  }
  properties.batch_dims = node.intAttr(node.attrInt("batch_dims", 0));
  return node.needInputs(2, 2) ? node.result(node.one<graph::GatherNdOp>({node.input(0), node.input(1)}, properties))
                               : failure();
}

static std::optional<graph::ScatterKind> scatterKind(NodeContext &node) {
  std::optional<graph::ScatterKind> kind = graph::symbolizeScatterKind(node.attrString("reduction", "none"));
  if (!kind) {
    node.OpBuilding::fail("reduction '" + node.attrString("reduction", "") + "' is not supported");
  }
  return kind;
}

static LogicalResult scatterElements(NodeContext &node) {
  if (!node.needInputs(3, 3)) {
    return failure();
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", 0), node.rankOf(node.input(0)));
  std::optional<graph::ScatterKind> kind = scatterKind(node);
  if (!axis || !kind) {
    return failure();
  }
  graph::ScatterElementsOp::Properties properties;
  properties.axis = node.intAttr(*axis);
  properties.reduction = graph::ScatterKindAttr::get(node.context(), *kind);
  return node.result(node.one<graph::ScatterElementsOp>(
      {node.input(0), indexOperand(node, node.input(1)), node.input(2)}, properties));
}

static LogicalResult scatterNd(NodeContext &node) {
  std::optional<graph::ScatterKind> kind = node.needInputs(3, 3) ? scatterKind(node) : std::nullopt;
  if (!kind) {
    return failure();
  }
  graph::ScatterNdOp::Properties properties;
  properties.reduction = graph::ScatterKindAttr::get(node.context(), *kind);
  return node.result(node.one<graph::ScatterNdOp>({node.input(0), node.input(1), node.input(2)}, properties));
}

static LogicalResult oneHot(NodeContext &node) {
  std::optional<double> depth = node.needInputs(3, 3) ? node.constFloat(1, "depth") : std::nullopt;
  if (!depth || *depth < 1 || *depth > 1e9) {
    return node.fail("its depth must be a positive constant");
  }
  Value indices = node.input(0);
  if (isa<FloatType>(node.elementOf(indices))) {
    indices = node.cast(indices, IntegerType::get(node.context(), 64));
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", -1), node.rankOf(indices) + 1);
  if (!axis) {
    return failure();
  }
  Ints dims(node.dimsOf(indices));
  dims.insert(dims.begin() + *axis, static_cast<int64_t>(*depth));
  graph::OneHotOp::Properties properties;
  properties.axis = node.intAttr(*axis);
  Type type = RankedTensorType::get(dims, node.elementOf(node.input(2)));
  return node.result(node.one<graph::OneHotOp>({indices, node.input(2)}, properties, type));
}

/// Compress with a condition known now: a gather of the chosen positions.
static LogicalResult compress(NodeContext &node) {
  std::optional<Ints> condition = node.needInputs(2, 2) ? node.constInts(1, "condition") : std::nullopt;
  if (!condition) {
    return failure();
  }
  Value x = node.input(0);
  int64_t axis = 0;
  if (node.hasAttr("axis")) {
    std::optional<int64_t> given = node.axis(node.attrInt("axis", 0), node.rankOf(x));
    if (!given) {
      return failure();
    }
    axis = *given;
  } else {
    x = node.reshape(x, {node.typeOf(x).getNumElements()});
  }
  Ints chosen;
  for (size_t i = 0; i < condition->size(); ++i) {
    if ((*condition)[i]) {
      chosen.push_back(static_cast<int64_t>(i));
    }
  }
  return node.result(node.gather(x, node.constantInts(chosen), axis));
}

/// The indices of all elements: what a constant of one value other than zero gives.
static LogicalResult allIndices(NodeContext &node, IntsRef dims) {
  SmallVector<Value> rows;
  int64_t count = 1;
  for (int64_t dim : dims) {
    count *= dim;
  }
  for (size_t d = 0; d < dims.size(); ++d) {
    Ints line(dims.size(), 1);
    line[d] = dims[d];
    rows.push_back(node.reshape(node.expand(node.reshape(multiples(node, dims[d], 1), line), dims), {1, count}));
  }
  return node.result(node.concat(rows, 0));
}

static LogicalResult nonzero(NodeContext &node) {
  std::optional<double> all = node.has(0) ? graph::splatValue(node.input(0)) : std::nullopt;
  if (all && *all != 0 && node.rankOf(node.input(0)) > 0) {
    return allIndices(node, Ints(node.dimsOf(node.input(0))));
  }
  if (all && *all == 0) {
    return node.result(node.constant(Tensor(DType::I64, {node.rankOf(node.input(0)), 0})));
  }
  std::optional<Tensor> x = node.needInputs(1, 1) ? node.constTensor(0, "operand") : std::nullopt;
  if (!x) {
    return failure();
  }
  int64_t rank = x->rank();
  std::vector<int64_t> found;
  for (int64_t i = 0; i < x->size(); ++i) {
    if (x->dtype() == DType::String ? !x->strings()[static_cast<size_t>(i)].empty() : x->asDouble(i) != 0 || x->imaginary(i) != 0) {
      found.push_back(i);
    }
  }
  int64_t count = static_cast<int64_t>(found.size());
  if (!node.canMake(DType::I64, {rank, count})) {
    return failure();
  }
  Tensor out(DType::I64, {rank, count});
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t d = rank - 1, rest = found[i]; d >= 0; --d) {
      out.setInt(d * count + i, rest % x->shape()[d]);
      rest /= x->shape()[d];
    }
  }
  return node.result(node.constant(out));
}

void addIndexingHandlers(HandlerTable &table) {
  table.add("Gather", 1, gather);
  table.add("GatherElements", 11, gatherElements);
  table.add("GatherND", 11, gatherNd);
  table.add("Scatter", 9, scatterElements);
  table.add("ScatterElements", 11, scatterElements);
  table.add("ScatterND", 11, scatterNd);
  table.add("OneHot", 9, oneHot);
  table.add("Compress", 9, compress);
  table.add("NonZero", 9, nonzero);
}

} // namespace ncc::frontend

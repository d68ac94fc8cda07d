// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Window functions, affine grids, centred crops, and writes into a cache.
#include "compiler/frontend/onnx/Handlers.h"
#include "runtime/ops/host/Tables.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

static LogicalResult cosineWindow(NodeContext &node, double a0, double a1, double a2) {
  std::optional<Ints> size = node.needInputs(1, 1) ? node.constInts(0, "size") : std::nullopt;
  if (!size || size->size() != 1) {
    return node.fail("its size must be one integer");
  }
  Type element = node.element(node.attrInt("output_datatype", 1));
  std::optional<DType> dtype = element ? graph::dtypeOf(element) : std::nullopt;
  if (!dtype) {
    return failure();
  }
  absl::StatusOr<Tensor> window = ops::cosineWindow(*dtype, size->front(), {a0, a1, a2}, node.attrInt("periodic", 1) != 0);
  return window.ok() ? node.result(node.constant(*window, "window")) : node.fail(std::string(window.status().message()));
}
static LogicalResult hann(NodeContext &node) { return cosineWindow(node, 0.5, 0.5, 0); }
static LogicalResult hamming(NodeContext &node) { return cosineWindow(node, 25.0 / 46, 21.0 / 46, 0); }
static LogicalResult blackman(NodeContext &node) { return cosineWindow(node, 0.42, 0.5, 0.08); }

/// The sampling grid of theta[N,2,3] or [N,3,4]: one product with the homogeneous coordinates of every position.
static LogicalResult affineGrid(NodeContext &node) {
  std::optional<Ints> size = node.needInputs(2, 2) ? node.constInts(1, "size") : std::nullopt;
  if (!size || (size->size() != 4 && size->size() != 5) || node.rankOf(node.input(0)) != 3) {
    return node.fail("needs theta [N,2,3] or [N,3,4] and a size of 4 or 5 dims");
  }
  Ints spatial(size->begin() + 2, size->end());
  int64_t dims = static_cast<int64_t>(spatial.size());
  absl::StatusOr<Tensor> grid = ops::gridPositions(spatial, node.attrInt("align_corners", 0) != 0);
  if (!grid.ok()) {
    return node.fail(std::string(grid.status().message()));
  }
  Value positions = node.cast(node.constant(*grid, "grid"), node.elementOf(node.input(0)));
  Value y = node.matmul(positions, node.input(0), false, /*transposeB=*/true);
  Ints shape{node.dimsOf(node.input(0))[0]};
  llvm::append_range(shape, spatial);
  shape.push_back(dims);
  return node.result(node.reshape(y, shape));
}

static LogicalResult centerCropPad(NodeContext &node) {
  std::optional<Ints> shape = node.needInputs(2, 2) ? node.constInts(1, "shape") : std::nullopt;
  if (!shape) {
    return failure();
  }
  Value x = node.input(0);
  int64_t rank = node.rankOf(x);
  std::optional<Ints> axes = node.axes(node.attrInts("axes"), rank);
  if (!axes) {
    return failure();
  }
  for (int64_t i = 0; i < rank && !node.hasAttr("axes"); ++i) {
    axes->push_back(i);
  }
  if (axes->size() != shape->size()) {
    return node.fail("the shape does not have one entry per axis");
  }
  Ints low(rank, 0), high(rank, 0), offsets(rank, 0), sizes(node.dimsOf(x)), strides(rank, 1);
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = (*axes)[i], dim = sizes[axis], want = (*shape)[i];
    if (want < 0 || want > (int64_t(1) << 32)) {
      return node.fail("the shape is not valid");
    }
    if (want < dim) {
      offsets[axis] = (dim - want) / 2;
      sizes[axis] = want;
    } else {
      low[axis] = (want - dim) / 2;
      high[axis] = want - dim - low[axis];
    }
  }
  return node.result(node.pad(node.slice(x, offsets, sizes, strides), low, high));
}

/// Writes `update` into a cache at a position of its own per batch element.
static LogicalResult tensorScatter(NodeContext &node) {
  if (!node.needInputs(2, 3)) {
    return failure();
  }
  Value cache = node.input(0), update = node.input(1);
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", -2), node.rankOf(cache));
  std::string mode = node.attrString("mode", "linear");
  if (!axis || *axis == 0 || node.rankOf(update) != node.rankOf(cache) || (mode != "linear" && mode != "circular")) {
    return node.fail("axis must not be the batch, and mode linear or circular");
  }
  int64_t rank = node.rankOf(cache), steps = node.dimsOf(update)[*axis];
  if (!node.canMake(DType::I64, {steps})) {
    return failure();
  }
  Tensor positions(DType::I64, {steps});
  for (int64_t i = 0; i < steps; ++i) {
    positions.setInt(i, i);
  }
  Ints along(rank, 1), batch(rank, 1);
  along[*axis] = steps;
  batch[0] = node.dimsOf(update)[0];
  Value index = node.reshape(node.constant(positions), along);
  if (node.has(2)) {
    Value start = node.cast(node.input(2), IntegerType::get(node.context(), 64));
    index = node.add(index, node.reshape(start, batch));
  }
  if (mode == "circular" && index) {
    index = node.binary(graph::BinaryKind::Mod, index,
                        node.scalarLike(index, static_cast<double>(node.dimsOf(cache)[*axis])));
  }
  index = index ? node.expand(index, node.dimsOf(update)) : index;
  if (!index) {
    return failure();
  }
  graph::ScatterElementsOp::Properties properties;
  properties.axis = node.intAttr(*axis);
  return node.result(node.one<graph::ScatterElementsOp>({cache, index, update}, properties));
}

void addSignalHandlers(HandlerTable &table) {
  table.add("HannWindow", 17, hann);
  table.add("HammingWindow", 17, hamming);
  table.add("BlackmanWindow", 17, blackman);
  table.add("AffineGrid", 20, affineGrid);
  table.add("CenterCropPad", 18, centerCropPad);
  table.add("TensorScatter", 24, tensorScatter);
}

} // namespace ncc::frontend

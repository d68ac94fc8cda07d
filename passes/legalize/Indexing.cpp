// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Scatters and gathers whose indices are constants move elements along fixed ways: a scatter into a box is slices and
// concats, any other one a gather of rows out of data and updates together. Indices known only at run time stay with
// the firmware.
#include "passes/legalize/GraphBuilder.h"
#include "dialects/graph/Constants.h"

#include "mlir/IR/PatternMatch.h"

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

// A gather of short rows costs a descriptor each: beyond this many of them the firmware's loop is no worse.
constexpr int64_t kShortRowBytes = 64, kMostShortRows = 8192;

int64_t product(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

bool isMovable(Value value) { return typeOf(value).getElementType().isIntOrFloat() && typeOf(value).getNumElements() > 0; }

/// Whether a gather of `count` rows of `size` elements like those of `value` is worth its descriptors.
bool rowsPay(Value value, int64_t count, int64_t size) {
  return size * std::max<int64_t>(1, typeOf(value).getElementTypeBitWidth() / 8) >= kShortRowBytes || count <= kMostShortRows;
}

Value indexConstant(GraphBuilder &g, ArrayRef<int64_t> indices) {
  Tensor tensor(DType::I64, {static_cast<int64_t>(indices.size())});
  std::copy(indices.begin(), indices.end(), tensor.mutableAs<int64_t>().begin());
  return g.constant(tensor);
}

Value gatherRows(GraphBuilder &g, Value data, ArrayRef<int64_t> indices, int64_t axis) {
  return graph::GatherOp::create(g.b, g.loc, data, indexConstant(g, indices), axis);
}

graph::BinaryKind binaryOf(graph::ScatterKind kind) {
  switch (kind) {
  case graph::ScatterKind::Mul:
    return graph::BinaryKind::Mul;
  case graph::ScatterKind::Max:
    return graph::BinaryKind::Max;
  case graph::ScatterKind::Min:
    return graph::BinaryKind::Min;
  default:
    return graph::BinaryKind::Add;
  }
}

/// `data` with the box of `update`'s size at `start` replaced by, or combined with, `update`.
Value insertBox(GraphBuilder &g, Value data, Value update, ArrayRef<int64_t> start, graph::ScatterKind kind, size_t dim = 0) {
  Dims sizes(shapeOf(data)), box(shapeOf(update));
  while (dim < sizes.size() && box[dim] == sizes[dim]) {
    ++dim;
  }
  if (dim == sizes.size()) {
    return kind == graph::ScatterKind::None ? update : g.binary(binaryOf(kind), data, update);
  }
  const auto axis = static_cast<int64_t>(dim);
  const int64_t end = start[dim] + box[dim];
  bool whole = kind == graph::ScatterKind::None;
  for (size_t d = dim + 1; d < sizes.size(); ++d) {
    whole &= box[d] == sizes[d];
  }
  SmallVector<Value> parts;
  if (start[dim] > 0) {
    parts.push_back(g.sliceDim(data, axis, 0, start[dim]));
  }
  parts.push_back(whole ? update : insertBox(g, g.sliceDim(data, axis, start[dim], box[dim]), update, start, kind, dim + 1));
  if (end < sizes[dim]) {
    parts.push_back(g.sliceDim(data, axis, end, sizes[dim] - end));
  }
  return g.concat(parts, axis);
}

/// Where the rows of an index list go: the last dim of the indices names leading dims of the data.
struct RowTargets {
  Dims dims;                    // the leading dims named
  std::vector<int64_t> targets; // row-major number in `dims` of each index row

  static std::optional<RowTargets> of(const Tensor &indices, ArrayRef<int64_t> data) {
    int64_t depth = indices.shape().empty() ? 0 : indices.shape().back();
    if (depth == 0 || indices.size() == 0) {
      return std::nullopt;
    }
    RowTargets rows;
    rows.dims.assign(data.begin(), data.begin() + depth);
    for (int64_t at = 0; at < indices.size(); at += depth) {
      int64_t row = 0;
      for (int64_t d = 0; d < depth; ++d) {
        int64_t index = indices.asInt(at + d);
        index += index < 0 ? rows.dims[d] : 0;
        if (index < 0 || index >= rows.dims[d]) {
          return std::nullopt; // the firmware says what is wrong
        }
        row = row * rows.dims[d] + index;
      }
      rows.targets.push_back(row);
    }
    return rows;
  }

  Dims position(int64_t row) const {
    Dims at(dims.size());
    for (size_t d = dims.size(); d-- > 0; row /= dims[d]) {
      at[d] = row % dims[d];
    }
    return at;
  }

  /// The smallest box around the targets, if they fill it, each place once; `order` receives which update goes to each
  /// place of the box.
  bool box(Dims &start, Dims &size, std::vector<int64_t> &order) const {
    start = size = position(targets[0]); // size holds the ends until all are seen
    for (int64_t target : targets) {
      Dims at = position(target);
      for (size_t d = 0; d < dims.size(); ++d) {
        start[d] = std::min(start[d], at[d]);
        size[d] = std::max(size[d], at[d]);
      }
    }
    for (size_t d = 0; d < dims.size(); ++d) {
      size[d] += 1 - start[d];
    }
    if (product(size) != static_cast<int64_t>(targets.size())) {
      return false;
    }
    order.assign(targets.size(), -1);
    for (size_t u = 0; u < targets.size(); ++u) {
      Dims at = position(targets[u]);
      int64_t place = 0;
      for (size_t d = 0; d < dims.size(); ++d) {
        place = place * size[d] + at[d] - start[d];
      }
      if (order[place] >= 0) {
        return false;
      }
      order[place] = static_cast<int64_t>(u);
    }
    return true;
  }
};

bool inOrder(ArrayRef<int64_t> order) {
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] != static_cast<int64_t>(i)) {
      return false;
    }
  }
  return true;
}

struct MoveScatterNd : OpRewritePattern<graph::ScatterNdOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ScatterNdOp op, PatternRewriter &rewriter) const override {
    auto constant = graph::constantTensor(op.getIndices());
    ArrayRef<int64_t> data = shapeOf(op.getData());
    auto rows = constant && isMovable(op.getData()) ? RowTargets::of(*constant, data) : std::nullopt;
    if (!rows) {
      return rewriter.notifyMatchFailure(op, "indices are not constant, or out of range");
    }
    GraphBuilder g(rewriter, op.getLoc());
    ArrayRef<int64_t> inner = data.drop_front(rows->dims.size());
    const int64_t row = product(inner), updates = static_cast<int64_t>(rows->targets.size()), all = product(rows->dims);
    Dims start, size;
    std::vector<int64_t> order;
    bool boxed = rows->box(start, size, order) && (inOrder(order) || rowsPay(op.getUpdates(), updates, row));
    if (!boxed && (op.getReduction() != graph::ScatterKind::None || !rowsPay(op.getUpdates(), all, row))) {
      return rewriter.notifyMatchFailure(op, "scattered single elements, or sums of several updates");
    }
    Value flat = g.reshape(op.getUpdates(), {updates, row});
    if (boxed) {
      Value update = inOrder(order) ? flat : gatherRows(g, flat, order, 0);
      size.append(inner.begin(), inner.end());
      start.append(inner.size(), 0);
      rewriter.replaceOp(op, insertBox(g, op.getData(), g.reshape(update, size), start, op.getReduction()));
      return success();
    }
    std::vector<int64_t> source(all);
    std::iota(source.begin(), source.end(), 0);
    for (int64_t u = 0; u < updates; ++u) {
      source[rows->targets[u]] = all + u; // of several updates of one place the last stays
    }
    Value both = g.concat({g.reshape(op.getData(), {all, row}), flat}, 0);
    rewriter.replaceOp(op, g.reshape(gatherRows(g, both, source, 0), data));
    return success();
  }
};

/// Constant indices along an axis that do not depend on the other dims: the index of each position.
std::optional<std::vector<int64_t>> lineIndices(const Tensor &indices, int64_t axis, int64_t size) {
  const Shape &shape = indices.shape();
  int64_t inner = 1;
  for (size_t d = static_cast<size_t>(axis) + 1; d < shape.size(); ++d) {
    inner *= shape[d];
  }
  std::vector<int64_t> line(shape[axis], -1);
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t index = indices.asInt(i), at = i / inner % shape[axis];
    index += index < 0 ? size : 0;
    if (index < 0 || index >= size || (line[at] >= 0 && line[at] != index)) {
      return std::nullopt;
    }
    line[at] = index;
  }
  return line;
}

/// The constant indices of an op that moves elements along `axis`, when they are the same for every line.
std::optional<std::vector<int64_t>> constantLine(Value indices, Value data, int64_t axis) {
  auto constant = graph::constantTensor(indices);
  return constant && constant->size() > 0 && isMovable(data) ? lineIndices(*constant, axis, shapeOf(data)[axis]) : std::nullopt;
}

struct MoveScatterElements : OpRewritePattern<graph::ScatterElementsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ScatterElementsOp op, PatternRewriter &rewriter) const override {
    int64_t axis = op.getAxis();
    ArrayRef<int64_t> data = shapeOf(op.getData());
    auto line = constantLine(op.getIndices(), op.getData(), axis);
    if (!line) {
      return rewriter.notifyMatchFailure(op, "indices are not constant, or differ between lines");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Dims start(data.size(), 0);
    bool run = true;
    for (size_t i = 0; i < line->size(); ++i) {
      run &= (*line)[i] == (*line)[0] + static_cast<int64_t>(i);
    }
    if (run) {
      start[axis] = (*line)[0];
      rewriter.replaceOp(op, insertBox(g, op.getData(), op.getUpdates(), start, op.getReduction()));
      return success();
    }
    if (op.getReduction() != graph::ScatterKind::None) {
      return rewriter.notifyMatchFailure(op, "combines at scattered places");
    }
    // The lines that are written, whole, with the updates behind them: each place takes its source.
    Dims sizes(shapeOf(op.getUpdates()));
    sizes[axis] = data[axis];
    Value part = Dims(data) == sizes ? op.getData() : g.slice(op.getData(), start, sizes);
    std::vector<int64_t> source(data[axis]);
    std::iota(source.begin(), source.end(), 0);
    for (size_t i = 0; i < line->size(); ++i) {
      source[(*line)[i]] = data[axis] + static_cast<int64_t>(i);
    }
    Value written = gatherRows(g, g.concat({part, op.getUpdates()}, axis), source, axis);
    rewriter.replaceOp(op, insertBox(g, op.getData(), written, start, graph::ScatterKind::None));
    return success();
  }
};

struct MoveGatherNd : OpRewritePattern<graph::GatherNdOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::GatherNdOp op, PatternRewriter &rewriter) const override {
    auto constant = graph::constantTensor(op.getIndices());
    ArrayRef<int64_t> data = shapeOf(op.getData());
    auto rows = constant && op.getBatchDims() == 0 && isMovable(op.getData()) ? RowTargets::of(*constant, data) : std::nullopt;
    const int64_t row = rows ? product(data.drop_front(rows->dims.size())) : 0;
    if (!rows || !rowsPay(op.getData(), static_cast<int64_t>(rows->targets.size()), row)) {
      return rewriter.notifyMatchFailure(op, "indices are not constant, or pick many single elements");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value flat = g.reshape(op.getData(), {product(rows->dims), row});
    rewriter.replaceOp(op, g.reshape(gatherRows(g, flat, rows->targets, 0), shapeOf(op.getResult())));
    return success();
  }
};

struct MoveGatherElements : OpRewritePattern<graph::GatherElementsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::GatherElementsOp op, PatternRewriter &rewriter) const override {
    int64_t axis = op.getAxis();
    ArrayRef<int64_t> data = shapeOf(op.getData());
    auto line = constantLine(op.getIndices(), op.getData(), axis);
    if (!line) {
      return rewriter.notifyMatchFailure(op, "indices are not constant, or differ between lines");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Dims sizes(shapeOf(op.getIndices()));
    sizes[axis] = data[axis];
    Value part = Dims(data) == sizes ? op.getData() : g.slice(op.getData(), Dims(data.size(), 0), sizes);
    rewriter.replaceOp(op, gatherRows(g, part, *line, axis));
    return success();
  }
};

} // namespace

void ncc::legalize::populateIndexing(RewritePatternSet &patterns) {
  patterns.add<MoveScatterNd, MoveScatterElements, MoveGatherNd, MoveGatherElements>(patterns.getContext());
}

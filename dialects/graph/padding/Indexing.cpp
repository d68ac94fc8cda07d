// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that address elements by index tensors. An index counts from the start, so padded data are not seen by it, unless it
// may be negative. Indices beyond the true shape are made zero: nothing is read or written outside of a table.
#include "dialects/graph/padding/Model.h"

using namespace mlir;
using namespace ncc::graph;

namespace {

DimVector dimsOf(const Extent &extent) {
  DimVector dims;
  for (int64_t dim = 0; dim < extent.rank(); ++dim) {
    dims.push_back(dim);
  }
  return dims;
}

void readAlong(PaddingQuery &query, int64_t axis) {
  if (query.operand(0).padded(axis) && !query.countsFromStart(1)) {
    query.refuse("looks up a padded dimension with indices that may count from its end");
  }
  query.fill(1, dimsOf(query.operand(1)), 0);
}

struct Gather {
  static void relate(Operation *op, PaddingQuery &query) { readAlong(query, cast<GatherOp>(op).getAxis()); }
};

struct GatherElements {
  static void relate(Operation *op, PaddingQuery &query) { readAlong(query, cast<GatherElementsOp>(op).getAxis()); }
};

struct GatherNd {
  static void relate(Operation *op, PaddingQuery &query) {
    const Extent data = query.operand(0), indices = query.operand(1);
    const int64_t batch = cast<GatherNdOp>(op).getBatchDims(), last = indices.rank() - 1;
    query.unpadded(indices, {last}, "the index vectors");
    for (int64_t dim = batch; dim < batch + indices.large.back(); ++dim) {
      if (data.padded(dim) && !query.countsFromStart(1)) {
        query.refuse("looks up a padded dimension with indices that may count from its end");
      }
    }
    query.fill(1, dimsOf(indices), 0);
  }
};

/// Rows beyond the true shape only write into such rows, as long as the axis written along is whole.
struct ScatterElements {
  static void relate(Operation *op, PaddingQuery &query) {
    const int64_t axis = cast<ScatterElementsOp>(op).getAxis();
    for (unsigned i = 0; i < 3; ++i) {
      query.unpadded(query.operand(i), {axis}, "the axis it writes along");
    }
    query.fill(1, dimsOf(query.operand(1)), 0);
  }
};

/// The dims of data that the indices do not address go through; updates must be whole.
struct ScatterNd {
  static void relate(Operation *, PaddingQuery &query) {
    const Extent data = query.operand(0), indices = query.operand(1);
    query.unpadded(indices, dimsOf(indices), "its indices");
    for (int64_t dim = 0; dim < indices.large.back(); ++dim) {
      query.unpadded(data, {dim}, "a dimension it writes along");
    }
  }
};

struct OneHot {
  static void relate(Operation *op, PaddingQuery &query) { query.unpadded(query.result(), {cast<OneHotOp>(op).getAxis()}, "its depth"); }
};

} // namespace

void ncc::graph::registerIndexingPadding(MLIRContext &context) {
  GatherOp::attachInterface<PaddingModel<GatherOp, Gather>>(context);
  GatherElementsOp::attachInterface<PaddingModel<GatherElementsOp, GatherElements>>(context);
  GatherNdOp::attachInterface<PaddingModel<GatherNdOp, GatherNd>>(context);
  ScatterElementsOp::attachInterface<PaddingModel<ScatterElementsOp, ScatterElements>>(context);
  ScatterNdOp::attachInterface<PaddingModel<ScatterNdOp, ScatterNd>>(context);
  OneHotOp::attachInterface<PaddingModel<OneHotOp, OneHot>>(context);
}

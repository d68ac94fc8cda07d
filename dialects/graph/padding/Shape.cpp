// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that move elements: proven where a true element comes from the same index in both programs.
#include "dialects/graph/padding/Model.h"

#include <cmath>

using namespace mlir;
using namespace ncc::graph;

namespace {

/// Groups of dims of x and of the result with the same elements, in both programs. Within a group row-major order
/// is the same as long as only its leading dims differ.
struct ReshapeGroups {
  const Extent &x, &y;
  PaddingQuery &query;
  std::map<int64_t, int64_t> moved; // leading padded dim of x -> of the result

  static DimVector significant(const Extent &extent) {
    DimVector dims;
    for (int64_t dim = 0; dim < extent.rank(); ++dim) {
      if (extent.large[static_cast<size_t>(dim)] != 1 || extent.padded(dim)) {
        dims.push_back(dim);
      }
    }
    return dims;
  }

  bool run() {
    const DimVector xs = significant(x), ys = significant(y);
    size_t i = 0, j = 0;
    while (i < xs.size() && j < ys.size()) {
      size_t iEnd = i, jEnd = j;
      int64_t xLarge = x.large[xs[iEnd]], xSmall = x.small[xs[iEnd]], yLarge = y.large[ys[jEnd]], ySmall = y.small[ys[jEnd]];
      ++iEnd, ++jEnd;
      while (xLarge != yLarge || xSmall != ySmall) {
        const bool left = xLarge != yLarge ? xLarge < yLarge : xSmall < ySmall;
        if (left ? iEnd == xs.size() : jEnd == ys.size()) {
          return false;
        }
        if (left) {
          xLarge *= x.large[xs[iEnd]];
          xSmall *= x.small[xs[iEnd++]];
        } else {
          yLarge *= y.large[ys[jEnd]];
          ySmall *= y.small[ys[jEnd++]];
        }
      }
      if (!leadingOnly(x, xs, i, iEnd) || !leadingOnly(y, ys, j, jEnd)) {
        return false;
      }
      if (x.padded(xs[i])) {
        moved[xs[i]] = ys[j];
      }
      i = iEnd, j = jEnd;
    }
    return i == xs.size() && j == ys.size();
  }

  static bool leadingOnly(const Extent &extent, const DimVector &dims, size_t first, size_t end) {
    for (size_t k = first + 1; k < end; ++k) {
      if (extent.padded(dims[k])) {
        return false;
      }
    }
    return true;
  }
};

struct Reshape {
  static void relate(Operation *, PaddingQuery &query) {
    const Extent x = query.operand(0), y = query.result();
    if (llvm::is_contained(y.small, 0)) {
      return; // no true elements
    }
    ReshapeGroups groups{x, y, query, {}};
    if (!groups.run()) {
      query.refuse("mixes a padded dimension with others");
      return;
    }
    if (const std::optional<Beyond> &known = query.beyond(0)) {
      Beyond result{{}, known->value};
      for (int64_t dim : known->dims) {
        if (auto to = groups.moved.find(dim); to != groups.moved.end()) {
          result.dims.insert(to->second);
        }
      }
      query.holds(0, std::move(result));
    }
  }
};

struct Transpose {
  static void relate(Operation *op, PaddingQuery &query) {
    if (const std::optional<Beyond> &known = query.beyond(0)) {
      Beyond result{{}, known->value};
      for (auto [to, from] : llvm::enumerate(cast<TransposeOp>(op).getPerm())) {
        if (known->dims.count(from)) {
          result.dims.insert(static_cast<int64_t>(to));
        }
      }
      query.holds(0, std::move(result));
    }
  }
};

/// The same offsets and strides: element i comes from offset + i * stride in both.
struct Slice {
  static void relate(Operation *, PaddingQuery &) {}
};

struct Concat {
  static void relate(Operation *op, PaddingQuery &query) {
    const int64_t axis = cast<ConcatOp>(op).getAxis();
    for (unsigned i = 0; i + 1 < op->getNumOperands(); ++i) {
      if (query.operand(i).padded(axis)) {
        query.refuse("joins something behind a padded part");
      }
    }
  }
};

/// Only the end padding may differ: it lies beyond the true elements.
struct Pad {
  static void relate(Operation *op, PaddingQuery &query) {
    auto large = cast<PadOp>(op), small = cast<PadOp>(query.small);
    if (large.getLow() != small.getLow() || large.getMode() != small.getMode() || large.getValueAttr() != small.getValueAttr()) {
      query.refuse("has other attributes at the true size");
      return;
    }
    const Extent x = query.operand(0);
    DimVector visible; // padded dims behind which the result shows more
    for (int64_t dim = 0; dim < x.rank(); ++dim) {
      if (x.padded(dim) && small.getHigh()[static_cast<size_t>(dim)] > 0) {
        visible.push_back(dim);
      }
      if (x.padded(dim) && large.getLow()[static_cast<size_t>(dim)] > 0 && large.getMode() == PadMode::Wrap) {
        query.refuse("wraps around a padded dimension");
      }
    }
    if (!visible.empty() && large.getMode() != PadMode::Constant) {
      query.refuse("mirrors the end of a padded dimension");
    }
    query.fill(0, visible, large.getValue());
  }
};

/// Nearest samples at positions that do not depend on the size; everything else only along unpadded dims.
struct Resize {
  static void relate(Operation *op, PaddingQuery &query) {
    auto resize = cast<ResizeOp>(op);
    const Extent x = query.operand(0), y = query.result();
    for (int64_t dim = 0; dim < x.rank(); ++dim) {
      if (!x.padded(dim) && !y.padded(dim)) {
        continue;
      }
      const auto d = static_cast<size_t>(dim);
      const double scale = resize.getScales()[d];
      const bool whole = scale >= 1 && scale == std::floor(scale) && static_cast<double>(x.large[d]) * scale == static_cast<double>(y.large[d]) &&
                         static_cast<double>(x.small[d]) * scale == static_cast<double>(y.small[d]);
      const bool floor = resize.getCoordinateMode() == CoordinateMode::Asymmetric && resize.getNearestMode() == NearestMode::Floor;
      const bool centre = resize.getCoordinateMode() == CoordinateMode::HalfPixel && resize.getNearestMode() == NearestMode::RoundPreferFloor;
      if (scale != 1 && !(whole && resize.getMode() == ResizeMode::Nearest && (floor || centre))) {
        query.refuse("samples at positions that depend on the size of a padded dimension");
      }
    }
  }
};

struct Expand {
  static void relate(Operation *, PaddingQuery &query) { query.broadcastAll(); }
};

} // namespace

void ncc::graph::registerShapePadding(MLIRContext &context) {
  ReshapeOp::attachInterface<PaddingModel<ReshapeOp, Reshape>>(context);
  TransposeOp::attachInterface<PaddingModel<TransposeOp, Transpose>>(context);
  SliceOp::attachInterface<PaddingModel<SliceOp, Slice>>(context);
  ConcatOp::attachInterface<PaddingModel<ConcatOp, Concat>>(context);
  PadOp::attachInterface<PaddingModel<PadOp, Pad, true>>(context);
  ExpandOp::attachInterface<PaddingModel<ExpandOp, Expand>>(context);
  ResizeOp::attachInterface<PaddingModel<ResizeOp, Resize>>(context);
}

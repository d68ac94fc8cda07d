// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Convolutions and pools: windows start at the same places in both programs, and what they read beyond the true end must
// be what the padding there would be. Only the end padding may differ.
#include "dialects/graph/padding/Model.h"

using namespace mlir;
using namespace ncc::graph;

namespace {

bool sameBegins(Dims large, Dims small) { return large.take_front(large.size() / 2) == small.take_front(small.size() / 2); }

/// The spatial dims along which a true window reaches beyond the true end of x.
DimVector readsBeyond(const Extent &x, const Extent &y, Dims kernel, Dims strides, Dims pads, Dims dilations) {
  DimVector dims;
  for (size_t s = 0; s < strides.size(); ++s) {
    const int64_t last = (y.small[s + 2] - 1) * strides[s] - pads[s] + (kernel[s] - 1) * dilations[s];
    if (x.padded(static_cast<int64_t>(s) + 2) && last >= x.small[s + 2]) {
      dims.push_back(static_cast<int64_t>(s) + 2);
    }
  }
  return dims;
}

struct Conv {
  static void relate(Operation *op, PaddingQuery &query) {
    auto large = cast<ConvOp>(op), small = cast<ConvOp>(query.small);
    if (large.getStrides() != small.getStrides() || large.getDilations() != small.getDilations() || large.getGroup() != small.getGroup() ||
        large.getXZeroPoint() != small.getXZeroPoint() || large.getWZeroPoint() != small.getWZeroPoint() || !sameBegins(large.getPads(), small.getPads())) {
      query.refuse("has other attributes at the true size");
      return;
    }
    const Extent x = query.operand(0), w = query.operand(1);
    query.unpadded(x, {1}, "its channels");
    query.unpaddedFrom(w, 0, "its weights");
    query.fill(0, readsBeyond(x, query.result(), Dims(w.small).drop_front(2), small.getStrides(), small.getPads(), small.getDilations()),
               static_cast<double>(large.getXZeroPoint()));
  }
};

/// Elements beyond the true end would be spread over true results.
struct ConvTranspose {
  static void relate(Operation *op, PaddingQuery &query) {
    auto large = cast<ConvTransposeOp>(op), small = cast<ConvTransposeOp>(query.small);
    if (large.getStrides() != small.getStrides() || large.getDilations() != small.getDilations() || large.getGroup() != small.getGroup() ||
        !sameBegins(large.getPads(), small.getPads())) {
      query.refuse("has other attributes at the true size");
      return;
    }
    const Extent x = query.operand(0);
    query.unpadded(x, {1}, "its channels");
    query.unpaddedFrom(query.operand(1), 0, "its weights");
    DimVector spatial;
    for (int64_t dim = 2; dim < x.rank(); ++dim) {
      spatial.push_back(dim);
    }
    query.fill(0, spatial, 0);
  }
};

struct Pool {
  static void relate(Operation *op, PaddingQuery &query) {
    auto large = cast<PoolOp>(op), small = cast<PoolOp>(query.small);
    if (large.getKind() != small.getKind() || large.getKernel() != small.getKernel() || large.getStrides() != small.getStrides() ||
        large.getDilations() != small.getDilations() || large.getCountIncludePad() != small.getCountIncludePad() || large.getP() != small.getP() ||
        !sameBegins(large.getPads(), small.getPads())) {
      query.refuse("has other attributes at the true size");
      return;
    }
    const Extent x = query.operand(0);
    DimVector beyond = readsBeyond(x, query.result(), small.getKernel(), small.getStrides(), small.getPads(), small.getDilations());
    if (beyond.empty()) {
      return;
    }
    auto counted = [](Dims extra) { return llvm::all_of(extra, [](int64_t dim) { return dim == 0; }); };
    if (large.getKind() == PoolKind::Average && !(large.getCountIncludePad() && counted(large.getExtra()) && counted(small.getExtra()))) {
      query.refuse("averages over windows that reach beyond the end of a padded dimension");
      return;
    }
    Type element = tensorType(op->getOperand(0)).getElementType();
    query.fill(0, beyond, large.getKind() == PoolKind::Max ? leastOf(element) : 0);
  }
};

/// Flat positions depend on every size but that of the leading dims.
struct PoolIndices {
  static void relate(Operation *, PaddingQuery &query) { query.unpaddedFrom(query.operand(0), 1, "the image whose positions it gives"); }
};

} // namespace

void ncc::graph::registerWindowPadding(MLIRContext &context) {
  ConvOp::attachInterface<PaddingModel<ConvOp, Conv, true>>(context);
  ConvTransposeOp::attachInterface<PaddingModel<ConvTransposeOp, ConvTranspose, true>>(context);
  PoolOp::attachInterface<PaddingModel<PoolOp, Pool, true>>(context);
  PoolIndicesOp::attachInterface<PaddingModel<PoolIndicesOp, PoolIndices>>(context);
}

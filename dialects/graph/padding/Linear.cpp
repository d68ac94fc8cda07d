// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Matrix products and attention: rows and batches are independent, the contraction and the keys are masked.
#include "dialects/graph/padding/Model.h"

using namespace mlir;
using namespace ncc::graph;

namespace {

struct Matmul {
  static void relate(Operation *op, PaddingQuery &query) {
    auto matmul = cast<MatmulOp>(op);
    const Extent a = query.operand(0), b = query.operand(1), y = query.result();
    const int64_t ka = a.rank() == 1 ? 0 : a.rank() - (matmul.getTransposeA() ? 2 : 1);
    const int64_t kb = b.rank() == 1 ? 0 : b.rank() - (matmul.getTransposeB() ? 1 : 2);
    // Both, because zero times what is not finite is not zero.
    query.fill(0, {ka}, static_cast<double>(matmul.getAZeroPoint()));
    query.fill(1, {kb}, static_cast<double>(matmul.getBZeroPoint()));
    const int64_t batch = y.rank() - (a.rank() > 1) - (b.rank() > 1);
    query.broadcast(leading(a, std::max<int64_t>(0, a.rank() - 2)), leading(y, batch));
    query.broadcast(leading(b, std::max<int64_t>(0, b.rank() - 2)), leading(y, batch));
  }
  static Extent leading(const Extent &extent, int64_t count) {
    return {DimVector(Dims(extent.large).take_front(count)), DimVector(Dims(extent.small).take_front(count))};
  }
};

struct Attention {
  static void relate(Operation *op, PaddingQuery &query) {
    auto attention = cast<AttentionOp>(op);
    const Extent q = query.operand(0), k = query.operand(1), v = query.operand(2);
    query.unpadded(q, {1, 3}, "its heads");
    query.unpadded(k, {1, 3}, "its heads");
    query.unpadded(v, {1, 3}, "its heads");
    for (const Extent *other : {&k, &v}) {
      if (other->large[0] != q.large[0] || other->small[0] != q.small[0]) {
        query.refuse("repeats a batch");
      }
    }
    const int64_t ahead = k.large[2] - q.large[2], aheadSmall = k.small[2] - q.small[2];
    if (attention.getCausal() && ahead != aheadSmall) {
      query.refuse("counts causal positions from the end of a padded dimension");
    }
    if (attention.getMask()) {
      const Extent scores{{q.large[0], q.large[1], q.large[2], k.large[2]}, {q.small[0], q.small[1], q.small[2], k.small[2]}};
      query.broadcast(query.operand(3), scores);
    }
    if (k.padded(2)) { // finite keys, so that a hidden score is no NaN
      query.fill(1, {2}, 0);
      query.fill(2, {2}, 0);
      query.need(NeedKind::Keys, 1, {2});
    }
  }
};

} // namespace

void ncc::graph::registerLinearPadding(MLIRContext &context) {
  MatmulOp::attachInterface<PaddingModel<MatmulOp, Matmul>>(context);
  AttentionOp::attachInterface<PaddingModel<AttentionOp, Attention>>(context);
}

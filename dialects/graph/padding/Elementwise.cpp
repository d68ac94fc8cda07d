// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Elementwise ops read the element they write: nothing beyond the true shape is seen.
#include "dialects/graph/padding/Model.h"

using namespace mlir;
using namespace ncc::graph;

namespace {

struct Broadcast {
  static void relate(Operation *, PaddingQuery &query) { query.broadcastAll(); }
};

struct Cast {
  static void relate(Operation *, PaddingQuery &query) {
    query.broadcastAll();
    if (query.beyond(0) && query.beyond(0)->value == 0) { // zero in every type
      query.holds(0, *query.beyond(0));
    }
  }
};

struct Binary {
  static void relate(Operation *op, PaddingQuery &query) {
    query.broadcastAll();
    const BinaryKind kind = cast<BinaryOp>(op).getKind();
    const bool divides = kind == BinaryKind::Div || kind == BinaryKind::Mod || kind == BinaryKind::Fmod;
    if (divides && tensorType(op->getOperand(1)).getElementType().isInteger()) { // nothing may divide by zero, not even unseen
      DimVector all;
      const Extent divisor = query.operand(1);
      for (int64_t dim = 0; dim < divisor.rank(); ++dim) {
        all.push_back(dim);
      }
      query.fill(1, all, 1);
    }
  }
};

/// Scale and zero point are scalars or run along one axis with x.
template <typename Op>
struct Quantized {
  static void relate(Operation *op, PaddingQuery &query) {
    auto typed = cast<Op>(op);
    const Extent x = query.operand(0);
    for (unsigned i = 1; i < op->getNumOperands(); ++i) {
      const Extent scale = query.operand(i);
      const bool perTensor = scale.rank() == 0 || (scale.large.size() == 1 && scale.large[0] == 1 && scale.small[0] == 1);
      if (typed.getBlockSize() != 0 && x.padded()) {
        query.refuse("has a scale per block");
      } else if (!perTensor && scale.rank() == 1 && (scale.large[0] != x.large[typed.getAxis()] || scale.small[0] != x.small[typed.getAxis()])) {
        query.refuse("has a scale that does not follow its axis");
      }
    }
  }
};

} // namespace

void ncc::graph::registerElementwisePadding(MLIRContext &context) {
  UnaryOp::attachInterface<PaddingModel<UnaryOp, Broadcast>>(context);
  BinaryOp::attachInterface<PaddingModel<BinaryOp, Binary>>(context);
  CompareOp::attachInterface<PaddingModel<CompareOp, Broadcast>>(context);
  SelectOp::attachInterface<PaddingModel<SelectOp, Broadcast>>(context);
  CastOp::attachInterface<PaddingModel<CastOp, Cast>>(context);
  BitcastOp::attachInterface<PaddingModel<BitcastOp, Broadcast>>(context);
  QuantizeOp::attachInterface<PaddingModel<QuantizeOp, Quantized<QuantizeOp>>>(context);
  DequantizeOp::attachInterface<PaddingModel<DequantizeOp, Quantized<DequantizeOp>>>(context);
}

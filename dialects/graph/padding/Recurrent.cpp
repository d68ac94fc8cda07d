// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Recurrent layers: sequences of a batch are independent, and `lengths` says where each ends - the true number of steps,
// unless the model says it itself.
#include "dialects/graph/padding/Model.h"

using namespace mlir;
using namespace ncc::graph;

namespace {

template <typename Op>
struct Recurrent {
  static void relate(Operation *op, PaddingQuery &query) {
    auto layer = cast<Op>(op);
    const Extent x = query.operand(0);
    query.unpadded(x, {2}, "its features");
    for (unsigned i = 1; i < op->getNumOperands(); ++i) {
      const Extent other = query.operand(i);
      const Value value = op->getOperand(i);
      const bool perSequence = value == layer.getLengths() || value == layer.getInitialH() || isInitialC(layer, value);
      if (!perSequence) {
        query.unpaddedFrom(other, 0, "its weights");
      }
    }
    if (x.padded(0) && !layer.getLengths()) {
      query.need(NeedKind::Lengths, 0, {0});
    }
  }
  static bool isInitialC(Op layer, Value value) {
    if constexpr (std::is_same_v<Op, LstmOp>) {
      return value == layer.getInitialC();
    }
    return false;
  }
};

} // namespace

void ncc::graph::registerRecurrentPadding(MLIRContext &context) {
  LstmOp::attachInterface<PaddingModel<LstmOp, Recurrent<LstmOp>>>(context);
  GruOp::attachInterface<PaddingModel<GruOp, Recurrent<GruOp>>>(context);
  RnnOp::attachInterface<PaddingModel<RnnOp, Recurrent<RnnOp>>>(context);
}

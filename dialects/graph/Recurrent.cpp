// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of recurrent layers.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Recurrent.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

static LogicalResult checkOperand(MaybeLoc loc, StringRef name, Value operand, Dims dims) {
  if (operand && tensorType(operand).getShape() != dims) {
    return emitOptionalError(loc, name, " must have shape ", dimsString(dims), ", has ",
                             dimsString(tensorType(operand).getShape()));
  }
  return success();
}

template <typename Adaptor>
static LogicalResult inferRecurrent(MaybeLoc loc, Adaptor adaptor, int64_t gates, int64_t states,
                                    SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX());
  if (x.getRank() != 3) {
    return emitOptionalError(loc, "x must be [time, batch, input], is ", dimsString(x.getShape()));
  }
  int64_t time = x.getDimSize(0), batch = x.getDimSize(1), input = x.getDimSize(2);
  int64_t hidden = adaptor.getHiddenSize(), dirs = adaptor.getDirection() == Direction::Bidirectional ? 2 : 1;
  if (hidden < 1 || hidden > (int64_t(1) << 24)) {
    return emitOptionalError(loc, "hidden_size ", hidden, " is out of range");
  }
  if (failed(checkOperand(loc, "w", adaptor.getW(), {dirs, gates * hidden, input})) ||
      failed(checkOperand(loc, "r", adaptor.getR(), {dirs, gates * hidden, hidden})) ||
      failed(checkOperand(loc, "bias", adaptor.getBias(), {dirs, 2 * gates * hidden})) ||
      failed(checkOperand(loc, "lengths", adaptor.getLengths(), {batch})) ||
      failed(checkOperand(loc, "initial_h", adaptor.getInitialH(), {dirs, batch, hidden}))) {
    return failure();
  }
  types.push_back(RankedTensorType::get({time, dirs, batch, hidden}, x.getElementType()));
  types.append(states, RankedTensorType::get({dirs, batch, hidden}, x.getElementType()));
  return success();
}

LogicalResult LstmOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  if (failed(inferRecurrent(loc, adaptor, 4, 2, types))) {
    return failure();
  }
  Dims state = cast<RankedTensorType>(types.back()).getShape();
  if (failed(checkOperand(loc, "initial_c", adaptor.getInitialC(), state))) {
    return failure();
  }
  return checkOperand(loc, "peepholes", adaptor.getPeepholes(), {state[0], 3 * state[2]});
}

LogicalResult GruOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferRecurrent(loc, adaptor, 3, 1, types);
}

LogicalResult RnnOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferRecurrent(loc, adaptor, 1, 1, types);
}

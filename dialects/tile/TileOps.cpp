// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verifiers of the tile ops: patterns stay inside their tiles, in-place destinations are linear.
#include "dialects/tile/Tile.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ncc::tile;

#define GET_OP_CLASSES
#include "dialects/tile/TileOps.cpp.inc"

namespace {

LogicalResult verifyPattern(Operation *op, AccessPatternAttr ap, Type tile, StringRef what) {
  if (ap.getStrides().size() != ap.getSizes().size()) {
    return op->emitOpError() << what << " has " << ap.getStrides().size() << " strides but " << ap.getSizes().size() << " sizes";
  }
  int64_t low = ap.getOffset(), high = ap.getOffset();
  for (auto [stride, size] : llvm::zip(ap.getStrides(), ap.getSizes())) {
    if (size <= 0) {
      return op->emitOpError() << what << " has an empty dimension";
    }
    (stride < 0 ? low : high) += stride * (size - 1);
  }
  if (low < 0 || high >= elementsOf(tile)) {
    return op->emitOpError() << what << " reaches elements " << low << ".." << high << " of a tile of " << elementsOf(tile);
  }
  if (ap.getPartition() < 0 || ap.getPartition() + ap.getPartitions() > partitionsOf(tile)) {
    return op->emitOpError() << what << " leaves the tile's " << partitionsOf(tile) << " partitions";
  }
  return success();
}

template <typename OpTy>
LogicalResult verifyInst(OpTy op) {
  if (op.getTied() && op.getInputs().empty()) {
    return op.emitOpError("is tied but has no operand");
  }
  if (op.getAps().size() != op.getReads().size()) {
    return op.emitOpError() << "has " << op.getReads().size() << " reads but " << op.getAps().size() << " access patterns";
  }
  for (auto [index, value, attr] : llvm::enumerate(op.getReads(), op.getAps())) {
    if (failed(verifyPattern(op, cast<AccessPatternAttr>(attr), value.getType(), ("read " + Twine(index)).str()))) {
      return failure();
    }
  }
  if (Value into = op.getInto()) {
    if (into.getType() != op.getResult().getType()) {
      return op.emitOpError("updates a tile of another type than its result");
    }
    // The instruction itself may also read what it updates (an accumulator).
    if (llvm::any_of(into.getUsers(), [&](Operation *user) { return user != op; })) {
      return op.emitOpError("updates a tile that has other uses");
    }
  }
  if (AccessPatternAttr dst = op.getDstApAttr()) {
    if (!op.getTied()) {
      return op.emitOpError("writes a region but has no tied destination");
    }
    return verifyPattern(op, dst, op.getResult().getType(), "destination");
  }
  return success();
}

} // namespace

LogicalResult MatmulOp::verify() {
  if (getReads().size() != 2) {
    return emitOpError("reads a stationary and a moving tile");
  }
  if (!isa<PsumType>(getResult().getType())) {
    return emitOpError("accumulates in PSUM only");
  }
  return verifyInst(*this);
}
LogicalResult TransposeOp::verify() {
  if (!isa<PsumType>(getResult().getType())) {
    return emitOpError("writes PSUM only");
  }
  return verifyInst(*this);
}
LogicalResult ActivateOp::verify() { return verifyInst(*this); }
LogicalResult TensorTensorOp::verify() { return verifyInst(*this); }
LogicalResult TensorScalarOp::verify() { return verifyInst(*this); }
LogicalResult ReduceOp::verify() { return verifyInst(*this); }
LogicalResult CopyOp::verify() { return verifyInst(*this); }
LogicalResult SelectOp::verify() { return verifyInst(*this); }
LogicalResult ScanOp::verify() { return verifyInst(*this); }
LogicalResult MemsetOp::verify() { return verifyInst(*this); }
LogicalResult IotaOp::verify() { return verifyInst(*this); }
LogicalResult DmaOp::verify() { return verifyInst(*this); }
LogicalResult GatherOp::verify() { return verifyInst(*this); }

LogicalResult JoinOp::verify() {
  if (getParts().size() != getPlaces().size()) {
    return emitOpError() << "has " << getParts().size() << " parts but " << getPlaces().size() << " places";
  }
  for (auto [index, part, attr] : llvm::enumerate(getParts(), getPlaces())) {
    auto place = cast<AccessPatternAttr>(attr);
    if (failed(verifyPattern(*this, place, getResult().getType(), ("place " + Twine(index)).str()))) {
      return failure();
    }
    if (place.getFreeSize() != elementsOf(part.getType()) || place.getPartitions() != partitionsOf(part.getType())) {
      return emitOpError() << "part " << index << " does not fill its place";
    }
    if (elementTypeOf(part.getType()) != elementTypeOf(getResult().getType())) {
      return emitOpError() << "part " << index << " has another element type than the result";
    }
    if (part.getType().getTypeID() != getResult().getType().getTypeID()) {
      return emitOpError() << "part " << index << " lies in another memory than the result";
    }
  }
  return success();
}

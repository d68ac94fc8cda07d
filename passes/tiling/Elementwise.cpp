// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// See Elementwise.h.
#include "passes/tiling/Elementwise.h"
#include "dialects/graph/Graph.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ncc;

namespace {

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

bool isWide(Type type) { return type.isF64() || type.isInteger(64) || !type.isIntOrFloat(); }

bool isNarrowInt(Type type) { return type.isInteger() && type.getIntOrFloatBitWidth() <= 16; }

} // namespace

bool ncc::tiling::isEngineElementwise(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  values.append(op->result_begin(), op->result_end());
  for (Value value : values) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    // A cast may read or write i64: the copy is exact where both sides are integers.
    bool castInt64 = type && isa<graph::CastOp>(op) && type.getElementType().isSignlessInteger(64);
    if (!type || (isWide(type.getElementType()) && !castInt64) || (type.getElementType().isInteger() && !type.getElementType().isInteger(1) && type.getElementType().getIntOrFloatBitWidth() < 8) ||
        (isa<FloatType>(type.getElementType()) && type.getElementType().getIntOrFloatBitWidth() < 16)) {
      return false;
    }
    if (type.getNumElements() == 0) {
      return false;
    }
  }
  return TypeSwitch<Operation *, bool>(op)
      .Case<graph::UnaryOp>([](graph::UnaryOp unary) {
        // Activation functions compute in fp32: exact for narrow integers only.
        Type type = elementOf(unary.getX());
        return isa<FloatType>(type) || (isNarrowInt(type) && unary.getKind() != graph::UnaryKind::BitwiseNot);
      })
      .Case<graph::BinaryOp>([](graph::BinaryOp binary) {
        Type type = elementOf(binary.getA());
        if (isa<FloatType>(type) || type.isInteger(1)) {
          return true;
        }
        switch (binary.getKind()) {
        case graph::BinaryKind::Div:
        case graph::BinaryKind::Pow:
        case graph::BinaryKind::Mod:
        case graph::BinaryKind::Fmod:
        case graph::BinaryKind::Prelu:
        case graph::BinaryKind::Shl:
        case graph::BinaryKind::Shr:
          return false; // ONNX's integer rules differ from the ALU's
        default:
          return true;
        }
      })
      .Case<graph::CompareOp, graph::SelectOp>([](auto) { return true; })
      .Case<graph::CastOp>([](graph::CastOp cast) {
        Type from = elementOf(cast.getX()), to = elementOf(cast.getResult());
        return !(isa<FloatType>(from) && to.isInteger() && !to.isInteger(1) && to.getIntOrFloatBitWidth() > 16) ||
               to.isSignlessInteger(32) || to.isSignlessInteger(64);
      })
      .Default([](Operation *) { return false; });
}


// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Graph in, graph with explicit casts out; see Passes.td.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "passes/precision/Passes.h"

#include "llvm/ADT/DenseMap.h"

namespace ncc::precision {
#define GEN_PASS_DEF_AUTOCASTPASS
#include "passes/precision/Passes.h.inc"
} // namespace ncc::precision

using namespace mlir;
using namespace ncc;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isF32(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

class Demotion {
public:
  Demotion(func::FuncOp func, Type narrow, bool noF32Matmul)
      : func(func), builder(func.getContext()), narrow(narrow), noF32Matmul(noF32Matmul) {}

  /// Operands of products become narrow, results stay f32.
  void products() {
    func.walk([&](Operation *op) {
      if (!isProduct(op) || (op->hasAttr("ncc.exact") && !noF32Matmul)) {
        return;
      }
      builder.setInsertionPoint(op);
      for (unsigned i : {0u, 1u}) {
        if (isF32(op->getOperand(i))) {
          op->setOperand(i, narrowed(op->getOperand(i), op->getLoc()));
        }
      }
    });
  }

  /// Every f32 tensor becomes narrow; arguments and results of the function keep their types.
  void everything() {
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
      builder.setInsertionPoint(&op);
      bool last = op.hasTrait<OpTrait::IsTerminator>();
      if (isa<graph::ConstantOp>(op)) {
        continue; // converted for each reader
      }
      bool keeps = keepsTypes(&op);
      for (OpOperand &operand : op.getOpOperands()) {
        if (last || keeps) {
          operand.set(widened(operand.get(), op.getLoc()));
        } else if (isF32(operand.get())) {
          operand.set(narrowed(operand.get(), op.getLoc()));
        }
      }
      for (Value result : op.getResults()) {
        if (!keeps && isF32(result)) {
          wasF32.insert(result);
          result.setType(typeOf(result).clone(narrow));
        }
      }
    }
  }

private:
  static bool isProduct(Operation *op) {
    if (auto conv = dyn_cast<graph::ConvOp>(op)) {
      // Depthwise convolutions run on the vector engine, which computes in f32 anyway.
      return conv.getGroup() == 1 || conv.getGroup() != typeOf(conv.getX()).getShape()[1] ||
             typeOf(conv.getResult()).getShape()[1] != conv.getGroup();
    }
    return isa<graph::MatmulOp, graph::ConvTransposeOp>(op);
  }
  /// Ops whose meaning is tied to f32, and casts, which say their types themselves.
  static bool keepsTypes(Operation *op) {
    return isa<graph::LstmOp, graph::GruOp, graph::RnnOp, graph::QuantizeOp, graph::DequantizeOp, graph::CastOp>(op);
  }

  Value narrowed(Value value, Location loc) {
    Value &slot = casts[value];
    if (slot) {
      return slot;
    }
    OpBuilder::InsertionGuard guard(builder);
    if (auto constant = graph::constantTensor(value)) {
      builder.setInsertionPointAfterValue(value);
      slot = graph::ConstantOp::create(builder, value.getLoc(), graph::tensorAttr(builder.getContext(), converted(*constant)));
      return slot;
    }
    builder.setInsertionPointAfterValue(value);
    slot = graph::CastOp::create(builder, loc, typeOf(value).clone(narrow), value);
    return slot;
  }

  Value widened(Value value, Location loc) {
    if (!wasF32.contains(value)) {
      return value;
    }
    return graph::CastOp::create(builder, loc, typeOf(value).clone(builder.getF32Type()), value);
  }

  Tensor converted(const Tensor &wide) const {
    DType type = *graph::dtypeOf(narrow);
    Tensor result(type, wide.shape());
    const float *from = wide.as<float>().data();
    if (type == DType::BF16) {
      auto to = result.mutableAs<uint16_t>();
      for (int64_t i = 0; i < wide.size(); ++i) {
        uint32_t bits;
        std::memcpy(&bits, &from[i], 4);
        // Round to nearest even; a NaN keeps a payload bit.
        to[i] = (bits & 0x7fffffff) > 0x7f800000 ? static_cast<uint16_t>((bits >> 16) | 0x40)
                                                 : static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
      }
      return result;
    }
    for (int64_t i = 0; i < wide.size(); ++i) {
      result.setDouble(i, from[i]);
    }
    return result;
  }

  func::FuncOp func;
  OpBuilder builder;
  Type narrow;
  bool noF32Matmul;
  llvm::DenseMap<Value, Value> casts;
  llvm::DenseSet<Value> wasF32;
};

struct AutoCast : ncc::precision::impl::AutoCastPassBase<AutoCast> {
  using AutoCastPassBase::AutoCastPassBase;
  void runOnOperation() override {
    Builder b(&getContext());
    if ((type != "bf16" && type != "fp16") || (mode != "none" && mode != "matmult" && mode != "all")) {
      getOperation().emitError() << "auto-cast mode '" << mode << "' with type '" << type << "' is not known";
      return signalPassFailure();
    }
    Demotion demotion(getOperation(), type == "bf16" ? Type(b.getBF16Type()) : Type(b.getF16Type()), noF32Matmul);
    if (mode == "matmult") {
      demotion.products();
    } else if (mode == "all") {
      demotion.everything();
      demotion.products();
    }
  }
};

} // namespace

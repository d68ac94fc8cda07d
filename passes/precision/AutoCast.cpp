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

/// Sums of at most this many terms are thin: a quarter of the array's rows.
constexpr int64_t kThin = 32;
/// Products of at most this many columns by at most this many weights stream next to nothing through the array.
constexpr int64_t kFewColumns = 8, kFewWeights = int64_t(1) << 17;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isF32(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

class Demotion {
public:
  Demotion(func::FuncOp func, Type narrow, bool noF32Matmul)
      : func(func), builder(func.getContext()), narrow(narrow), noF32Matmul(noF32Matmul) {}

  /// Operands of products become narrow, results stay f32. With `keepThin`, products over few terms stay accurate.
  void products(bool keepThin) {
    SmallVector<Operation *> found;
    func.walk([&](Operation *op) {
      if (isProduct(op)) {
        found.push_back(op);
      }
    });
    for (Operation *op : found) {
      const bool thin = keepThin && (isThin(op) || (!noF32Matmul && isSmall(op)));
      if ((thin || op->hasAttr("ncc.exact")) && !noF32Matmul) {
        continue;
      }
      builder.setInsertionPoint(op);
      if (thin && splits(op)) {
        split(op);
        continue;
      }
      for (unsigned i : {0u, 1u}) {
        if (isF32(op->getOperand(i))) {
          op->setOperand(i, narrowed(op->getOperand(i), op->getLoc()));
        }
      }
    }
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
  /// Few terms in each sum and constant weights. Rounding errors of operands average out over long sums and do not
  /// over short ones, and a short sum leaves most rows of the array idle, so accuracy is needed and cheap here.
  static bool isThin(Operation *op) {
    Value weights = op->getOperand(1);
    if (!graph::constantTensor(weights)) {
      return false;
    }
    ArrayRef<int64_t> shape = typeOf(weights).getShape();
    if (auto product = dyn_cast<graph::MatmulOp>(op)) {
      return shape.size() >= 2 && shape[shape.size() - (product.getTransposeB() ? 1 : 2)] <= kThin;
    }
    return isa<graph::ConvOp>(op) && ShapedType::getNumElements(shape.drop_front()) <= kThin;
  }
  /// Few columns and few constant weights: what an instruction costs before the first column outweighs the passes f32
  /// takes, and small models have little to average rounding errors over.
  static bool isSmall(Operation *op) {
    Value weights = op->getOperand(1);
    if (!isa<graph::MatmulOp, graph::ConvOp>(op) || !graph::constantTensor(weights) || typeOf(weights).getNumElements() > kFewWeights) {
      return false;
    }
    ArrayRef<int64_t> shape = typeOf(op->getResult(0)).getShape();
    int64_t outputs = shape.empty() ? 1 : isa<graph::MatmulOp>(op) ? shape.back() : shape[1];
    return typeOf(op->getResult(0)).getNumElements() <= outputs * kFewColumns;
  }
  /// An f32 product becomes a sum of narrow ones only in bf16, which has the range of f32.
  bool splits(Operation *op) const {
    return narrow.isBF16() && isF32(op->getOperand(0)) && isF32(op->getOperand(1)) && isF32(op->getResult(0));
  }

  /// x w as xh wh + (xl wh + xh wl): high parts rounded to the narrow type, low parts what that rounding lost.
  void split(Operation *op) {
    Location loc = op->getLoc();
    Value x = op->getOperand(0);
    Value highX = narrowed(x, loc), lowX = rest(x, loc);
    Tensor weights = *graph::constantTensor(op->getOperand(1));
    Value highW = narrowed(op->getOperand(1), loc);
    auto product = [&](Value a, Value b, bool main) {
      Operation *clone = builder.clone(*op);
      clone->setOperand(0, a);
      clone->setOperand(1, b);
      if (!main) {
        clone->setAttr("ncc.correction", builder.getUnitAttr());
        if (clone->getNumOperands() > 2) {
          clone->eraseOperand(2); // the bias
        }
      }
      return clone->getResult(0);
    };
    Value correction = product(lowX, highW, false);
    if (std::optional<Tensor> low = remainder(weights)) {
      Value lowW = graph::ConstantOp::create(builder, loc, graph::tensorAttr(builder.getContext(), converted(*low)));
      correction = graph::BinaryOp::create(builder, loc, graph::BinaryKind::Add, correction, product(highX, lowW, false));
    }
    Value sum = graph::BinaryOp::create(builder, loc, graph::BinaryKind::Add, product(highX, highW, true), correction);
    op->getResult(0).replaceAllUsesWith(sum);
    op->erase();
  }
  /// What rounding a value to the narrow type loses, itself in the narrow type.
  Value rest(Value x, Location loc) {
    Value &slot = rests[x];
    if (!slot) {
      OpBuilder::InsertionGuard guard(builder);
      Value high = narrowed(x, loc);
      builder.setInsertionPointAfterValue(high);
      Value wide = graph::CastOp::create(builder, loc, x.getType(), high);
      Value low = graph::BinaryOp::create(builder, loc, graph::BinaryKind::Sub, x, wide);
      slot = graph::CastOp::create(builder, loc, typeOf(x).clone(narrow), low);
    }
    return slot;
  }
  /// The same for weights, at compile time; none where nothing is lost.
  std::optional<Tensor> remainder(const Tensor &wide) const {
    Tensor high = converted(wide), low(DType::F32, wide.shape());
    auto from = wide.as<float>();
    auto to = low.mutableAs<float>();
    bool any = false;
    for (int64_t i = 0; i < wide.size(); ++i) {
      to[i] = from[i] - static_cast<float>(high.asDouble(i));
      any |= to[i] != 0;
    }
    return any ? std::optional<Tensor>(low) : std::nullopt;
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
  llvm::DenseMap<Value, Value> casts, rests;
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
      demotion.products(true);
    } else if (mode == "all") {
      demotion.everything();
      demotion.products(false);
    }
  }
};

} // namespace

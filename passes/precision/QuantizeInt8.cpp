// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Post-training quantization from calibrated ranges; see Passes.td.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "passes/precision/Passes.h"

#include <cmath>

namespace ncc::precision {
#define GEN_PASS_DEF_QUANTIZEINT8PASS
#include "passes/precision/Passes.h.inc"
} // namespace ncc::precision

using namespace mlir;
using namespace ncc;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

struct Range {
  double low, high;
};

std::optional<Range> rangeOf(Value value) {
  DenseF64ArrayAttr attr;
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    auto func = cast<func::FuncOp>(arg.getOwner()->getParentOp());
    attr = func.getArgAttrOfType<DenseF64ArrayAttr>(arg.getArgNumber(), "ncc.range");
  } else {
    attr = value.getDefiningOp()->getAttrOfType<DenseF64ArrayAttr>("ncc.range");
  }
  if (!attr || attr.size() != 2 || !(attr[0] <= attr[1]) || !std::isfinite(attr[0]) || !std::isfinite(attr[1])) {
    return std::nullopt;
  }
  // Zero must be exact: padding and rectified activations are full of it.
  return Range{std::min(attr[0], 0.0), std::max(attr[1], 0.0)};
}

class Quantizer {
public:
  explicit Quantizer(func::FuncOp func) : func(func), b(func.getContext()) {}

  void run() {
    func.walk([&](Operation *op) {
      if (auto conv = dyn_cast<graph::ConvOp>(op)) {
        quantize(conv);
      } else if (auto matmul = dyn_cast<graph::MatmulOp>(op)) {
        quantize(matmul);
      }
    });
  }

private:
  struct Activation {
    Value tensor;
    double scale;
    int64_t zero;
  };

  /// The ui8 form of x, made once.
  std::optional<Activation> activation(Value x) {
    auto range = rangeOf(x);
    if (!range || !typeOf(x).getElementType().isF32()) {
      return std::nullopt;
    }
    Activation &made = activations[x];
    if (!made.tensor) {
      made.scale = range->high > range->low ? (range->high - range->low) / 255 : 1.0;
      made.zero = std::clamp<int64_t>(std::llrint(-range->low / made.scale), 0, 255);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointAfterValue(x);
      Type u8 = IntegerType::get(b.getContext(), 8, IntegerType::Unsigned);
      Value scale = scalar(made.scale, b.getF32Type()), zero = scalar(static_cast<double>(made.zero), u8);
      made.tensor = graph::QuantizeOp::create(b, x.getLoc(), typeOf(x).clone(u8), x, scale, zero);
    }
    return made;
  }

  Value scalar(double value, Type element) {
    return graph::ConstantOp::create(b, func.getLoc(), graph::splatAttr(RankedTensorType::get({}, element), value));
  }

  struct Weights {
    Value tensor;
    std::vector<float> scales; // per output channel
  };

  /// Symmetric i8 weights; output channel of element i is i / inner % channels.
  std::optional<Weights> weights(Value w, int64_t channels, int64_t inner) {
    auto constant = graph::constantTensor(w);
    if (!constant || constant->dtype() != DType::F32 || constant->size() == 0) {
      return std::nullopt;
    }
    auto from = constant->as<float>();
    Weights result;
    result.scales.assign(channels, 0.0f);
    for (int64_t i = 0; i < constant->size(); ++i) {
      float &largest = result.scales[i / inner % channels];
      largest = std::max(largest, std::fabs(from[i]));
    }
    for (float &scale : result.scales) {
      scale = scale > 0 && std::isfinite(scale) ? scale / 127 : 1.0f;
    }
    Tensor packed(DType::I8, constant->shape());
    for (int64_t i = 0; i < constant->size(); ++i) {
      float q = std::nearbyint(from[i] / result.scales[i / inner % channels]);
      packed.mutableAs<int8_t>()[i] = static_cast<int8_t>(std::clamp(q, -127.0f, 127.0f));
    }
    result.tensor = graph::ConstantOp::create(b, w.getLoc(), graph::tensorAttr(b.getContext(), packed));
    return result;
  }

  Value scales(const Weights &w, double activationScale, int64_t trailingOnes) {
    Shape shape{static_cast<int64_t>(w.scales.size())};
    shape.resize(1 + trailingOnes, 1);
    Tensor tensor(DType::F32, shape);
    for (size_t i = 0; i < w.scales.size(); ++i) {
      tensor.mutableAs<float>()[i] = static_cast<float>(w.scales[i] * activationScale);
    }
    return graph::ConstantOp::create(b, func.getLoc(), graph::tensorAttr(b.getContext(), tensor));
  }

  Value scaledBack(Value product, Type type, Value scale) {
    Location loc = product.getLoc();
    Value wide = graph::CastOp::create(b, loc, type, product);
    return graph::BinaryOp::create(b, loc, graph::BinaryKind::Mul, wide, scale);
  }

  void quantize(graph::ConvOp op) {
    int64_t group = op.getGroup(), channels = typeOf(op.getX()).getShape()[1];
    auto w = typeOf(op.getW());
    if (!typeOf(op.getResult()).getElementType().isF32() || (group > 1 && group == channels)) {
      return;
    }
    b.setInsertionPoint(op);
    int64_t outputs = w.getShape()[0];
    auto packed = rangeOf(op.getX()) ? weights(op.getW(), outputs, w.getNumElements() / std::max<int64_t>(outputs, 1)) : std::nullopt;
    auto x = packed ? activation(op.getX()) : std::nullopt;
    if (!x) {
      return;
    }
    b.setInsertionPoint(op);
    auto i32 = typeOf(op.getResult()).clone(b.getI32Type());
    Value product = graph::ConvOp::create(b, op.getLoc(), i32, x->tensor, packed->tensor, Value(), op.getStrides(), op.getPads(),
                                          op.getDilations(), op.getGroup(), x->zero, 0);
    int64_t spatial = w.getRank() - 2;
    Value y = scaledBack(product, op.getResult().getType(), scales(*packed, x->scale, spatial));
    if (op.getBias()) {
      SmallVector<int64_t> shape(spatial + 1, 1);
      shape[0] = outputs;
      Value bias = graph::ReshapeOp::create(b, op.getLoc(), RankedTensorType::get(shape, b.getF32Type()), op.getBias());
      y = graph::BinaryOp::create(b, op.getLoc(), graph::BinaryKind::Add, y, bias);
    }
    op.getResult().replaceAllUsesWith(y);
    op.erase();
  }

  void quantize(graph::MatmulOp op) {
    auto w = typeOf(op.getB());
    if (w.getRank() != 2 || !typeOf(op.getResult()).getElementType().isF32() || typeOf(op.getA()).getRank() < 2) {
      return;
    }
    b.setInsertionPoint(op);
    int64_t outputs = op.getTransposeB() ? w.getShape()[0] : w.getShape()[1];
    auto packed = rangeOf(op.getA()) ? weights(op.getB(), outputs, op.getTransposeB() ? w.getShape()[1] : 1) : std::nullopt;
    auto x = packed ? activation(op.getA()) : std::nullopt;
    if (!x) {
      return;
    }
    b.setInsertionPoint(op);
    auto i32 = typeOf(op.getResult()).clone(b.getI32Type());
    Value product = graph::MatmulOp::create(b, op.getLoc(), i32, x->tensor, packed->tensor, op.getTransposeA(), op.getTransposeB(),
                                            x->zero, 0);
    op.getResult().replaceAllUsesWith(scaledBack(product, op.getResult().getType(), scales(*packed, x->scale, 0)));
    op.erase();
  }

  func::FuncOp func;
  OpBuilder b;
  llvm::DenseMap<Value, Activation> activations;
};

struct QuantizeInt8 : ncc::precision::impl::QuantizeInt8PassBase<QuantizeInt8> {
  using QuantizeInt8PassBase::QuantizeInt8PassBase;
  void runOnOperation() override { Quantizer(getOperation()).run(); }
};

} // namespace

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Structured sparsity that training or another pruner left behind: whole channels of zeros, or channels nobody reads.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "passes/prune/Passes.h"

#include <cstring>

using namespace mlir;
using namespace ncc::graph;

namespace ncc::prune {

#define GEN_PASS_DEF_PRUNECHANNELSPASS
#include "passes/prune/Passes.h.inc"

namespace {

/// Kinds with f(0) = 0, for any parameters the op may carry.
bool keepsZero(UnaryOp op) {
  switch (op.getKind()) {
  case UnaryKind::Relu: case UnaryKind::LeakyRelu: case UnaryKind::Elu: case UnaryKind::Selu: case UnaryKind::Celu:
  case UnaryKind::Tanh: case UnaryKind::Gelu: case UnaryKind::GeluTanh: case UnaryKind::Silu: case UnaryKind::Mish:
  case UnaryKind::HardSwish: case UnaryKind::Abs: case UnaryKind::Neg: case UnaryKind::Square: case UnaryKind::Sqrt:
  case UnaryKind::Softsign: case UnaryKind::Erf:
    return true;
  case UnaryKind::Clip:
    return op.getAlpha() <= 0 && op.getBeta() >= 0;
  default:
    return false;
  }
}

/// An axis of a constant weight tensor that counts channels.
struct ChannelAxis {
  Value weights;
  int64_t axis;
};

/// conv: output channels are dim 0, input channels dim 1; matmul with constant right operand: columns and rows.
std::optional<ChannelAxis> producedBy(Operation *op) {
  if (auto conv = dyn_cast<ConvOp>(op); conv && conv.getGroup() == 1) {
    return ChannelAxis{conv.getW(), 0};
  }
  auto matmul = dyn_cast<MatmulOp>(op);
  if (matmul && cast<RankedTensorType>(matmul.getB().getType()).getRank() == 2) {
    return ChannelAxis{matmul.getB(), matmul.getTransposeB() ? 0 : 1};
  }
  return std::nullopt;
}
std::optional<ChannelAxis> consumedBy(Operation *op, Value input) {
  std::optional<ChannelAxis> weights = producedBy(op);
  if (!weights || op->getOperand(0) != input || op->getOperand(1) == input) {
    return std::nullopt;
  }
  auto matmul = dyn_cast<MatmulOp>(op);
  if (matmul && matmul.getTransposeA()) {
    return std::nullopt;
  }
  return ChannelAxis{weights->weights, 1 - weights->axis};
}

/// outer x size x inner around an axis.
struct View {
  int64_t outer = 1, size = 1, inner = 1;
  View(const Tensor &tensor, int64_t axis) {
    for (int64_t d = 0; d < tensor.rank(); ++d) {
      (d < axis ? outer : d == axis ? size : inner) *= tensor.shape()[d];
    }
  }
};

bool isZero(const Tensor &tensor, int64_t at, int64_t count) {
  size_t step = dtypeSize(tensor.dtype());
  const char *bytes = static_cast<const char *>(tensor.data()) + at * step;
  if (bytes[0] != 0) { // nearly every channel ends here
    return false;
  }
  return std::all_of(bytes, bytes + count * step, [](char c) { return c == 0; });
}

/// Marks the channels along `axis` that are not all zero (bits, so -0.0 counts as something).
std::vector<bool> nonZero(const Tensor &weights, int64_t axis) {
  View view(weights, axis);
  std::vector<bool> marks(view.size);
  for (int64_t c = 0; c < view.size; ++c) {
    for (int64_t o = 0; o < view.outer && !marks[c]; ++o) {
      marks[c] = !isZero(weights, (o * view.size + c) * view.inner, view.inner);
    }
  }
  return marks;
}

Value keepChannels(OpBuilder &builder, Value value, int64_t axis, ArrayRef<int64_t> live) {
  Tensor tensor = *constantTensor(value);
  View view(tensor, axis);
  Shape shape = tensor.shape();
  shape[axis] = static_cast<int64_t>(live.size());
  Tensor kept(tensor.dtype(), shape);
  size_t run = view.inner * dtypeSize(tensor.dtype());
  const char *from = static_cast<const char *>(tensor.data());
  char *to = static_cast<char *>(kept.mutableData());
  for (int64_t o = 0; o < view.outer; ++o) {
    for (int64_t c : live) {
      std::memcpy(to, from + (o * view.size + c) * run, run);
      to += run;
    }
  }
  return ConstantOp::create(builder, value.getLoc(), tensorAttr(builder.getContext(), kept, "pruned"));
}

/// A producer of channels, ops that treat each channel apart, and the one op that sums over them.
struct Chain {
  Operation *producer;
  int64_t axis; // of the channels in every value between
  SmallVector<Operation *> between = {};
  Operation *consumer = nullptr;
  Value consumerWeights = {};
  int64_t consumerAxis = 0;

  /// Walks down to the consumer; false if the channels go anywhere else.
  bool follow() {
    Value value = producer->getResult(0);
    while (value.hasOneUse()) {
      Operation *next = *value.user_begin();
      if (!isPerChannel(next, value)) {
        break;
      }
      between.push_back(next);
      value = next->getResult(0);
    }
    consumer = value.hasOneUse() ? *value.user_begin() : nullptr;
    std::optional<ChannelAxis> used = consumer ? consumedBy(consumer, value) : std::nullopt;
    if (!used || !constantTensor(used->weights) || isa<ConvOp>(producer) != isa<ConvOp>(consumer) || (biasOf(producer) && !constantTensor(biasOf(producer)))) {
      return false;
    }
    consumerWeights = used->weights;
    consumerAxis = used->axis;
    return true;
  }

  /// Channels that are not zero at the consumer, and that it does not multiply by zero.
  std::vector<int64_t> liveChannels() const {
    std::optional<ChannelAxis> made = producedBy(producer);
    std::vector<bool> live = nonZero(*constantTensor(made->weights), made->axis);
    auto alsoLive = [&](Value constant) {
      Tensor tensor = *constantTensor(constant);
      for (size_t c = 0; c < live.size(); ++c) {
        live[c] = live[c] || !isZero(tensor, tensor.size() == 1 ? 0 : static_cast<int64_t>(c), 1);
      }
    };
    if (biasOf(producer)) {
      alsoLive(biasOf(producer));
    }
    for (Operation *op : between) {
      if (auto conv = dyn_cast<ConvOp>(op)) {
        std::vector<bool> kept = nonZero(*constantTensor(conv.getW()), 0);
        for (size_t c = 0; c < live.size(); ++c) {
          live[c] = live[c] && kept[c];
        }
        if (conv.getBias()) {
          alsoLive(conv.getBias());
        }
      } else if (auto binary = dyn_cast<BinaryOp>(op); binary && binary.getKind() == BinaryKind::Add) {
        alsoLive(binary.getB());
      }
    }
    std::vector<bool> used = nonZero(*constantTensor(consumerWeights), consumerAxis);
    std::vector<int64_t> list;
    for (size_t c = 0; c < live.size(); ++c) {
      if (live[c] && used[c]) {
        list.push_back(static_cast<int64_t>(c));
      }
    }
    return list;
  }

  void keep(ArrayRef<int64_t> live) const {
    OpBuilder builder(producer);
    auto cut = [&](Operation *op, unsigned operand, int64_t along) {
      builder.setInsertionPoint(op);
      op->setOperand(operand, keepChannels(builder, op->getOperand(operand), along, live));
    };
    cut(producer, 1, producedBy(producer)->axis);
    if (biasOf(producer)) {
      cut(producer, 2, 0);
    }
    cut(consumer, 1, consumerAxis);
    for (Operation *op : between) {
      if (auto conv = dyn_cast<ConvOp>(op)) {
        cut(op, 1, 0);
        if (conv.getBias()) {
          cut(op, 2, 0);
        }
        conv.setGroup(static_cast<int64_t>(live.size()));
      } else if (isa<BinaryOp>(op) && constantTensor(op->getOperand(1))->size() != 1) {
        auto constant = cast<RankedTensorType>(op->getOperand(1).getType());
        cut(op, 1, axis - cast<RankedTensorType>(op->getResult(0).getType()).getRank() + constant.getRank());
      }
    }
    narrow(producer, live.size());
    for (Operation *op : between) {
      narrow(op, live.size());
    }
  }

private:
  static Value biasOf(Operation *op) { return isa<ConvOp>(op) && op->getNumOperands() > 2 ? op->getOperand(2) : Value(); }

  void narrow(Operation *op, size_t channels) const {
    auto old = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<int64_t> dims(old.getShape());
    dims[axis] = static_cast<int64_t>(channels);
    op->getResult(0).setType(RankedTensorType::get(dims, old.getElementType()));
  }

  /// Ops that make zero channels of zero channels, but for biases, which liveChannels looks at.
  bool isPerChannel(Operation *op, Value value) const {
    if (auto unary = dyn_cast<UnaryOp>(op)) {
      return keepsZero(unary);
    }
    auto type = cast<RankedTensorType>(value.getType());
    if (auto conv = dyn_cast<ConvOp>(op)) { // depthwise
      int64_t channels = type.getDimSize(1);
      return axis == 1 && conv.getX() == value && conv.getGroup() == channels && channels > 1 &&
             cast<RankedTensorType>(conv.getResult().getType()).getDimSize(1) == channels && constantTensor(conv.getW()) &&
             (!conv.getBias() || constantTensor(conv.getBias()));
    }
    if (auto pool = dyn_cast<PoolOp>(op)) {
      return axis == 1 && pool.getKind() != PoolKind::Lp;
    }
    auto binary = dyn_cast<BinaryOp>(op);
    if (!binary || binary.getA() != value || binary.getResult().getType() != type || !constantTensor(binary.getB()) ||
        (binary.getKind() != BinaryKind::Add && binary.getKind() != BinaryKind::Mul)) {
      return false;
    }
    auto constant = cast<RankedTensorType>(binary.getB().getType());
    int64_t place = axis - type.getRank() + constant.getRank();
    return constant.getNumElements() == 1 ||
           (place >= 0 && constant.getDimSize(place) == type.getDimSize(axis) && constant.getNumElements() == type.getDimSize(axis));
  }
};

struct PruneChannelsPass : impl::PruneChannelsPassBase<PruneChannelsPass> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) { prune(op); });
  }

  void prune(Operation *producer) {
    std::optional<ChannelAxis> made = producedBy(producer);
    auto type = made ? cast<RankedTensorType>(producer->getResult(0).getType()) : RankedTensorType();
    if (!made || !constantTensor(made->weights) || !isa<FloatType>(type.getElementType())) {
      return;
    }
    Chain chain{producer, isa<ConvOp>(producer) ? 1 : type.getRank() - 1};
    if (!chain.follow()) {
      return;
    }
    std::vector<int64_t> live = chain.liveChannels();
    if (!live.empty() && static_cast<int64_t>(live.size()) < type.getDimSize(chain.axis)) {
      chain.keep(live);
    }
  }
};

} // namespace
} // namespace ncc::prune

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Structured sparsity that training or another pruner left behind: whole output channels of zeros.
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

/// The channels along `axis` that are not all zero (bits, so -0.0 counts as something).
std::vector<int64_t> liveChannels(const Tensor &weights, int64_t axis, const std::optional<Tensor> &bias) {
  View view(weights, axis);
  std::vector<int64_t> live;
  for (int64_t c = 0; c < view.size; ++c) {
    bool zero = !bias || isZero(*bias, c, 1);
    for (int64_t o = 0; zero && o < view.outer; ++o) {
      zero = isZero(weights, (o * view.size + c) * view.inner, view.inner);
    }
    if (!zero) {
      live.push_back(c);
    }
  }
  return live;
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
    // The chain of unary ops from the producer to its one consumer.
    SmallVector<Operation *> chain{producer};
    while (chain.back()->hasOneUse()) {
      auto next = dyn_cast<UnaryOp>(*chain.back()->user_begin());
      if (!next || !keepsZero(next)) {
        break;
      }
      chain.push_back(next);
    }
    if (!chain.back()->hasOneUse()) {
      return;
    }
    Operation *consumer = *chain.back()->user_begin();
    std::optional<ChannelAxis> used = consumedBy(consumer, chain.back()->getResult(0));
    if (!used || !constantTensor(used->weights)) {
      return;
    }
    Value bias = isa<ConvOp>(producer) && producer->getNumOperands() > 2 ? producer->getOperand(2) : Value();
    std::optional<Tensor> biasTensor = bias ? constantTensor(bias) : std::nullopt;
    if (bias && !biasTensor) {
      return;
    }
    std::vector<int64_t> live = liveChannels(*constantTensor(made->weights), made->axis, biasTensor);
    int64_t axis = isa<ConvOp>(producer) ? 1 : type.getRank() - 1;
    if (live.empty() || static_cast<int64_t>(live.size()) == type.getDimSize(axis) ||
        isa<ConvOp>(producer) != isa<ConvOp>(consumer)) {
      return;
    }
    OpBuilder builder(producer);
    producer->setOperand(1, keepChannels(builder, made->weights, made->axis, live));
    if (bias) {
      producer->setOperand(2, keepChannels(builder, bias, 0, live));
    }
    builder.setInsertionPoint(consumer);
    consumer->setOperand(1, keepChannels(builder, used->weights, used->axis, live));
    for (Operation *op : chain) {
      auto old = cast<RankedTensorType>(op->getResult(0).getType());
      SmallVector<int64_t> dims(old.getShape());
      dims[axis] = static_cast<int64_t>(live.size());
      op->getResult(0).setType(RankedTensorType::get(dims, old.getElementType()));
    }
  }
};

} // namespace
} // namespace ncc::prune

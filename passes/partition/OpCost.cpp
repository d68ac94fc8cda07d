// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Cost of graph ops by family. Views cost nothing, what is not a matrix product is passes over its elements.
#include "passes/partition/OpCost.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Forest.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::partition;

namespace {

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t elements(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() ? tensor.getNumElements() : 0;
}

DType elementOf(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return tensor ? graph::dtypeOf(tensor.getElementType()).value_or(DType::F32) : DType::F32;
}

class Estimator {
public:
  Estimator(const hw::CostModel &cost, const hw::DeviceSpec &device) : cost(cost), device(device) {}

  OpCost estimate(Operation *op) {
    OpCost result;
    TypeSwitch<Operation *>(op)
        .Case<graph::ConstantOp, graph::ReshapeOp, graph::YieldOp>([](auto) {})
        .Case([&](graph::FusionOp fusion) {
          for (Operation &inner : fusion.getBody().front()) {
            result += estimate(&inner);
          }
        })
        .Case([&](graph::MatmulOp matmul) { result = product(matmul); })
        .Case([&](graph::ConvOp conv) { result = convolution(conv.getX(), conv.getW(), conv.getResult(), conv.getGroup()); })
        .Case([&](graph::ConvTransposeOp conv) {
          result = convolution(conv.getX(), conv.getW(), conv.getX(), conv.getGroup());
        })
        .Case([&](graph::AttentionOp attention) { result = attentionCost(attention); })
        .Case([&](graph::PoolOp pool) { result.otherNs = pass(pool.getResult()) * static_cast<double>(product(pool.getKernel())); })
        .Case<graph::SoftmaxOp, graph::LayerNormOp, graph::RmsNormOp>([&](Operation *norm) { result.otherNs = 4 * pass(norm->getResult(0)); })
        .Case<graph::LstmOp, graph::GruOp, graph::RnnOp>([&](Operation *cell) { result = recurrent(cell); })
        // Of a table, only the rows asked for are read.
        .Case<graph::GatherOp, graph::GatherElementsOp, graph::GatherNdOp>([&](Operation *gather) { result.otherNs = pass(gather->getResult(0)); })
        // A comparison and half a selection (of twice the cost) per node and row; the rows compared are fetched.
        .Case([&](graph::ForestOp forest) {
          result.otherNs = passes(2 * elements(forest.getThresholds().getType()) * cast<RankedTensorType>(forest.getType()).getDimSize(0));
        })
        .Case([&](graph::TransposeOp transpose) {
          result.otherNs = pass(transpose.getResult());
          result.tensorNs = static_cast<double>(ceilDiv(elements(transpose.getResult().getType()), 128 * 128)) * cost.transposeNs(128, 128);
        })
        .Default([&](Operation *other) {
          int64_t largest = 0;
          for (Value value : other->getOperands()) {
            largest = std::max(largest, elements(value.getType()));
          }
          for (Value value : other->getResults()) {
            largest = std::max(largest, elements(value.getType()));
          }
          result.otherNs = passes(largest);
        });
    if (op->hasAttr("ncc.correction")) { // work for accuracy, not of the model
      result.macs = result.weightedMacs = 0;
    }
    bool wholeOperands = !llvm::isa<graph::GatherOp, graph::GatherElementsOp, graph::GatherNdOp>(op);
    for (Value operand : op->getOperands()) {
      if (wholeOperands && operand.getDefiningOp<graph::ConstantOp>()) {
        result.weightBytes += bytesOf(operand.getType());
      }
    }
    return result;
  }

private:
  // One elementwise instruction stream over `n` elements spread over all partitions.
  double passes(int64_t n) const {
    int64_t perPartition = ceilDiv(n, device.partitions);
    int64_t chunks = ceilDiv(perPartition, 2048);
    return chunks == 0 ? 0 : static_cast<double>(chunks) * cost.elementwiseNs(isa::Engine::Vector, ceilDiv(perPartition, chunks));
  }
  double pass(Value value) const { return passes(elements(value.getType())); }
  static int64_t product(ArrayRef<int64_t> sizes) {
    int64_t n = 1;
    for (int64_t size : sizes) {
      n *= size;
    }
    return n;
  }

  // `batch` products of [features x depth] by [depth x tokens].
  OpCost tiles(int64_t batch, int64_t features, int64_t depth, int64_t tokens, DType type) const {
    OpCost result;
    int64_t width = std::min<int64_t>(std::max<int64_t>(tokens, 1), device.maxMovingFree);
    auto count = static_cast<double>(batch * ceilDiv(features, device.maxStationaryColumns) * ceilDiv(depth, device.peRows) * ceilDiv(tokens, width));
    double rate = device.matmulCycles(type) > 0 ? device.matmulCycles(type) : 4;
    result.tensorNs = count * cost.matmulNs(device.peRows, device.maxStationaryColumns, width, device.matmulCycles(type) > 0 ? type : DType::BF16);
    result.macs = static_cast<double>(batch) * static_cast<double>(features) * static_cast<double>(depth) * static_cast<double>(tokens);
    result.weightedMacs = result.macs * rate;
    // Every block of accumulators is evacuated once.
    auto blocks = static_cast<double>(batch * ceilDiv(features, device.maxStationaryColumns) * ceilDiv(tokens, width));
    result.otherNs = blocks * cost.elementwiseNs(isa::Engine::Vector, width);
    return result;
  }

  OpCost product(graph::MatmulOp op) const {
    auto a = cast<RankedTensorType>(op.getA().getType()), b = cast<RankedTensorType>(op.getB().getType());
    int64_t out = elements(op.getResult().getType());
    int64_t depth = a.getRank() == 1 ? a.getDimSize(0) : a.getDimSize(a.getRank() - (op.getTransposeA() ? 2 : 1));
    int64_t features = b.getRank() == 1 ? 1 : b.getDimSize(b.getRank() - (op.getTransposeB() ? 2 : 1));
    int64_t batch = b.getRank() > 2 ? b.getNumElements() / std::max<int64_t>(1, depth * features) : 1;
    int64_t tokens = out / std::max<int64_t>(1, features * batch);
    return tiles(batch, features, depth, tokens, elementOf(op.getA()));
  }

  OpCost convolution(Value x, Value w, Value pixelsOf, int64_t group) const {
    auto input = cast<RankedTensorType>(x.getType()), weight = cast<RankedTensorType>(w.getType());
    auto spatial = cast<RankedTensorType>(pixelsOf.getType());
    int64_t pixels = spatial.getNumElements() / std::max<int64_t>(1, spatial.getDimSize(1));
    int64_t channels = input.getDimSize(1) / group;
    if (channels == 1 && group > 1) { // depthwise: a pass of the vector engine per tap
      OpCost result;
      result.macs = static_cast<double>(pixels) * static_cast<double>(weight.getNumElements());
      result.weightedMacs = result.macs;
      int64_t taps = weight.getNumElements() / std::max<int64_t>(1, group);
      result.otherNs = static_cast<double>(taps) * passes(pixels * group);
      return result;
    }
    int64_t taps = weight.getRank() > 2 ? product(weight.getShape().drop_front(2)) : 1;
    // conv has w[M, C/group, ...], conv_transpose w[C, M/group, ...].
    int64_t features = pixelsOf == x ? weight.getDimSize(1) : weight.getDimSize(0) / group;
    return tiles(group, features, channels * taps, pixels, elementOf(x));
  }

  OpCost attentionCost(graph::AttentionOp op) const {
    auto q = cast<RankedTensorType>(op.getQ().getType()), k = cast<RankedTensorType>(op.getK().getType());
    auto v = cast<RankedTensorType>(op.getV().getType());
    int64_t rank = q.getRank(), batch = q.getNumElements() / std::max<int64_t>(1, q.getDimSize(rank - 1) * q.getDimSize(rank - 2));
    int64_t queries = q.getDimSize(rank - 2), keys = k.getDimSize(rank - 2);
    DType type = elementOf(op.getQ());
    OpCost result = tiles(batch, keys, q.getDimSize(rank - 1), queries, type);
    result += tiles(batch, v.getDimSize(rank - 1), keys, queries, type);
    result.otherNs += 4 * passes(batch * queries * keys);
    return result;
  }

  // Weights are the operands of rank 3 [directions, gates, depth].
  OpCost recurrent(Operation *op) const {
    auto x = cast<RankedTensorType>(op->getOperand(0).getType());
    int64_t steps = x.getDimSize(0), batch = x.getRank() > 1 ? x.getDimSize(1) : 1;
    OpCost result;
    for (Value operand : op->getOperands().drop_front()) {
      auto weight = dyn_cast<RankedTensorType>(operand.getType());
      if (weight && weight.getRank() == 3 && operand.getDefiningOp<graph::ConstantOp>()) {
        result += tiles(steps * weight.getDimSize(0), weight.getDimSize(1), weight.getDimSize(2), batch, elementOf(op->getOperand(0)));
        result.otherNs += static_cast<double>(steps) * passes(batch * weight.getDimSize(1) * weight.getDimSize(0));
      }
    }
    return result;
  }

  const hw::CostModel &cost;
  const hw::DeviceSpec &device;
};

} // namespace

OpCost &OpCost::operator+=(const OpCost &other) {
  tensorNs += other.tensorNs;
  otherNs += other.otherNs;
  macs += other.macs;
  weightedMacs += other.weightedMacs;
  weightBytes += other.weightBytes;
  return *this;
}

OpCost partition::costOf(Operation *op, const hw::CostModel &cost, const hw::DeviceSpec &device) { return Estimator(cost, device).estimate(op); }

int64_t partition::bytesOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape()) {
    return 0;
  }
  return tensor.getNumElements() * static_cast<int64_t>(dtypeSize(graph::dtypeOf(tensor.getElementType()).value_or(DType::F32)));
}

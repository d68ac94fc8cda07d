// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Each family's loop nest, with the loops multiplied out in wide arithmetic.
#include "passes/lower/InstructionCount.h"

#include "dialects/graph/Graph.h"
#include "passes/layout/Layout.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::layout;

namespace {

using Wide = __int128;
constexpr Wide kCeiling = Wide{1} << 62;

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
Wide wide(Wide value) { return std::min(value, kCeiling); }
Wide ceilDiv(Wide a, Wide b) { return (a + b - 1) / std::max<Wide>(b, 1); }

class Counter {
public:
  explicit Counter(const hw::DeviceSpec &spec) : spec(spec) {}

  Wide count(Operation *op) {
    if (op->getNumResults() == 0 || !isa<RankedTensorType>(op->getResult(0).getType()) || elements(op->getResult(0)) == 0) {
      return 1;
    }
    return llvm::TypeSwitch<Operation *, Wide>(op)
        .Case<graph::FusionOp>([&](graph::FusionOp fusion) {
          Wide sum = 0;
          for (Operation &inner : fusion.getBody().front().without_terminator()) {
            sum += count(&inner);
          }
          return sum;
        })
        .Case<graph::ConstantOp>([](auto) { return 0; })
        .Case<graph::MatmulOp>([&](graph::MatmulOp matmul) { return product(matmul); })
        .Case<graph::ConvOp, graph::ConvTransposeOp>([&](auto conv) { return convolution(conv.getX(), conv.getW(), conv.getResult(), conv.getGroup()); })
        .Case<graph::PoolOp>([&](graph::PoolOp pool) { return window(pool); })
        .Case<graph::ReduceOp>([&](graph::ReduceOp reduce) { return 3 * tiles(reduce.getX(), kChunkElements); })
        .Case<graph::SoftmaxOp>([&](graph::SoftmaxOp softmax) {
          Wide groups = ceilDiv(elements(softmax.getX()), Wide{kPartitions} * shapeOf(softmax.getX())[softmax.getAxis()]);
          return 4 * tiles(softmax.getX(), kChunkElements) + 2 * groups;
        })
        .Case<graph::UnaryOp, graph::BinaryOp, graph::CompareOp, graph::SelectOp, graph::CastOp>(
            [&](Operation *each) { return (each->getNumOperands() + 2) * tiles(each->getResult(0), kChunkElements); })
        .Default([](Operation *) { return 1; });
  }

private:
  static Wide elements(Value value) {
    Wide all = 1;
    for (int64_t dim : shapeOf(value)) {
      all = wide(all * dim);
    }
    return all;
  }

  /// Cells of the grid of a value: under its layout where one was chosen, else with the fullest partitions.
  static Wide tiles(Value value, Wide limit) {
    ArrayRef<int64_t> shape = shapeOf(value);
    Wide all = elements(value), best = kCeiling;
    auto under = [&](Wide rows) {
      Wide bands = ceilDiv(rows, kPartitions), free = ceilDiv(all, std::max<Wide>(rows, 1));
      return bands * ceilDiv(free, longerChunk(limit, bands, free));
    };
    if (Operation *op = value.getDefiningOp()) {
      if (auto codes = op->getAttrOfType<ArrayAttr>("ncc.layout")) {
        auto code = cast<DenseI64ArrayAttr>(codes[cast<OpResult>(value).getResultNumber()]);
        return under(decodeLayout(code.asArrayRef()).rows(shape));
      }
    }
    for (int64_t dim : shape) {
      best = std::min(best, under(dim));
    }
    return shape.empty() ? 1 : best;
  }

  static Wide taps(ArrayRef<int64_t> kernel) {
    Wide all = 1;
    for (int64_t size : kernel) {
      all = wide(all * size);
    }
    return all;
  }

  /// A tap of a tile reads each tile of the input that it overlaps; its shift adds one to those below it.
  static Wide window(graph::PoolOp op) {
    Wide in = tiles(op.getX(), kChunkElements), out = tiles(op.getResult(), kSpatialChunk);
    return wide(in + out * (wide(taps(op.getKernel()) * (ceilDiv(in, out) + 1)) + 2));
  }

  Wide product(graph::MatmulOp op) const {
    ArrayRef<int64_t> a = shapeOf(op.getA()), out = shapeOf(op.getResult());
    if (a.size() < 2 || out.size() < 2) {
      return 1;
    }
    Wide m = out[out.size() - 2], n = out.back(), k = op.getTransposeA() ? a[a.size() - 2] : a.back(), batch = elements(op.getResult()) / (m * n);
    auto blocks = [&](Wide rows, Wide moving) { return ceilDiv(rows, kPartitions) * ceilDiv(moving, spec.maxMovingFree); };
    // Operands that are computed are turned on the array, block by block, so that k lies on partitions.
    Wide turned = 0;
    for (Value operand : {op.getA(), op.getB()}) {
      turned += operand.getDefiningOp<graph::ConstantOp>() ? 0 : 2 * ceilDiv(elements(operand), Wide{kPartitions} * kPartitions);
    }
    return wide(turned + batch * std::min(blocks(m, n), blocks(n, m)) * (ceilDiv(k, kPartitions) + 3));
  }

  Wide convolution(Value x, Value w, Value result, Wide groups) const {
    ArrayRef<int64_t> in = shapeOf(x), out = shapeOf(result);
    Wide channels = in[1], outputs = out[1], positions = elements(result) / std::max<Wide>(outputs, 1), all = taps(shapeOf(w).drop_front(2));
    // Few channels are widened by kernel rows.
    Wide rows = shapeOf(w).size() > 2 ? std::min<Wide>(shapeOf(w)[2], std::max<Wide>(1, kPartitions / std::max<Wide>(channels, 1))) : 1;
    Wide steps = ceilDiv(channels, kPartitions) * ceilDiv(all, groups == 1 ? rows : 1);
    return wide(ceilDiv(positions, spec.maxMovingFree) * ceilDiv(outputs, kPartitions) * (steps + 2));
  }

  const hw::DeviceSpec &spec;
};

} // namespace

int64_t ncc::lower::expectedInstructions(Operation *op, const hw::DeviceSpec &spec) { return static_cast<int64_t>(wide(Counter(spec).count(op))); }

int64_t ncc::lower::expectedInstructions(ModuleOp module, const hw::DeviceSpec &spec) {
  Wide total = 0;
  for (auto func : module.getOps<func::FuncOp>()) {
    for (Operation &op : func.getBody().front().without_terminator()) {
      total = wide(total + std::min(expectedInstructions(&op, spec), kMostPerOp));
    }
  }
  return static_cast<int64_t>(total);
}

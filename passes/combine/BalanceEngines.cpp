// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Copies and scalar operations run on the vector or the scalar engine. In program order each goes to the engine that
// has had less to do so far, counting what only one of them can do.
#include "dialects/tile/Tile.h"
#include "passes/combine/Combine.h"
#include "runtime/hw/CostModel.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace ncc;

namespace {

struct BalanceEnginesPass : PassWrapper<BalanceEnginesPass, OperationPass<tile::ProgramOp>> {
  BalanceEnginesPass() : device(*hw::findDevice("trn1")) {}
  explicit BalanceEnginesPass(const hw::DeviceSpec &device) : device(device) {}
  StringRef getArgument() const final { return "ncc-balance-engines"; }
  StringRef getDescription() const final { return "spreads copies and scalar operations over the vector and the scalar engine"; }

  void runOnOperation() override {
    hw::CostModel cost(device);
    double vector = 0, scalar = 0;
    for (Operation &op : getOperation().getBody().front()) {
      auto inst = dyn_cast<tile::InstOpInterface>(op);
      if (!inst) {
        continue;
      }
      int64_t n = inst.getReads().empty() ? tile::elementsOf(op.getResult(0).getType())
                                          : cast<tile::AccessPatternAttr>(inst.getAps()[0]).getFreeSize();
      if (llvm::isa<tile::TensorScalarOp, tile::CopyOp>(op)) {
        double onVector = cost.elementwiseNs(isa::Engine::Vector, n), onScalar = cost.elementwiseNs(isa::Engine::Scalar, n);
        bool toScalar = scalar + onScalar < vector + onVector && scalarCan(&op);
        (toScalar ? scalar : vector) += toScalar ? onScalar : onVector;
        op.setAttr("engine", StringAttr::get(op.getContext(), toScalar ? "scalar" : "vector"));
      } else if (llvm::isa<tile::ActivateOp>(op)) {
        scalar += cost.activateNs(n);
      } else if (inst.getEngineName() == "vector") {
        bool twice = llvm::isa<tile::TensorTensorOp, tile::SelectOp, tile::ScanOp>(op);
        vector += cost.elementwiseNs(isa::Engine::Vector, twice ? 2 * n : n);
      }
    }
  }

  /// The scalar engine is a float pipeline: integers beyond its mantissa stay on the vector engine.
  static bool scalarCan(Operation *op) {
    auto narrow = [](Type tile) {
      Type element = tile::elementTypeOf(tile);
      return llvm::isa<FloatType>(element) || element.getIntOrFloatBitWidth() <= 16;
    };
    return llvm::all_of(op->getOperandTypes(), narrow) && llvm::all_of(op->getResultTypes(), narrow);
  }

  hw::DeviceSpec device;
};

} // namespace

std::unique_ptr<Pass> ncc::combine::createBalanceEnginesPass(const hw::DeviceSpec &device) {
  return std::make_unique<BalanceEnginesPass>(device);
}

void ncc::combine::registerPasses() {
  registerPass([] { return createCombineTilesPass(); });
  registerPass([]() -> std::unique_ptr<Pass> { return std::make_unique<BalanceEnginesPass>(); });
}

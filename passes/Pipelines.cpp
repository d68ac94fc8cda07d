// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Registration, and the order of all passes.
#include "passes/Pipelines.h"

#include "dialects/core/Core.h"
#include "dialects/graph/Graph.h"
#include "dialects/tile/Tile.h"
#include "passes/memory/Memory.h"
#include "passes/partition/Partition.h"
#include "passes/schedule/Schedule.h"
#include "passes/sync/Sync.h"
#include "passes/verify/Verify.h"
#include "passes/fuse/Passes.h"
#include "passes/combine/Combine.h"
#include "passes/layout/Passes.h"
#include "passes/legalize/Passes.h"
#include "passes/lower/Passes.h"
#include "passes/precision/Passes.h"
#include "passes/prune/Passes.h"
#include "passes/simplify/Passes.h"
#include "passes/padding/Passes.h"
#include "passes/stages/Passes.h"
#include "passes/tiling/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace ncc {

void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<graph::GraphDialect, tile::TileDialect, core::CoreDialect, mlir::func::FuncDialect>();
}

void loadAllDialects(mlir::MLIRContext &context) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
}

void registerAllPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  padding::registerPaddingPasses();
  stages::registerStagesPasses();
  simplify::registerSimplifyPasses();
  fuse::registerFusePasses();
  prune::registerPrunePasses();
  partition::registerPasses();
  combine::registerPasses();
  schedule::registerPasses();
  memory::registerPasses();
  sync::registerPasses();
  verify::registerPasses();
  legalize::registerLegalizePasses();
  precision::registerPrecisionPasses();
  layout::registerLayoutPasses();
  tiling::registerTilingPasses();
  lower::registerLowerPasses();
}

namespace {

using mlir::OpPassManager;
using mlir::func::FuncOp;

// The lowering with the driver's device, noting for the report what landed where.
struct LowerGraphPass : mlir::PassWrapper<LowerGraphPass, mlir::OperationPass<mlir::ModuleOp>> {
  LowerGraphPass(const PipelineOptions &options) : device(options.device), packed(options.packed), placements(options.placements), skipZeros(options.enabled("prune")) {}
  llvm::StringRef getArgument() const final { return "ncc-lower-graph"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override { registry.insert<tile::TileDialect>(); }
  void runOnOperation() override {
    if (failed(lower::lowerModule(getOperation(), device, *packed, placements, skipZeros))) {
      signalPassFailure();
    }
  }
  hw::DeviceSpec device;
  std::shared_ptr<lower::ConstantCache> packed;
  std::vector<lower::Placement> *placements;
  bool skipZeros;
};

void addAutoCast(OpPassManager &passes, const PipelineOptions &options, const char *mode) {
  precision::AutoCastPassOptions cast;
  cast.mode = mode;
  cast.type = options.autoCastType;
  cast.noF32Matmul = options.device.matmulCycles(DType::F32) == 0;
  passes.addNestedPass<FuncOp>(precision::createAutoCastPass(cast));
}

constexpr Phase kPhases[] = {
    {"stages", "what the host computes parted from what cores compute",
     [](OpPassManager &passes, const PipelineOptions &) { passes.addPass(stages::createSplitStagesPass()); }},
    {"simplify", "constants folded, one form for everything, duplicates and dead code removed",
     [](OpPassManager &passes, const PipelineOptions &) {
       passes.addNestedPass<FuncOp>(simplify::createFoldConstantsPass());
       passes.addNestedPass<FuncOp>(simplify::createCanonicalizePass());
       passes.addNestedPass<FuncOp>(simplify::createEliminateCommonPass());
       passes.addNestedPass<FuncOp>(simplify::createRemoveDeadPass());
     }},
    {"prune", "channels that are zero removed with all that feeds only them",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.enabled("prune")) {
         passes.addNestedPass<FuncOp>(prune::createPruneChannelsPass());
       }
     }},
    {"fuse", "batch norms folded into weights; activations, norms and attention recognised",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.enabled("fuse")) {
         passes.addNestedPass<FuncOp>(fuse::createFoldBatchNormPass());
         passes.addNestedPass<FuncOp>(fuse::createRecognizeActivationsPass());
         passes.addNestedPass<FuncOp>(fuse::createRecognizeNormalizationsPass());
         passes.addNestedPass<FuncOp>(fuse::createRecognizeAttentionPass());
         if (options.enabled("prune")) { // what folding and recognition brought to light
           passes.addNestedPass<FuncOp>(prune::createPruneChannelsPass());
         }
         // What the recognised forms left behind: masks and scales that are constants, the same in every layer.
         passes.addNestedPass<FuncOp>(simplify::createCanonicalizePass());
         passes.addNestedPass<FuncOp>(simplify::createEliminateCommonPass());
         passes.addNestedPass<FuncOp>(simplify::createFoldConstantsPass());
         passes.addNestedPass<FuncOp>(simplify::createRemoveDeadPass());
       }
     }},
    {"quantize", "products with calibrated ranges made integer",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.quantizeInt8) {
         passes.addNestedPass<FuncOp>(precision::createQuantizeInt8Pass());
       }
     }},
    {"legalize", "composite ops decomposed into what the engines have",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.autoCast == "all") { // before: sums inside norms and softmax stay f32
         addAutoCast(passes, options, "all");
       }
       legalize::LegalizeForEnginesPassOptions legal;
       legal.byteProducts = options.device.hasInt8Matmul();
       passes.addNestedPass<FuncOp>(legalize::createLegalizeForEnginesPass(legal));
       passes.addNestedPass<FuncOp>(simplify::createEliminateCommonPass());
     }},
    {"precision", "operands of products demoted where asked",
     [](OpPassManager &passes, const PipelineOptions &options) {
       addAutoCast(passes, options, options.autoCast == "none" ? "none" : "matmult");
     }},
    {"partition", "the model split over cores",
     [](OpPassManager &passes, const PipelineOptions &options) {
       passes.addPass(partition::createAssignCoresPass(options.device, options.cores, options.parallel, options.opCosts));
     }},
    {"layout", "partition dims chosen for every tensor",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.enabled("layout")) {
         passes.addNestedPass<FuncOp>(layout::createAssignLayoutPass());
         passes.addNestedPass<FuncOp>(layout::createFoldFlatPass());
       }
     }},
    {"tiling", "ops grouped around their accumulators",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.enabled("tiling")) {
         passes.addNestedPass<FuncOp>(tiling::createFormGroupsPass());
       }
     }},
    {"lower", "graph to tiles",
     [](OpPassManager &passes, const PipelineOptions &options) {
       passes.addPass(std::make_unique<LowerGraphPass>(options));
     }},
    {"combine", "instructions merged and spread over the engines",
     [](OpPassManager &passes, const PipelineOptions &options) {
       passes.addNestedPass<tile::ProgramOp>(combine::createCombineTilesPass());
       passes.addNestedPass<tile::ProgramOp>(combine::createBalanceEnginesPass(options.device));
     }},
    {"schedule", "residents and order",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.enabled("residency")) {
         passes.addNestedPass<tile::ProgramOp>(schedule::createPinResidentsPass(options.device));
       }
       if (options.enabled("order")) {
         passes.addNestedPass<tile::ProgramOp>(schedule::createOrderTilesPass(options.device));
       }
     }},
    {"memory", "addresses; tiles to instructions",
     [](OpPassManager &passes, const PipelineOptions &options) { passes.addPass(memory::createAllocateTilesPass(options.device)); }},
    {"sync", "DMA queues and semaphores",
     [](OpPassManager &passes, const PipelineOptions &options) {
       passes.addNestedPass<core::ProgramOp>(sync::createAssignSemaphoresPass(options.device));
     }},
    {"verify", "proofs of limits, order and freedom from deadlock",
     [](OpPassManager &passes, const PipelineOptions &options) {
       if (options.verify) {
         passes.addNestedPass<core::ProgramOp>(verify::createVerifyCorePass(options.device));
         passes.addPass(verify::createVerifySyncPass());
       }
     }},
};

} // namespace

std::span<const Phase> allPhases() { return kPhases; }

} // namespace ncc

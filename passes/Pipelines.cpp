// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "passes/Pipelines.h"

#include "dialects/core/Core.h"
#include "dialects/graph/Graph.h"
#include "dialects/tile/Tile.h"
#include "passes/memory/Memory.h"
#include "passes/partition/Partition.h"
#include "passes/schedule/Schedule.h"
#include "passes/sync/Sync.h"
#include "passes/verify/Verify.h"
#include "passes/layout/Passes.h"
#include "passes/legalize/Passes.h"
#include "passes/lower/Passes.h"
#include "passes/precision/Passes.h"
#include "passes/tiling/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"

namespace ncc {

void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<graph::GraphDialect, tile::TileDialect, core::CoreDialect, mlir::func::FuncDialect>();
}

void registerAllPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  partition::registerPasses();
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

} // namespace ncc

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the compiler and ncc-opt know about passes and dialects: one place to register them all, and the one list of
// phases in the order in which a compilation runs them.
#pragma once

#include "passes/lower/ConstantCache.h"
#include "passes/lower/GraphToTile.h"
#include "passes/partition/Partition.h"
#include "runtime/hw/DeviceSpec.h"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace mlir {
class DialectRegistry;
class MLIRContext;
class OpPassManager;
} // namespace mlir

namespace ncc {

/// Every dialect an ncc module may hold.
void registerAllDialects(mlir::DialectRegistry &registry);
void loadAllDialects(mlir::MLIRContext &context);

/// Makes every pass known by its flag to a textual pipeline (process-wide; for tools only).
void registerAllPasses();

struct PipelineOptions {
  hw::DeviceSpec device;
  int cores = 1;
  partition::Parallel parallel = partition::Parallel::Auto;
  std::string autoCast = "matmult", autoCastType = "bf16";
  bool quantizeInt8 = false;      // products become integer products where ranges are known (calibrate first)
  bool verify = true;             // prove the result of the back end
  std::set<std::string> disabled; // fuse, prune, layout, tiling, order, residency
  std::vector<lower::Placement> *placements = nullptr; // filled by the lowering: what runs where
  std::shared_ptr<lower::ConstantCache> packed = std::make_shared<lower::ConstantCache>(); // shared by several lowerings
  std::vector<double> opCosts; // measured, for the partition; see createAssignCoresPass

  bool enabled(const char *pass) const { return disabled.count(pass) == 0; }
};

struct Phase {
  const char *name;
  const char *description;
  void (*build)(mlir::OpPassManager &passes, const PipelineOptions &options);
};

/// In the order of a compilation. `tiling` ends the graph level, `schedule` the tile level.
std::span<const Phase> allPhases();

} // namespace ncc

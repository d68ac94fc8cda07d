// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Lowering graph functions to tile programs.
#pragma once

#include "runtime/hw/DeviceSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ncc::lower {

class ConstantCache;

struct Placement {
  std::string op;     // graph op name
  std::string node;   // model node
  bool firmware = false;
  int64_t elements = 0; // of the results
  double macs = 0;
};

/// Appends to `module` one tile.program for `func`, whose arguments and results say what they are: `graph.input`,
/// `graph.output` (model indices) or `graph.channel`. `placements`, if given, receives where each op runs.
mlir::LogicalResult lowerFunction(mlir::func::FuncOp func, const hw::DeviceSpec &spec, ConstantCache &packed,
                                  std::vector<Placement> *placements = nullptr, bool skipZeros = true);

/// Where each op of a function would run, without lowering it (nor grouping it).
std::vector<Placement> predictPlacements(mlir::func::FuncOp func, const hw::DeviceSpec &spec);

/// Replaces every graph function of the module by its program. With `skipZeros`, weight tiles that are all zero are
/// neither multiplied nor loaded.
mlir::LogicalResult lowerModule(mlir::ModuleOp module, const hw::DeviceSpec &spec, ConstantCache &packed,
                                std::vector<Placement> *placements = nullptr, bool skipZeros = true);

} // namespace ncc::lower

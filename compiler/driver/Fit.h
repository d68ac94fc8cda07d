// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Without compiling: what of an imported model would run where, and what memory each core would need.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/driver/Options.h"
#include "passes/lower/GraphToTile.h"

#include "mlir/IR/BuiltinOps.h"

namespace ncc::driver {

struct CoreMemory {
  int64_t weightBytes = 0;     // in the types they would be kept in
  int64_t activationBytes = 0; // most that is alive at once, inputs and outputs included
};

struct Fit {
  std::vector<lower::Placement> placements;
  std::vector<CoreMemory> cores;
  int64_t bytesPerCore = 0; // of the device's memory, shared evenly by the cores of a chip
  bool fits() const;
};

/// False, with an error that names the node, when one value alone is larger than the whole memory of the device: before
/// anything is computed or reserved for it.
bool everyValueFits(mlir::ModuleOp module, const hw::DeviceSpec &device, DiagnosticEngine &diagnostics);

/// False, with an error, when the inputs and outputs together, which all exist while the model runs, are larger than the
/// memory of `cores` cores.
bool interfaceFits(mlir::ModuleOp module, int cores, const hw::DeviceSpec &device, DiagnosticEngine &diagnostics);

/// False, with an error, when the buffers of a core's program are larger than its share of the memory.
bool programsFit(mlir::ModuleOp module, const hw::DeviceSpec &device, DiagnosticEngine &diagnostics);

/// Runs the graph passes on `module` (but none that computes constants in other types) and divides it over the cores
/// by estimates. Nothing when a pass fails.
std::optional<Fit> fitOf(mlir::ModuleOp module, const Options &options, const hw::DeviceSpec &device);

} // namespace ncc::driver

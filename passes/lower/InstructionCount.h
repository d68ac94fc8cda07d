// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// About how many instructions an op becomes, from its shapes alone: programs have no loops, so this is what bounds the time
// and memory of a compilation, and it has to be known before the first of them is made.
#pragma once

#include "runtime/hw/DeviceSpec.h"

#include "mlir/IR/BuiltinOps.h"

namespace ncc::lower {

/// An op that would take more has the GpSimd firmware run it: one instruction, though a slow one.
inline constexpr int64_t kMostPerOp = int64_t{3} << 16;

int64_t expectedInstructions(mlir::Operation *op, const hw::DeviceSpec &spec);
/// Of all ops, each with no more than the firmware would leave it.
int64_t expectedInstructions(mlir::ModuleOp module, const hw::DeviceSpec &spec);

} // namespace ncc::lower

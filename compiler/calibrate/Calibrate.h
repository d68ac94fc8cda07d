// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Min-max calibration: runs samples through the reference evaluation of a graph function and notes, as the attribute
// `ncc.range`, what every f32 activation ranged over.
#pragma once

#include "runtime/tensor/Tensor.h"

#include "absl/status/status.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace ncc::calibrate {

/// One sample is one tensor per function argument. Errors are those of the evaluation; no sample is an error too.
absl::Status calibrate(mlir::func::FuncOp func, const std::vector<std::vector<Tensor>> &samples);

} // namespace ncc::calibrate

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Which elementwise ops the engines compute exactly as the graph means them.
#pragma once

#include "mlir/IR/Operation.h"

namespace ncc::tiling {

/// Types the vector and scalar engines hold, and kinds whose engine semantics are the graph's. Integers of more than
/// 32 bits and doubles have no engine form.
bool isEngineElementwise(mlir::Operation *op);

} // namespace ncc::tiling

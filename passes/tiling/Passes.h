// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that decide what is computed together, and in which pieces.
#pragma once

#include "dialects/graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::tiling {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/tiling/Passes.h.inc"

} // namespace ncc::tiling

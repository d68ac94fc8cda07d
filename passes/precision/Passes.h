// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that choose number formats.
#pragma once

#include "dialects/graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::precision {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/precision/Passes.h.inc"

} // namespace ncc::precision

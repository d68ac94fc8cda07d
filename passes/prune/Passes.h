// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Prune passes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::prune {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/prune/Passes.h.inc"

} // namespace ncc::prune

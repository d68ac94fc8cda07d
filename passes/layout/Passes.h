// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Layout passes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::layout {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/layout/Passes.h.inc"

} // namespace ncc::layout

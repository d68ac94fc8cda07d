// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Fuse passes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::fuse {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/fuse/Passes.h.inc"

} // namespace ncc::fuse

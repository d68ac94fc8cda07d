// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Padding passes.
#pragma once

#include "dialects/graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::padding {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/padding/Passes.h.inc"

} // namespace ncc::padding

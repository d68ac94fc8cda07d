// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that spell graph ops as what the engines have a form for.
#pragma once

#include "dialects/graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::legalize {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/legalize/Passes.h.inc"

} // namespace ncc::legalize

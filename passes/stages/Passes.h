// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Stages passes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::stages {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/stages/Passes.h.inc"

} // namespace ncc::stages

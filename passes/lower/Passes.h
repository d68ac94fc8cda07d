// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes between the dialect levels.
#pragma once

#include "dialects/tile/Tile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc::lower {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/lower/Passes.h.inc"

} // namespace ncc::lower

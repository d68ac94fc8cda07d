// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Who computes an op: a core, or the host.
#pragma once

#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/Operation.h"

namespace ncc::stages {

enum class Side { Core, Host };
using Sides = llvm::DenseMap<mlir::Operation *, Side>;

/// Only the host has a form for the op.
bool isHostOnly(mlir::Operation *op);
/// Moves elements without computing.
bool isMove(mlir::Operation *op);
/// The sides of the ops of a block; nested regions are looked at on their own.
Sides chooseSides(mlir::Block &block);

} // namespace ncc::stages

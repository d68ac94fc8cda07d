// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The names of model nodes that a location speaks of. Ops that were merged carry the names of all of them.
#pragma once

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace ncc::graph {

/// In order of the location, without repetitions.
llvm::SmallVector<std::string, 2> nodeNames(mlir::Location loc);

/// The first of them; empty when there is none.
std::string nodeName(mlir::Location loc);

} // namespace ncc::graph

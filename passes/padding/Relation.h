// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Is a program for large shapes, given padded inputs, right for smaller ones? The program imported at the true shapes is
// walked beside the large one: same ops, same constants, and every op says by PaddingOpInterface whether the corner of its
// result holds the true result, and what its operands must hold beyond their true size.
#pragma once

#include "dialects/graph/padding/Padding.h"
#include "runtime/tensor/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace ncc::padding {

struct Relation {
  std::string refusal; // why some result is not proven; empty: all are, given the needs
  std::vector<graph::Need> needs;
  std::vector<Shape> outputs; // true shapes; -1 where only a run says it
  bool proven() const { return refusal.empty(); }
};

/// Both are graphs as the importer made them, from one model, in one context. Padded inputs hold zeros beyond their true shape.
Relation relate(mlir::func::FuncOp large, mlir::func::FuncOp small);

} // namespace ncc::padding

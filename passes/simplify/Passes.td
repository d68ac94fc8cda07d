// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that make a graph smaller without changing what it computes.

#ifndef NCC_SIMPLIFY_PASSES
#define NCC_SIMPLIFY_PASSES

include "mlir/Pass/PassBase.td"

def FoldConstantsPass : Pass<"ncc-fold-constants", "::mlir::func::FuncOp"> {
  let summary = "Evaluate ops whose operands are all constants";
  let description = [{
    Runs the reference kernels. A result is kept only when it is small or no larger than the constants it replaces, so
    folding never inflates a model; repeated values stay splats.
  }];
  let options = [Option<"maxBytes", "max-bytes", "int64_t", "65536", "results up to this size are always folded">];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

def CanonicalizePass : Pass<"ncc-canonicalize", "::mlir::func::FuncOp"> {
  let summary = "Bring ops into the one form that later passes expect";
  let description = [{
    Folders plus local patterns: transposes into matmul flags, powers into named functions, bounds into clip, expands
    and zero pads into their consumers, unit-dim transposes and reductions into reshapes, slices of slices.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

def EliminateCommonPass : Pass<"ncc-eliminate-common", "::mlir::func::FuncOp"> {
  let summary = "Merge ops that compute the same value";
  let description = [{
    Compares ops by name, operands and properties; large constants by the identity of their resource, never by content.
  }];
}

def RemoveDeadPass : Pass<"ncc-remove-dead", "::mlir::func::FuncOp"> {
  let summary = "Erase ops whose results nobody uses";
}

#endif // NCC_SIMPLIFY_PASSES

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that decide what is computed together, and in which pieces.

#ifndef NCC_TILING_PASSES
#define NCC_TILING_PASSES

include "mlir/Pass/PassBase.td"

def FormGroupsPass : Pass<"ncc-form-groups", "::mlir::func::FuncOp"> {
  let summary = "Fuse a heavy op with the elementwise ops that follow it, and elementwise chains";
  let description = [{
    The group is a graph.fusion: its root's accumulator is read by the body block by block, so bias, activation,
    residual and casts happen while PSUM is emptied. An op joins the group that computes its operand when that operand
    has no other reader outside, has the op's shape and layout, and the op is one the engines have.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_TILING_PASSES

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that remove work that cannot matter.

#ifndef NCC_PRUNE_PASSES
#define NCC_PRUNE_PASSES

include "mlir/Pass/PassBase.td"

def PruneChannelsPass : Pass<"ncc-prune-channels", "::mlir::func::FuncOp"> {
  let summary = "Remove channels of conv and matmul that are zero or that nobody reads";
  let description = [{
    A channel with zero weights and no bias is zero everywhere. When only ops that treat each channel apart and map zero to
    zero (unary ops, pools, depthwise convolutions, products with and sums of constants) lie between it and one
    consuming conv or matmul, the channel goes from all their weights, and so does one whose consumer multiplies
    it by zeros only: the result is exactly the same. Tiles of zeros inside weights are left to the lowering, which
    neither loads nor multiplies them.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_PRUNE_PASSES

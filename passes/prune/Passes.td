// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that remove work that cannot matter.

#ifndef NCC_PRUNE_PASSES
#define NCC_PRUNE_PASSES

include "mlir/Pass/PassBase.td"

def PruneChannelsPass : Pass<"ncc-prune-channels", "::mlir::func::FuncOp"> {
  let summary = "Remove output channels of conv and matmul whose weights are all zero, through their consumer";
  let description = [{
    A channel with zero weights and no bias is zero everywhere. When only unary ops that map zero to zero lie between it
    and one consuming conv or matmul, the channel goes from both weights: the result is exactly the same.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_PRUNE_PASSES

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that recognise what an exporter took apart, and that fold neighbours into weights.

#ifndef NCC_FUSE_PASSES
#define NCC_FUSE_PASSES

include "mlir/Pass/PassBase.td"

def FoldBatchNormPass : Pass<"ncc-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "Fold per-channel mul and add by constants into conv, conv_transpose and matmul weights";
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

def RecognizeActivationsPass : Pass<"ncc-recognize-activations", "::mlir::func::FuncOp"> {
  let summary = "Replace a scalar function spelled with several ops by one unary op";
  let description = [{
    A product of x, a gate of x and a number in any order is gelu (erf and tanh forms), silu, mish or hard_swish; a quotient
    may be softsign. Constants must be those of the function in the element type; docs/rewrites.md says where a
    written form and its function differ.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

def RecognizeNormalizationsPass : Pass<"ncc-recognize-normalizations", "::mlir::func::FuncOp"> {
  let summary = "Recognise layer_norm, rms_norm and softmax in decomposed form";
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

def RecognizeAttentionPass : Pass<"ncc-recognize-attention", "::mlir::func::FuncOp"> {
  let summary = "Recognise matmul, scale, mask, softmax, matmul as attention";
  let description = [{
    The scale may sit on the scores, on the query, on the key, or on both; the mask may be added or selected. Operands of
    rank 3 count as one batch of heads.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_FUSE_PASSES

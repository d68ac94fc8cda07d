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
    Any tree of elementwise ops over one tensor and scalar constants is a function of one number. It is evaluated at
    sample points and compared with gelu (erf and tanh forms), silu, hard_swish, mish, softplus, sigmoid and others;
    so every spelling of a function is recognised, whatever the exporter.
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

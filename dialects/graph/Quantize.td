// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Conversions between real numbers and quantized integers.
#ifndef NCC_DIALECTS_GRAPH_QUANTIZE_TD
#define NCC_DIALECTS_GRAPH_QUANTIZE_TD

include "dialects/graph/GraphBase.td"

def Graph_QuantizeOp : Graph_Op<"quantize"> {
  let summary = "saturate(round_to_even(x / scale) + zero_point); scale per tensor, per axis, or per block";
  let description = [{
    scale is a scalar, or [dim] for `axis`, or has x's rank with `axis` divided into blocks of `block_size`.
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$scale, Optional<Graph_Tensor>:$zero_point,
                       Graph_OptInt<"1">:$axis, Graph_OptInt<"0">:$block_size);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $scale (`,` $zero_point^)? (`axis` `=` $axis^)? (`block_size` `=` $block_size^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Graph_DequantizeOp : Graph_Op<"dequantize"> {
  let summary = "(x - zero_point) * scale; scale per tensor, per axis, or per block";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$scale, Optional<Graph_Tensor>:$zero_point,
                       Graph_OptInt<"1">:$axis, Graph_OptInt<"0">:$block_size);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $scale (`,` $zero_point^)? (`axis` `=` $axis^)? (`block_size` `=` $block_size^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // NCC_DIALECTS_GRAPH_QUANTIZE_TD

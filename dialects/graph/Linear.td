// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Matrix products, convolutions, pooling and attention.
#ifndef NCC_DIALECTS_GRAPH_LINEAR_TD
#define NCC_DIALECTS_GRAPH_LINEAR_TD

include "dialects/graph/GraphBase.td"

def Graph_MatmulOp : Graph_AccumulatingOp<"matmul"> {
  let summary = "numpy matmul; 8-bit integers give i32 and may carry zero points";
  let arguments = (ins Graph_Tensor:$a, Graph_Tensor:$b, Graph_Flag:$transpose_a, Graph_Flag:$transpose_b,
                       Graph_OptInt<"0">:$a_zero_point, Graph_OptInt<"0">:$b_zero_point);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $a `,` $b (`transpose_a` `=` $transpose_a^)? (`transpose_b` `=` $transpose_b^)?
    (`a_zero_point` `=` $a_zero_point^)? (`b_zero_point` `=` $b_zero_point^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_ConvOp : Graph_AccumulatingOp<"conv"> {
  let summary = "Convolution of x[N,C,spatial...] by w[M,C/group,kernel...]; 8-bit integers give i32";
  let description = [{
    `pads` holds all begins, then all ends. The bias has shape [M] and the element type of the result.
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$w, Optional<Graph_Tensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, Graph_OptInt<"1">:$group,
                       Graph_OptInt<"0">:$x_zero_point, Graph_OptInt<"0">:$w_zero_point);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $w (`,` $bias^)? `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations
    (`group` `=` $group^)? (`x_zero_point` `=` $x_zero_point^)? (`w_zero_point` `=` $w_zero_point^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_ConvTransposeOp : Graph_AccumulatingOp<"conv_transpose"> {
  let summary = "Transposed convolution of x[N,C,spatial...] by w[C,M/group,kernel...]";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$w, Optional<Graph_Tensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$output_padding, DenseI64ArrayAttr:$dilations, Graph_OptInt<"1">:$group);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $w (`,` $bias^)? `strides` `=` $strides `pads` `=` $pads `output_padding` `=` $output_padding
    `dilations` `=` $dilations (`group` `=` $group^)? attr-dict `:` functional-type(operands, results)
  }];
}

class Graph_PoolLike<string mnemonic> : Graph_InferredOp<mnemonic> {
  let results = (outs Graph_Tensor:$result);
}

def Graph_PoolOp : Graph_PoolLike<"pool"> {
  let summary = "Window reduction over the spatial dims of x[N,C,spatial...]";
  let description = [{
    Ceil mode is spelled as end padding by whoever builds the op. `extra` says per spatial dim how much of that end
    padding exists only because of ceil mode, which an average with count_include_pad must not count.
  }];
  let arguments = (ins Graph_PoolKind:$kind, Graph_Tensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, Graph_Flag:$count_include_pad, Graph_OptInt<"2">:$p,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$extra);
  let assemblyFormat = [{
    $kind $x `kernel` `=` $kernel `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations
    (`count_include_pad` `=` $count_include_pad^)? (`p` `=` $p^)? (`extra` `=` $extra^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_PoolIndicesOp : Graph_PoolLike<"pool_indices"> {
  let summary = "Flat index (i64) into x of each maximum of the max pool with the same attributes";
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations, Graph_Flag:$column_major);
  let assemblyFormat = [{
    $x `kernel` `=` $kernel `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations
    (`column_major` `=` $column_major^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_AttentionOp : Graph_AccumulatingOp<"attention"> {
  let summary = "softmax(softcap(scale * q k^T) + mask) v over q[B,H,S,D], k[B,Hk,T,D], v[B,Hk,T,Dv]";
  let description = [{
    H is a multiple of Hk (grouped queries). The mask is additive and broadcasts to [B,H,S,T]. `causal` hides
    key j from query i when j > i + (T - S).
  }];
  let arguments = (ins Graph_Tensor:$q, Graph_Tensor:$k, Graph_Tensor:$v, Optional<Graph_Tensor>:$mask,
                       Graph_Float:$scale, Graph_Flag:$causal, Graph_OptFloat<"0.0">:$softcap);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`,` $mask^)? `scale` `=` $scale (`causal` `=` $causal^)? (`softcap` `=` $softcap^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_LINEAR_TD

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Normalizations that engines have a whole form for. Batch, instance and group norms are decomposed.
#ifndef NCC_DIALECTS_GRAPH_NORMALIZATION_TD
#define NCC_DIALECTS_GRAPH_NORMALIZATION_TD

include "dialects/graph/GraphBase.td"

def Graph_SoftmaxOp : Graph_InferredOp<"softmax"> {
  let summary = "Softmax, or its logarithm, along one axis";
  let arguments = (ins Graph_Tensor:$x, Graph_Int:$axis, Graph_Flag:$log);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `axis` `=` $axis (`log` `=` $log^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_LayerNormOp : Graph_InferredOp<"layer_norm"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias over the dims from axis on";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$scale, Optional<Graph_Tensor>:$bias, Graph_Int:$axis,
                       Graph_Float:$epsilon);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $scale (`,` $bias^)? `axis` `=` $axis `epsilon` `=` $epsilon attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_RmsNormOp : Graph_InferredOp<"rms_norm"> {
  let summary = "x / sqrt(mean(x^2) + epsilon) * scale over the dims from axis on";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$scale, Graph_Int:$axis, Graph_Float:$epsilon);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $scale `axis` `=` $axis `epsilon` `=` $epsilon attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_LrnOp : Graph_InferredOp<"lrn"> {
  let summary = "Local response normalization across channels (dim 1)";
  let arguments = (ins Graph_Tensor:$x, Graph_Int:$size, Graph_Float:$alpha, Graph_Float:$beta, Graph_Float:$bias);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `size` `=` $size `alpha` `=` $alpha `beta` `=` $beta `bias` `=` $bias attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_NORMALIZATION_TD

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that combine elements along axes.
#ifndef NCC_DIALECTS_GRAPH_REDUCTION_TD
#define NCC_DIALECTS_GRAPH_REDUCTION_TD

include "dialects/graph/GraphBase.td"

def Graph_ReduceOp : Graph_InferredOp<"reduce"> {
  let summary = "Reduces the given axes (non-negative, ascending)";
  let arguments = (ins Graph_ReduceKind:$kind, Graph_Tensor:$x, DenseI64ArrayAttr:$axes, Graph_FlagOn:$keepdims);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $kind $x `axes` `=` $axes (`keepdims` `=` $keepdims^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_ArgReduceOp : Graph_InferredOp<"arg_reduce"> {
  let summary = "Index (i64) of the extreme element along an axis";
  let arguments = (ins Graph_ArgKind:$kind, Graph_Tensor:$x, Graph_Int:$axis, Graph_FlagOn:$keepdims,
                       Graph_Flag:$select_last);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $kind $x `axis` `=` $axis (`keepdims` `=` $keepdims^)? (`select_last` `=` $select_last^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_CumsumOp : Graph_InferredOp<"cumsum"> {
  let summary = "Running sum (or product) along an axis";
  let arguments = (ins Graph_Tensor:$x, Graph_Int:$axis, Graph_Flag:$exclusive, Graph_Flag:$reverse, Graph_Flag:$product);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `axis` `=` $axis (`exclusive` `=` $exclusive^)? (`reverse` `=` $reverse^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_TopkOp : Graph_InferredOp<"topk"> {
  let summary = "The k extreme elements along an axis and their indices (i64); ties keep the lower index first";
  let arguments = (ins Graph_Tensor:$x, Graph_Int:$k, Graph_Int:$axis, Graph_FlagOn:$largest,
                       Graph_FlagOn:$sorted);
  let results = (outs Graph_Tensor:$values, Graph_Tensor:$indices);
  let assemblyFormat = [{
    $x `k` `=` $k `axis` `=` $axis (`largest` `=` $largest^)? (`sorted` `=` $sorted^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_REDUCTION_TD

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that address elements by index tensors. Negative indices count from the end.
#ifndef NCC_DIALECTS_GRAPH_INDEXING_TD
#define NCC_DIALECTS_GRAPH_INDEXING_TD

include "dialects/graph/GraphBase.td"

def Graph_GatherOp : Graph_InferredOp<"gather"> {
  let summary = "result = data[..., indices, ...] at axis (numpy take)";
  let arguments = (ins Graph_Tensor:$data, Graph_Tensor:$indices, Graph_Int:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$data `,` $indices `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
}

def Graph_GatherElementsOp : Graph_InferredOp<"gather_elements"> {
  let summary = "result[i,j,k] = data[i,indices[i,j,k],k] for axis 1";
  let arguments = (ins Graph_Tensor:$data, Graph_Tensor:$indices, Graph_Int:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$data `,` $indices `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
}

def Graph_GatherNdOp : Graph_InferredOp<"gather_nd"> {
  let summary = "Slices of data addressed by the last dim of indices";
  let arguments = (ins Graph_Tensor:$data, Graph_Tensor:$indices, Graph_OptInt<"0">:$batch_dims);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $data `,` $indices (`batch_dims` `=` $batch_dims^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_ScatterElementsOp : Graph_InferredOp<"scatter_elements"> {
  let summary = "A copy of data with updates written (or combined) where indices say along axis";
  let arguments = (ins Graph_Tensor:$data, Graph_Tensor:$indices, Graph_Tensor:$updates, Graph_Int:$axis,
                       DefaultValuedAttr<Graph_ScatterKind, "::ncc::graph::ScatterKind::None">:$reduction);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $data `,` $indices `,` $updates `axis` `=` $axis (`reduction` `=` $reduction^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_ScatterNdOp : Graph_InferredOp<"scatter_nd"> {
  let summary = "A copy of data with slices written (or combined) where the last dim of indices says";
  let arguments = (ins Graph_Tensor:$data, Graph_Tensor:$indices, Graph_Tensor:$updates,
                       DefaultValuedAttr<Graph_ScatterKind, "::ncc::graph::ScatterKind::None">:$reduction);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $data `,` $indices `,` $updates (`reduction` `=` $reduction^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_OneHotOp : Graph_Op<"one_hot"> {
  let summary = "values[1] where the new dim `axis` equals the index, values[0] elsewhere";
  let arguments = (ins Graph_Tensor:$indices, Graph_Tensor:$values, Graph_Int:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$indices `,` $values `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Graph_NonzeroOp : Graph_InferredOp<"nonzero"> {
  let summary = "Indices [rank, n] (i64) of the non-zero elements; the static type holds the largest n";
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

#endif // NCC_DIALECTS_GRAPH_INDEXING_TD

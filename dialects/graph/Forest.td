// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Tree ensembles, as perfect binary trees of comparisons.
#ifndef NCC_DIALECTS_GRAPH_FOREST_TD
#define NCC_DIALECTS_GRAPH_FOREST_TD

include "dialects/graph/GraphBase.td"

def Graph_ForestOp : Graph_InferredOp<"forest"> {
  let summary = "Scores [N, targets] of perfect binary trees: every row of x takes one leaf of every tree";
  let description = [{
    `columns` [F, N] is x turned. Node i of a tree asks whether columns[features[t, i]] <= thresholds[t, i] (never true of NaN) and goes
    to node 2i + 2 if so, else to 2i + 1; leaf p of depth d is node 2^d - 1 + p. `weights` [trees, leaves, targets] are summed in f32 in
    the order of the trees, or their least or largest is taken.
  }];
  let arguments = (ins Graph_Tensor:$columns, Graph_Tensor:$features, Graph_Tensor:$thresholds, Graph_Tensor:$weights,
                       Graph_ReduceKind:$kind);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $kind $columns `,` $features `,` $thresholds `,` $weights attr-dict `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_FOREST_TD

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops of ONNX that no composition of others gives: bits taken as another type, determinants, drawn numbers, n-grams.
#ifndef NCC_DIALECTS_GRAPH_SPECIAL_TD
#define NCC_DIALECTS_GRAPH_SPECIAL_TD

include "dialects/graph/GraphBase.td"

def Graph_BitcastOp : Graph_Op<"bitcast"> {
  let summary = "The same bits as another element type of the same size";
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Graph_DetOp : Graph_InferredOp<"det"> {
  let summary = "Determinants of the matrices in the last two dims";
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

def Graph_RandomOp : Graph_Op<"random"> {
  let summary = "Numbers drawn anew for every inference: uniform in [0, 1), or normal";
  let description = [{
    `stream` keeps the draws of one model apart. With `seeded` the numbers follow from `stream` alone and are the same in every
    inference.
  }];
  let arguments = (ins Graph_Flag:$normal, Graph_Flag:$seeded, Graph_Int:$stream);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "`stream` `=` $stream attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_PairwiseCouplingOp : Graph_Op<"pairwise_coupling"> {
  let summary = "Class probabilities [N,C] of the decision values [N, C(C-1)/2] of all pairs of classes (Wu, Lin and Weng)";
  let description = [{
    The first class of pair k has probability 1 / (1 + exp(a[k] * x + b[k])).
  }];
  let arguments = (ins Graph_Tensor:$x, DenseF64ArrayAttr:$a, DenseF64ArrayAttr:$b);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x `a` `=` $a `b` `=` $b attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Graph_TfidfOp : Graph_Op<"tfidf"> {
  let summary = "Counts (or weights) of the n-grams of a pool in each row of x (TfIdfVectorizer)";
  let arguments = (ins Graph_Tensor:$x, StrAttr:$mode, Graph_Int:$min_gram, Graph_Int:$max_gram, Graph_Int:$max_skip,
                       DenseI64ArrayAttr:$ngram_counts, DenseI64ArrayAttr:$ngram_indexes, DenseI64ArrayAttr:$pool,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$weights);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // NCC_DIALECTS_GRAPH_SPECIAL_TD

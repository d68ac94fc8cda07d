// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Groups of ops that the back end treats as one.
#ifndef NCC_DIALECTS_GRAPH_STRUCTURE_TD
#define NCC_DIALECTS_GRAPH_STRUCTURE_TD

include "dialects/graph/GraphBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Graph_FusionOp : Graph_Op<"fusion", [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">,
                                         RecursiveMemoryEffects]> {
  let summary = "A fused group: at most one heavy op followed by elementwise ops; means what its body means";
  let arguments = (ins Variadic<Graph_Tensor>:$inputs);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Graph_YieldOp : Graph_Op<"yield", [Terminator, ReturnLike, ParentOneOf<["FusionOp", "IfOp", "LoopOp", "ScanOp"]>]> {
  let summary = "The results of a region";
  let arguments = (ins Variadic<AnyType>:$values);
  let builders = [OpBuilder<(ins), [{ /* yields nothing */ }]>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // NCC_DIALECTS_GRAPH_STRUCTURE_TD

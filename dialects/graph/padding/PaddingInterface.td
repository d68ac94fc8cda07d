// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What an op knows of padding. Ops get it as an external model (Register.cpp), one file per family.
#ifndef NCC_DIALECTS_GRAPH_PADDINGINTERFACE_TD
#define NCC_DIALECTS_GRAPH_PADDINGINTERFACE_TD

include "mlir/IR/OpBase.td"

def Graph_PaddingOpInterface : OpInterface<"PaddingOpInterface"> {
  let description = [{
    An op is computed for shapes larger than the true ones. Every operand holds its true elements in the corner at index 0
    and anything beyond. The op says whether the same corner of its results holds what the op computes at the true shapes,
    and which operands must hold a certain value beyond their true shape for that.
  }];
  let cppNamespace = "::ncc::graph";
  let methods = [InterfaceMethod<"Proves, asks for values beyond the true shapes, or refuses with a reason.", "void",
                                 "relatePadded", (ins "::ncc::graph::PaddingQuery &":$query)>];
}

#endif // NCC_DIALECTS_GRAPH_PADDINGINTERFACE_TD

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Layout passes.

#ifndef NCC_LAYOUT_PASSES
#define NCC_LAYOUT_PASSES

include "mlir/Pass/PassBase.td"

def AssignLayoutPass : Pass<"ncc-assign-layout", "::mlir::func::FuncOp"> {
  let summary = "Choose which dims of each tensor lie on partitions";
  let description = [{
    Backward, every op tells its operands where it wants them (a product: the contracted dim, a convolution: channels,
    a maximum: any dim it keeps), and views carry the wishes through; forward, every op takes the layout it can produce
    that serves most of what its consumers want and its operands have. A chain of linear layers or convolutions thus
    needs no transpose. The choice is the attribute `ncc.layout`: per result, partition dims, -1, free dims.
  }];
}

#endif // NCC_LAYOUT_PASSES

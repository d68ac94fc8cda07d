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

def FoldFlatPass : Pass<"ncc-fold-flat", "::mlir::func::FuncOp"> {
  let summary = "Re-view tensors that would fill few partitions";
  let description = [{
    A tensor of one long dim, or of a few short ones beside it, has no dim that fills the 128 partitions, and would be
    worked on in slivers. Elementwise ops read and write it as [blocks, 128, columns] instead, which are the same bytes
    in DRAM, and what blocks leave over as a piece of its own; neighbouring ops pass the pieces on. Operands that
    broadcast keep the dims they differ in. A reduction along such a run of dims makes 128 partial results first. What
    lies on chip already (results of products and convolutions) stays as it is.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_LAYOUT_PASSES

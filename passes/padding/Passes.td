// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Padding, as a pass: for tests. Compiling a model for several shapes uses Relation.h and Masks.h with models imported one
// after another.

#ifndef NCC_PADDING_PASSES
#define NCC_PADDING_PASSES

include "mlir/Pass/PassBase.td"

def MaskPaddingPass : Pass<"ncc-mask-padding", "::mlir::ModuleOp"> {
  let summary = "Make a program right for smaller shapes";
  let description = [{
    `@main` is the program for the large shapes; every other function is the same model at smaller ones. Inserts into `@main`
    the masks that all those need which can be proven. The functions are erased; `ncc.padded` of `@main` says what became of
    each: the lengths of the masks, or why it is refused.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_PADDING_PASSES

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that divide a model between cores and host.

#ifndef NCC_STAGES_PASSES
#define NCC_STAGES_PASSES

include "mlir/Pass/PassBase.td"

def SplitStagesPass : Pass<"ncc-split-stages", "::mlir::ModuleOp"> {
  let summary = "Outline what cores compute when a model also needs the host";
  let description = [{
    In a model that uses strings, sequences, doubles, shapes known only at run time or control flow, every largest set of
    ops that cores can hold and that nothing of the host comes between becomes a function @segment_N, called where it
    stood, in nested regions as well. What remains in @main is the plan: host kernels, control flow and calls. Small
    integer work next to host ops (shapes, counters, conditions) and segments that only move data stay on the host.
    A model without host ops is left alone.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_STAGES_PASSES

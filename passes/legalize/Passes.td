// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that spell graph ops as what the engines have a form for.

#ifndef NCC_LEGALIZE_PASSES
#define NCC_LEGALIZE_PASSES

include "mlir/Pass/PassBase.td"

def LegalizeForEnginesPass : Pass<"ncc-legalize-for-engines", "::mlir::func::FuncOp"> {
  let summary = "Decompose composite graph ops into engine ops";
  let description = [{
    Softmax, normalizations, attention, quantization, compound reductions, recurrent cells, resampling and borders become
    matrix products, reductions, elementwise ops and views. Numerics follow the reference kernels: sums in f32, softmax
    shifted by its maximum. Recurrences are unrolled up to `max-steps` time steps; longer ones stay whole (firmware). Without `byte-products` the products of 8-bit
    integers become exact products of bf16.
  }];
  let options = [Option<"maxSteps", "max-steps", "int64_t", "512", "longest recurrence that is unrolled">,
                 Option<"byteProducts", "byte-products", "bool", "true", "whether the tensor engine multiplies 8-bit integers">];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_LEGALIZE_PASSES

// RUN: ncc-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{logical_not needs i1 elements}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.unary logical_not %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

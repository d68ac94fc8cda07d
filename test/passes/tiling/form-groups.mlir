// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-form-groups))' | FileCheck %s

// Bias and activation join the product; a value with a second reader does not move inside.
// CHECK-LABEL: @epilogue
// CHECK: graph.fusion
// CHECK: graph.matmul
// CHECK: graph.binary add
// CHECK: graph.unary relu
// CHECK: graph.yield
// CHECK: graph.unary exp
// CHECK: graph.binary mul
func.func @epilogue(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = graph.binary add %0, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %2 = graph.unary relu %1 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = graph.unary exp %2 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = graph.binary mul %2, %3 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}

// What no engine computes exactly stays alone.
// CHECK-LABEL: @wide
// CHECK-NOT: graph.fusion
func.func @wide(%x: tensor<4xi64>) -> tensor<4xi64> {
  %0 = graph.binary add %x, %x : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  %1 = graph.binary mul %0, %x : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %1 : tensor<4xi64>
}

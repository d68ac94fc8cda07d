// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-legalize-for-engines))' | FileCheck %s
// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-legalize-for-engines{max-steps=1}))' | FileCheck %s --check-prefix=LONG

// CHECK-LABEL: @norm
// CHECK-NOT: graph.layer_norm
// CHECK: graph.reduce mean
// CHECK: graph.unary rsqrt
func.func @norm(%x: tensor<4x8xf32>, %s: tensor<8xf32>) -> tensor<4x8xf32> {
  %0 = graph.layer_norm %x, %s axis = 1 epsilon = 1.0e-5 : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @recurrent
// CHECK-NOT: graph.lstm
// CHECK: graph.matmul
// LONG-LABEL: @recurrent
// LONG: graph.lstm
func.func @recurrent(%x: tensor<2x1x3xf32>, %w: tensor<1x16x3xf32>, %r: tensor<1x16x4xf32>) -> tensor<2x1x1x4xf32> {
  %y, %h, %c = graph.lstm forward %x, %w, %r hidden_size = 4 : (tensor<2x1x3xf32>, tensor<1x16x3xf32>, tensor<1x16x4xf32>) -> (tensor<2x1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %y : tensor<2x1x1x4xf32>
}

// Doubling by nearest is a view, not arithmetic.
// CHECK-LABEL: @upsample
// CHECK: graph.expand
// CHECK-NOT: graph.matmul
// CHECK: return
func.func @upsample(%x: tensor<1x2x3x3xf32>) -> tensor<1x2x6x6xf32> {
  %0 = graph.resize nearest %x coordinates = asymmetric nearest = floor scales = [1.0, 1.0, 2.0, 2.0] : (tensor<1x2x3x3xf32>) -> tensor<1x2x6x6xf32>
  return %0 : tensor<1x2x6x6xf32>
}

// A plain reduction of a narrow type is left alone (and nothing is built for it).
// CHECK-LABEL: @half_mean
// CHECK-NEXT: graph.reduce mean
// CHECK-NEXT: return
func.func @half_mean(%x: tensor<1x10x4x4xf16>) -> tensor<1x10x1x1xf16> {
  %0 = graph.reduce mean %x axes = [2, 3] : (tensor<1x10x4x4xf16>) -> tensor<1x10x1x1xf16>
  return %0 : tensor<1x10x1x1xf16>
}

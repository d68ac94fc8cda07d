// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-quantize-int8))' | FileCheck %s

// Range -1 .. 3: scale 4/255, zero point 64. Weights of one channel reach 1, of the other 2.
// CHECK-LABEL: @calibrated
// CHECK-DAG: dense<64> : tensor<ui8>
// CHECK-DAG: tensor<2x1x1x1xi8>
// CHECK-DAG: graph.quantize
// CHECK: graph.conv {{.*}}x_zero_point = 64{{.*}} -> tensor<1x2x4x4xi32>
// CHECK: graph.cast {{.*}} -> tensor<1x2x4x4xf32>
// CHECK: graph.binary mul
func.func @calibrated(%x: tensor<1x1x4x4xf32> {ncc.range = array<f64: -1.0, 3.0>}) -> tensor<1x2x4x4xf32> {
  %w = graph.constant dense<[[[[1.0]]], [[[-2.0]]]]> : tensor<2x1x1x1xf32>
  %0 = graph.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %0 : tensor<1x2x4x4xf32>
}

// Without a range nothing changes.
// CHECK-LABEL: @unknown
// CHECK-NOT: i8
func.func @unknown(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = graph.constant dense<0.5> : tensor<8x8xf32>
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

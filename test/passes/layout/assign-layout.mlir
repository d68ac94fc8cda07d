// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-assign-layout))' | FileCheck %s

// A chain of linear layers keeps features on partitions; the value product of attention wants tokens there.
// CHECK-LABEL: @chain
// CHECK: graph.matmul {{.*}}ncc.layout = [array<i64: 2, -1, 0, 1>]
// CHECK: graph.unary {{.*}}ncc.layout = [array<i64: 2, -1, 0, 1>]
// CHECK: graph.matmul {{.*}}ncc.layout = [array<i64: 2, -1, 0, 1>]
func.func @chain(%x: tensor<2x16x64xf32>, %w: tensor<64x256xf32>, %v: tensor<256x256xf32>) -> tensor<2x16x256xf32> {
  %0 = graph.matmul %x, %w : (tensor<2x16x64xf32>, tensor<64x256xf32>) -> tensor<2x16x256xf32>
  %1 = graph.unary relu %0 : (tensor<2x16x256xf32>) -> tensor<2x16x256xf32>
  %2 = graph.matmul %1, %v : (tensor<2x16x256xf32>, tensor<256x256xf32>) -> tensor<2x16x256xf32>
  return %2 : tensor<2x16x256xf32>
}

// The wish of the second product (keys on partitions) goes back through transpose and reshape to the first.
// CHECK-LABEL: @through_views
// CHECK: graph.matmul {{.*}}ncc.layout = [array<i64: 1, -1, 0, 2>]
// CHECK: graph.reshape {{.*}}ncc.layout = [array<i64: 1, -1, 0, 2, 3>]
// CHECK: graph.transpose {{.*}}ncc.layout = [array<i64: 2, -1, 0, 1, 3>]
func.func @through_views(%p: tensor<2x2x16x16xf32>, %x: tensor<2x16x64xf32>, %w: tensor<64x64xf32>) -> tensor<2x2x16x32xf32> {
  %0 = graph.matmul %x, %w : (tensor<2x16x64xf32>, tensor<64x64xf32>) -> tensor<2x16x64xf32>
  %1 = graph.reshape %0 : (tensor<2x16x64xf32>) -> tensor<2x16x2x32xf32>
  %2 = graph.transpose %1 perm = [0, 2, 1, 3] : (tensor<2x16x2x32xf32>) -> tensor<2x2x16x32xf32>
  %3 = graph.matmul %p, %2 : (tensor<2x2x16x16xf32>, tensor<2x2x16x32xf32>) -> tensor<2x2x16x32xf32>
  return %3 : tensor<2x2x16x32xf32>
}

// A result is stored row by row: with enough rows its product puts them on partitions, whatever the chain before it does.
// CHECK-LABEL: @stored
// CHECK: graph.matmul {{.*}}ncc.layout = [array<i64: 2, -1, 0, 1>]
// CHECK: graph.matmul {{.*}}ncc.layout = [array<i64: 1, -1, 0, 2>]
func.func @stored(%x: tensor<1x64x64xf32>, %w: tensor<64x256xf32>, %v: tensor<256x5000xf32>) -> tensor<1x64x5000xf32> {
  %0 = graph.matmul %x, %w : (tensor<1x64x64xf32>, tensor<64x256xf32>) -> tensor<1x64x256xf32>
  %1 = graph.matmul %0, %v : (tensor<1x64x256xf32>, tensor<256x5000xf32>) -> tensor<1x64x5000xf32>
  return %1 : tensor<1x64x5000xf32>
}

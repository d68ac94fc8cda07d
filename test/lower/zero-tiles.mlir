// RUN: ncc-check-lowering %s
// RUN: ncc-opt %s --pass-pipeline='builtin.module(ncc-graph-to-tile)' | FileCheck %s

// Tiles of zeros are neither multiplied nor loaded: of nine taps two remain, of two rows of the matrix one; a product with
// zeros only is a constant.
// CHECK-COUNT-3: tile.matmul
// CHECK-NOT: tile.matmul
func.func @main(%x: tensor<1x3x5x5xf32>, %m: tensor<4x256xf32>) -> (tensor<1x2x3x3xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %w = graph.constant dense<[[[[0., 0., 0.], [0., 2., 0.], [0., 0., 0.]], [[0., 0., 0.], [0., 3., 0.], [0., 0., 0.]], [[0., 0., 0.], [0., 0., 0.], [0., 0., 1.]]],
                             [[[0., 0., 0.], [0., 0., 0.], [0., 0., 0.]], [[0., 0., 0.], [0., 4., 0.], [0., 0., 0.]], [[0., 0., 0.], [0., 0., 0.], [0., 0., 5.]]]]> : tensor<2x3x3x3xf32>
  %0 = graph.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x3x5x5xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x3x3xf32>
  %ones = graph.constant dense<1.0> : tensor<128x8xf32>
  %v = graph.constant dense<0.0> : tensor<256x8xf32>
  %1 = graph.matmul %m, %v : (tensor<4x256xf32>, tensor<256x8xf32>) -> tensor<4x8xf32>
  %p = graph.slice %m offsets = [0, 128] strides = [1, 1] : (tensor<4x256xf32>) -> tensor<4x128xf32>
  %2 = graph.matmul %p, %ones : (tensor<4x128xf32>, tensor<128x8xf32>) -> tensor<4x8xf32>
  return %0, %1, %2 : tensor<1x2x3x3xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

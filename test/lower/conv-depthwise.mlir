// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x6x9x10xf32>) -> tensor<1x6x9x10xf32> {
  %w = graph.constant dense<[[[[0.5, 1.0, 2.0], [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]], [[[0.5, 1.0, 2.0], [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]], [[[0.5, 1.0, 2.0], [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]], [[[0.5, 1.0, 2.0], [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]], [[[0.5, 1.0, 2.0], [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]], [[[0.5, -1.0, 2.0], [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]]]> : tensor<6x1x3x3xf32>
  %b = graph.constant dense<[0.25, 0.125, 1.0, 2.0, 1.0, -1.0]> : tensor<6xf32>
  %0 = graph.conv %x, %w, %b strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] group = 6 : (tensor<1x6x9x10xf32>, tensor<6x1x3x3xf32>, tensor<6xf32>) -> tensor<1x6x9x10xf32>
  %1 = graph.unary silu %0 : (tensor<1x6x9x10xf32>) -> tensor<1x6x9x10xf32>
  return %1 : tensor<1x6x9x10xf32>
}

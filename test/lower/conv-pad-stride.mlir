// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --auto-cast=matmult --rtol=2e-2
// RUN: ncc-check-lowering %s --target=inf1 --auto-cast=matmult --rtol=2e-2

func.func @main(%x: tensor<2x5x13x11xf32>, %u: tensor<1xf32>) -> tensor<2x7x7x6xf32> {
  %w = graph.constant dense<0.125> : tensor<7x5x3x3xf32>
  %b = graph.constant dense<[0.25, 0.125, 1.0, 2.0, 1.0, -1.0, 1.0]> : tensor<7xf32>
  %0 = graph.conv %x, %w, %b strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<2x5x13x11xf32>, tensor<7x5x3x3xf32>, tensor<7xf32>) -> tensor<2x7x7x6xf32>
  %1 = graph.unary relu %0 : (tensor<2x7x7x6xf32>) -> tensor<2x7x7x6xf32>
  %2 = graph.binary add %1, %u : (tensor<2x7x7x6xf32>, tensor<1xf32>) -> tensor<2x7x7x6xf32>
  return %2 : tensor<2x7x7x6xf32>
}

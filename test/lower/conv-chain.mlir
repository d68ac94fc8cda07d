// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x3x72x96xf32>) -> tensor<1x8x33x45xf32> {
  %w = graph.constant dense<0.0625> : tensor<140x3x3x3xf32>
  %w2 = graph.constant dense<0.03125> : tensor<8x140x5x5xf32>
  %0 = graph.conv %x, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x3x72x96xf32>, tensor<140x3x3x3xf32>) -> tensor<1x140x72x96xf32>
  %1 = graph.unary relu %0 : (tensor<1x140x72x96xf32>) -> tensor<1x140x72x96xf32>
  %2 = graph.conv %1, %w2 strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x140x72x96xf32>, tensor<8x140x5x5xf32>) -> tensor<1x8x34x46xf32>
  %3 = graph.slice %2 offsets = [0, 0, 0, 1] strides = [1, 1, 1, 1] : (tensor<1x8x34x46xf32>) -> tensor<1x8x33x45xf32>
  return %3 : tensor<1x8x33x45xf32>
}

// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x5x13x11xf32>) -> (tensor<1x5x7x6xf32>, tensor<1x5x7x6xf32>, tensor<1x5x6x5xf32>) {
  %0 = graph.pool max %x kernel = [3, 3] strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x5x13x11xf32>) -> tensor<1x5x7x6xf32>
  %1 = graph.pool average %x kernel = [3, 3] strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x5x13x11xf32>) -> tensor<1x5x7x6xf32>
  %2 = graph.pool average %x kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x5x13x11xf32>) -> tensor<1x5x6x5xf32>
  return %0, %1, %2 : tensor<1x5x7x6xf32>, tensor<1x5x7x6xf32>, tensor<1x5x6x5xf32>
}

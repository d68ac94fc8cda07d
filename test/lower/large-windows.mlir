// RUN: ncc-check-lowering %s

// Windows of many taps, and a product of two long vectors.
func.func @main(%x: tensor<1x3x40x37xf32>, %a: tensor<1x70000xf32>, %b: tensor<70000x1xf32>) -> (tensor<1x3x15x15xf32>, tensor<1x3x40x37xf32>, tensor<1x3x14x13xf32>, tensor<1x1xf32>) {
  %0 = graph.pool max %x kernel = [11, 9] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x3x40x37xf32>) -> tensor<1x3x15x15xf32>
  %1 = graph.pool average %x kernel = [9, 13] strides = [1, 1] pads = [4, 6, 4, 6] dilations = [1, 1] : (tensor<1x3x40x37xf32>) -> tensor<1x3x40x37xf32>
  %2 = graph.pool max %x kernel = [10, 9] strides = [2, 2] pads = [3, 2, 3, 2] dilations = [2, 2] : (tensor<1x3x40x37xf32>) -> tensor<1x3x14x13xf32>
  %3 = graph.matmul %a, %b : (tensor<1x70000xf32>, tensor<70000x1xf32>) -> tensor<1x1xf32>
  return %0, %1, %2, %3 : tensor<1x3x15x15xf32>, tensor<1x3x40x37xf32>, tensor<1x3x14x13xf32>, tensor<1x1xf32>
}

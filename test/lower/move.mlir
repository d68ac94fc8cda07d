// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --no-layout

func.func @main(%x: tensor<2x30x8x6xf32>) -> (tensor<2x8x6x30xf32>, tensor<2x1440xf32>, tensor<2x10x4x6xf32>, tensor<2x60x8x6xf32>, tensor<2x30x8x12xf32>, tensor<2x30x10x9xf32>, tensor<2x30x8x3xf32>) {
  %0 = graph.transpose %x perm = [0, 2, 3, 1] : (tensor<2x30x8x6xf32>) -> tensor<2x8x6x30xf32>
  %1 = graph.reshape %x : (tensor<2x30x8x6xf32>) -> tensor<2x1440xf32>
  %2 = graph.slice %x offsets = [0, 7, 2, 0] strides = [1, 2, 1, 1] : (tensor<2x30x8x6xf32>) -> tensor<2x10x4x6xf32>
  %3 = graph.unary relu %x : (tensor<2x30x8x6xf32>) -> tensor<2x30x8x6xf32>
  %4 = graph.concat %x, %3 axis = 1 : (tensor<2x30x8x6xf32>, tensor<2x30x8x6xf32>) -> tensor<2x60x8x6xf32>
  %5 = graph.concat %3, %x axis = 3 : (tensor<2x30x8x6xf32>, tensor<2x30x8x6xf32>) -> tensor<2x30x8x12xf32>
  %6 = graph.pad %3 low = [0, 0, 1, 2] high = [0, 0, 1, 1] value = 0.5 : (tensor<2x30x8x6xf32>) -> tensor<2x30x10x9xf32>
  %7 = graph.slice %3 offsets = [0, 0, 7, 5] strides = [1, 1, -1, -2] : (tensor<2x30x8x6xf32>) -> tensor<2x30x8x3xf32>
  return %0, %1, %2, %4, %5, %6, %7 : tensor<2x8x6x30xf32>, tensor<2x1440xf32>, tensor<2x10x4x6xf32>, tensor<2x60x8x6xf32>, tensor<2x30x8x12xf32>, tensor<2x30x10x9xf32>, tensor<2x30x8x3xf32>
}

// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x58x7x6xf32>) -> (tensor<1x58x7x6xf32>, tensor<1x29x7x6xf32>) {
  %a = graph.unary relu %x : (tensor<1x58x7x6xf32>) -> tensor<1x58x7x6xf32>
  %0 = graph.reshape %a : (tensor<1x58x7x6xf32>) -> tensor<1x2x29x7x6xf32>
  %1 = graph.transpose %0 perm = [0, 2, 1, 3, 4] : (tensor<1x2x29x7x6xf32>) -> tensor<1x29x2x7x6xf32>
  %2 = graph.reshape %1 : (tensor<1x29x2x7x6xf32>) -> tensor<1x58x7x6xf32>
  %3 = graph.slice %2 offsets = [0, 29, 0, 0] strides = [1, 1, 1, 1] : (tensor<1x58x7x6xf32>) -> tensor<1x29x7x6xf32>
  %4 = graph.unary tanh %3 : (tensor<1x29x7x6xf32>) -> tensor<1x29x7x6xf32>
  return %2, %4 : tensor<1x58x7x6xf32>, tensor<1x29x7x6xf32>
}

// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --target=inf1

func.func @main(%x: tensor<3x20x7x5xf32>) -> (tensor<3x20x1x1xf32>, tensor<3x7x5xf32>, tensor<1x20x7x1xf32>, tensor<1x1x1x1xf32>, tensor<3x20x7xf32>) {
  %0 = graph.reduce mean %x axes = [2, 3] : (tensor<3x20x7x5xf32>) -> tensor<3x20x1x1xf32>
  %1 = graph.reduce max %x axes = [1] keepdims = false : (tensor<3x20x7x5xf32>) -> tensor<3x7x5xf32>
  %2 = graph.reduce l2 %x axes = [0, 3] : (tensor<3x20x7x5xf32>) -> tensor<1x20x7x1xf32>
  %3 = graph.reduce sum %x axes = [0, 1, 2, 3] : (tensor<3x20x7x5xf32>) -> tensor<1x1x1x1xf32>
  %4 = graph.reduce log_sum_exp %x axes = [3] keepdims = false : (tensor<3x20x7x5xf32>) -> tensor<3x20x7xf32>
  return %0, %1, %2, %3, %4 : tensor<3x20x1x1xf32>, tensor<3x7x5xf32>, tensor<1x20x7x1xf32>, tensor<1x1x1x1xf32>, tensor<3x20x7xf32>
}

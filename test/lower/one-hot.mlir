// RUN: ncc-check-lowering %s

func.func @main(%i: tensor<3x5xi64>) -> (tensor<3x5x8xf32>, tensor<6x3x5xf32>) {
  %v = graph.constant dense<[0.25, 2.0]> : tensor<2xf32>
  %0 = graph.one_hot %i, %v axis = 2 : (tensor<3x5xi64>, tensor<2xf32>) -> tensor<3x5x8xf32>
  %1 = graph.one_hot %i, %v axis = 0 : (tensor<3x5xi64>, tensor<2xf32>) -> tensor<6x3x5xf32>
  return %0, %1 : tensor<3x5x8xf32>, tensor<6x3x5xf32>
}

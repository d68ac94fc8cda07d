// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<4x40xf32>, %u: tensor<3x40xf32>, %v: tensor<4x2xf32>, %w: tensor<2x2xf32>) -> (tensor<4x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>, tensor<2xf32>) {
  %i = graph.constant dense<[[3], [0], [3]]> : tensor<3x1xi64>
  %0 = graph.scatter_nd %x, %i, %u : (tensor<4x40xf32>, tensor<3x1xi64>, tensor<3x40xf32>) -> tensor<4x40xf32>
  %j = graph.constant dense<[[2], [3], [1]]> : tensor<3x1xi64>
  %1 = graph.scatter_nd %x, %j, %u reduction = max : (tensor<4x40xf32>, tensor<3x1xi64>, tensor<3x40xf32>) -> tensor<4x40xf32>
  %k = graph.constant dense<[[39, 4], [39, 4], [39, 4], [39, 4]]> : tensor<4x2xi64>
  %2 = graph.scatter_elements %x, %k, %v axis = 1 : (tensor<4x40xf32>, tensor<4x2xi64>, tensor<4x2xf32>) -> tensor<4x40xf32>
  %l = graph.constant dense<[[1, 1], [-1, -1]]> : tensor<2x2xi64>
  %3 = graph.scatter_elements %x, %l, %w axis = 0 : (tensor<4x40xf32>, tensor<2x2xi64>, tensor<2x2xf32>) -> tensor<4x40xf32>
  %m = graph.constant dense<[[0, 39], [2, -2]]> : tensor<2x2xi64>
  %4 = graph.gather_nd %x, %m : (tensor<4x40xf32>, tensor<2x2xi64>) -> tensor<2xf32>
  return %0, %1, %2, %3, %4 : tensor<4x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>, tensor<2xf32>
}

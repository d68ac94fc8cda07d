// RUN: ncc-check-lowering %s

func.func @main(%i: tensor<2x7xi64>, %t: tensor<9x40xf32>) -> (tensor<2x7x40xf32>, tensor<9x2x7xf32>, tensor<9xf32>) {
  %0 = graph.gather %t, %i axis = 0 : (tensor<9x40xf32>, tensor<2x7xi64>) -> tensor<2x7x40xf32>
  %1 = graph.gather %t, %i axis = 1 : (tensor<9x40xf32>, tensor<2x7xi64>) -> tensor<9x2x7xf32>
  %c = graph.constant dense<-2> : tensor<i64>
  %2 = graph.gather %t, %c axis = 1 : (tensor<9x40xf32>, tensor<i64>) -> tensor<9xf32>
  return %0, %1, %2 : tensor<2x7x40xf32>, tensor<9x2x7xf32>, tensor<9xf32>
}

// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<4x9xf32>) -> (tensor<4x1xi64>, tensor<4xi64>) {
  %0 = graph.arg_reduce max %x axis = 1 : (tensor<4x9xf32>) -> tensor<4x1xi64>
  %1 = graph.arg_reduce min %x axis = 1 keepdims = false select_last = true : (tensor<4x9xf32>) -> tensor<4xi64>
  return %0, %1 : tensor<4x1xi64>, tensor<4xi64>
}

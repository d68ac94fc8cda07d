// RUN: ncc-check-lowering %s --firmware=1

func.func @main(%x: tensor<3x17xf32>) -> (tensor<3x4xf32>, tensor<3x4xi64>) {
  %a = graph.unary relu %x : (tensor<3x17xf32>) -> tensor<3x17xf32>
  %v, %i = graph.topk %a k = 4 axis = 1 : (tensor<3x17xf32>) -> (tensor<3x4xf32>, tensor<3x4xi64>)
  %b = graph.unary exp %v : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %b, %i : tensor<3x4xf32>, tensor<3x4xi64>
}

// RUN: ncc-check-lowering %s

// Long dims, with and without a tail, alone and beside short ones; views of them; their reductions.
func.func @main(%x: tensor<70000xf32>, %y: tensor<70001xf32>, %z: tensor<3x20011xf32>, %b: tensor<3x1xf32>) -> (tensor<70000xf32>, tensor<70001xf32>, tensor<3x20011xf32>, tensor<f32>, tensor<f32>, tensor<3xf32>, tensor<140001xf32>, tensor<70009xf32>, tensor<34999xf32>) {
  %half = graph.constant dense<0.5> : tensor<1xf32>
  %0 = graph.unary tanh %x : (tensor<70000xf32>) -> tensor<70000xf32>
  %1 = graph.binary mul %0, %half : (tensor<70000xf32>, tensor<1xf32>) -> tensor<70000xf32>
  %2 = graph.unary sigmoid %y : (tensor<70001xf32>) -> tensor<70001xf32>
  %3 = graph.binary add %z, %b : (tensor<3x20011xf32>, tensor<3x1xf32>) -> tensor<3x20011xf32>
  %4 = graph.reduce mean %x axes = [0] keepdims = false : (tensor<70000xf32>) -> tensor<f32>
  %5 = graph.reduce max %2 axes = [0] keepdims = false : (tensor<70001xf32>) -> tensor<f32>
  %6 = graph.reduce sum %3 axes = [1] keepdims = false : (tensor<3x20011xf32>) -> tensor<3xf32>
  %7 = graph.concat %1, %2 axis = 0 : (tensor<70000xf32>, tensor<70001xf32>) -> tensor<140001xf32>
  %8 = graph.pad %1 low = [4] high = [5] value = 2.5 : (tensor<70000xf32>) -> tensor<70009xf32>
  %9 = graph.slice %2 offsets = [1] strides = [2] : (tensor<70001xf32>) -> tensor<34999xf32>
  %10 = graph.unary abs %9 : (tensor<34999xf32>) -> tensor<34999xf32>
  return %1, %2, %3, %4, %5, %6, %7, %8, %10 : tensor<70000xf32>, tensor<70001xf32>, tensor<3x20011xf32>, tensor<f32>, tensor<f32>, tensor<3xf32>, tensor<140001xf32>, tensor<70009xf32>, tensor<34999xf32>
}

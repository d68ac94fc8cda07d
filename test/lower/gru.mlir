// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<3x2x5xf32>, %w: tensor<1x12x5xf32>, %r: tensor<1x12x4xf32>, %b: tensor<1x24xf32>, %h0: tensor<1x2x4xf32>) -> (tensor<3x1x2x4xf32>, tensor<1x2x4xf32>, tensor<3x1x2x4xf32>) {
  %y, %h = graph.gru reverse %x, %w, %r bias(%b) initial_h(%h0) hidden_size = 4 : (tensor<3x2x5xf32>, tensor<1x12x5xf32>, tensor<1x12x4xf32>, tensor<1x24xf32>, tensor<1x2x4xf32>) -> (tensor<3x1x2x4xf32>, tensor<1x2x4xf32>)
  %y2, %h2 = graph.gru forward %x, %w, %r bias(%b) hidden_size = 4 {linear_before_reset = true} : (tensor<3x2x5xf32>, tensor<1x12x5xf32>, tensor<1x12x4xf32>, tensor<1x24xf32>) -> (tensor<3x1x2x4xf32>, tensor<1x2x4xf32>)
  return %y, %h, %y2 : tensor<3x1x2x4xf32>, tensor<1x2x4xf32>, tensor<3x1x2x4xf32>
}

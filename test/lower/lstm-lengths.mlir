// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<4x3x5xf32>, %w: tensor<2x16x5xf32>, %r: tensor<2x16x4xf32>) -> (tensor<4x2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  %l = graph.constant dense<[4, 2, 3]> : tensor<3xi32>
  %y, %h, %c = graph.lstm bidirectional %x, %w, %r lengths(%l) hidden_size = 4 : (tensor<4x3x5xf32>, tensor<2x16x5xf32>, tensor<2x16x4xf32>, tensor<3xi32>) -> (tensor<4x2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>)
  return %y, %h, %c : tensor<4x2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

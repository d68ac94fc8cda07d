// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<3x2x5xf32>, %w: tensor<2x16x5xf32>, %r: tensor<2x16x4xf32>, %b: tensor<2x32xf32>) -> (tensor<3x2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x2x4xf32>) {
  %y, %h, %c = graph.lstm bidirectional %x, %w, %r bias(%b) hidden_size = 4 : (tensor<3x2x5xf32>, tensor<2x16x5xf32>, tensor<2x16x4xf32>, tensor<2x32xf32>) -> (tensor<3x2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x2x4xf32>)
  return %y, %h, %c : tensor<3x2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x2x4xf32>
}

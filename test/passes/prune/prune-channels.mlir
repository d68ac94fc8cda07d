// RUN: ncc-opt --ncc-prune-channels --ncc-remove-dead %s | FileCheck %s

// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  // CHECK: %[[W:.*]] = graph.constant dense<{{\[\[\[\[}}1.000000e+00]]], {{\[\[\[}}3.000000e+00]]]]> : tensor<2x1x1x1xf32>
  // CHECK: %[[Y:.*]] = graph.conv %arg0, %[[W]] {{.*}} -> tensor<1x2x4x4xf32>
  // CHECK: %[[R:.*]] = graph.unary relu %[[Y]] : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  // CHECK: %[[V:.*]] = graph.constant dense<{{\[\[\[\[}}4.000000e+00]], {{\[\[}}6.000000e+00]]]]> : tensor<1x2x1x1xf32>
  // CHECK: graph.conv %[[R]], %[[V]]
  %w = graph.constant dense<[[[[1.0]]], [[[0.0]]], [[[3.0]]]]> : tensor<3x1x1x1xf32>
  %v = graph.constant dense<[[[[4.0]], [[5.0]], [[6.0]]]]> : tensor<1x3x1x1xf32>
  %0 = graph.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x1x4x4xf32>, tensor<3x1x1x1xf32>) -> tensor<1x3x4x4xf32>
  %1 = graph.unary relu %0 : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %2 = graph.conv %1, %v strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x3x4x4xf32>, tensor<1x3x1x1xf32>) -> tensor<1x1x4x4xf32>
  return %2 : tensor<1x1x4x4xf32>
}

// CHECK-LABEL: func.func @matmul
func.func @matmul(%x: tensor<2x2xf32>) -> tensor<2x1xf32> {
  // CHECK: graph.matmul %arg0, %{{.*}} : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  // CHECK: graph.matmul %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<1x1xf32>) -> tensor<2x1xf32>
  %w = graph.constant dense<[[1.0, 0.0], [2.0, 0.0]]> : tensor<2x2xf32>
  %v = graph.constant dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %0 = graph.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = graph.matmul %0, %v : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  return %1 : tensor<2x1xf32>
}

// sigmoid(0) is not 0: the channel matters.
// CHECK-LABEL: func.func @sigmoid
func.func @sigmoid(%x: tensor<2x2xf32>) -> tensor<2x1xf32> {
  // CHECK: graph.matmul %arg0, %{{.*}} : (tensor<2x2xf32>, tensor<2x2xf32>)
  %w = graph.constant dense<[[1.0, 0.0], [2.0, 0.0]]> : tensor<2x2xf32>
  %v = graph.constant dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %0 = graph.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = graph.unary sigmoid %0 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %2 = graph.matmul %1, %v : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  return %2 : tensor<2x1xf32>
}

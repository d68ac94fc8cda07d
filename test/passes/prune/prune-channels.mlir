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

// Through a depthwise convolution, a pool, a product with and a sum of constants. Channel 1 is zero from the start; channel 2
// meets zero weights in the depthwise convolution; channel 3 is multiplied by zeros only; channel 4 gets a bias and stays.
// CHECK-LABEL: func.func @per_channel
func.func @per_channel(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32> {
  // CHECK: graph.conv {{.*}} -> tensor<1x2x4x4xf32>
  // CHECK: graph.conv {{.*}} group = 2 {{.*}} -> tensor<1x2x4x4xf32>
  // CHECK: graph.binary mul {{.*}}tensor<1x2x4x4xf32>
  // CHECK: graph.pool max {{.*}} -> tensor<1x2x2x2xf32>
  // CHECK: graph.binary add {{.*}}tensor<2x1x1xf32>{{.*}} -> tensor<1x2x2x2xf32>
  // CHECK: graph.conv {{.*}}tensor<1x2x1x1xf32>{{.*}} -> tensor<1x1x2x2xf32>
  %w = graph.constant dense<[[[[1.0]]], [[[0.0]]], [[[3.0]]], [[[4.0]]], [[[0.0]]]]> : tensor<5x1x1x1xf32>
  %d = graph.constant dense<[[[[1.0]]], [[[2.0]]], [[[0.0]]], [[[4.0]]], [[[5.0]]]]> : tensor<5x1x1x1xf32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %b = graph.constant dense<[[[0.0]], [[0.0]], [[0.0]], [[7.0]], [[8.0]]]> : tensor<5x1x1xf32>
  %v = graph.constant dense<[[[[4.0]], [[5.0]], [[6.0]], [[0.0]], [[8.0]]]]> : tensor<1x5x1x1xf32>
  %0 = graph.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x1x4x4xf32>, tensor<5x1x1x1xf32>) -> tensor<1x5x4x4xf32>
  %1 = graph.conv %0, %d strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] group = 5
     : (tensor<1x5x4x4xf32>, tensor<5x1x1x1xf32>) -> tensor<1x5x4x4xf32>
  %2 = graph.binary mul %1, %half : (tensor<1x5x4x4xf32>, tensor<f32>) -> tensor<1x5x4x4xf32>
  %3 = graph.pool max %2 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x5x4x4xf32>) -> tensor<1x5x2x2xf32>
  %4 = graph.binary add %3, %b : (tensor<1x5x2x2xf32>, tensor<5x1x1xf32>) -> tensor<1x5x2x2xf32>
  %5 = graph.conv %4, %v strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x5x2x2xf32>, tensor<1x5x1x1xf32>) -> tensor<1x1x2x2xf32>
  return %5 : tensor<1x1x2x2xf32>
}

// Two readers: nothing is known of the second.
// CHECK-LABEL: func.func @two_readers
func.func @two_readers(%x: tensor<2x2xf32>) -> (tensor<2x1xf32>, tensor<2x2xf32>) {
  // CHECK: graph.matmul %arg0, %{{.*}} : (tensor<2x2xf32>, tensor<2x2xf32>)
  %w = graph.constant dense<[[1.0, 0.0], [2.0, 0.0]]> : tensor<2x2xf32>
  %v = graph.constant dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %0 = graph.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = graph.matmul %0, %v : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  return %1, %0 : tensor<2x1xf32>, tensor<2x2xf32>
}

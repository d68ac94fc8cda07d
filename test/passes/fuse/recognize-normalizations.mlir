// RUN: ncc-opt --ncc-canonicalize --ncc-recognize-normalizations %s | FileCheck %s

// CHECK-LABEL: func.func @layer_norm
func.func @layer_norm(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK-DAG: %[[S:.*]] = graph.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]>
  // CHECK-DAG: %[[B:.*]] = graph.constant dense<[5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]>
  // CHECK: %[[Y:.*]] = graph.layer_norm %arg0, %[[S]], %[[B]] axis = 2 epsilon = 9.99
  // CHECK-NEXT: return %[[Y]]
  %two = graph.constant dense<2.0> : tensor<f32>
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %scale = graph.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %bias = graph.constant dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32>
  %0 = graph.reduce mean %x axes = [2] : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %1 = graph.binary sub %x, %0 : (tensor<2x3x4xf32>, tensor<2x3x1xf32>) -> tensor<2x3x4xf32>
  %2 = graph.binary pow %1, %two : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x3x4xf32>
  %3 = graph.reduce mean %2 axes = [2] : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %4 = graph.binary add %3, %eps : (tensor<2x3x1xf32>, tensor<f32>) -> tensor<2x3x1xf32>
  %5 = graph.unary sqrt %4 : (tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
  %6 = graph.binary div %1, %5 : (tensor<2x3x4xf32>, tensor<2x3x1xf32>) -> tensor<2x3x4xf32>
  %7 = graph.binary mul %6, %scale : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %8 = graph.binary add %7, %bias : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return %8 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @rms_norm
func.func @rms_norm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK: graph.rms_norm %arg0, %{{.*}} axis = 1
  %eps = graph.constant dense<1.0e-6> : tensor<f32>
  %scale = graph.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %0 = graph.binary mul %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce mean %0 axes = [1] : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %2 = graph.binary add %1, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %3 = graph.unary sqrt %2 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %4 = graph.unary reciprocal %3 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %5 = graph.binary mul %x, %4 : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %6 = graph.binary mul %scale, %5 : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %6 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @softmax
func.func @softmax(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK-NEXT: graph.softmax %arg0 axis = 1
  %0 = graph.reduce max %x axes = [1] : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %1 = graph.binary sub %x, %0 : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %2 = graph.unary exp %1 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = graph.reduce sum %2 axes = [1] : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %4 = graph.binary div %2, %3 : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}

// A mean over leading dims is no layer norm.
// CHECK-LABEL: func.func @leading_axis
func.func @leading_axis(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK-NOT: layer_norm
  %0 = graph.reduce mean %x axes = [0] : (tensor<2x4xf32>) -> tensor<1x4xf32>
  %1 = graph.binary sub %x, %0 : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %2 = graph.unary square %1 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = graph.reduce mean %2 axes = [0] : (tensor<2x4xf32>) -> tensor<1x4xf32>
  %4 = graph.unary rsqrt %3 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %5 = graph.binary mul %1, %4 : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %5 : tensor<2x4xf32>
}

// Without the maximum exponentials overflow, unless the operand is known to be small.
// CHECK-LABEL: func.func @softmax_without_maximum
func.func @softmax_without_maximum(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  // CHECK: graph.unary exp
  // CHECK-NOT: graph.softmax %arg0
  %0 = graph.unary exp %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 axes = [1] : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %2 = graph.binary div %0, %1 : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  // CHECK: %[[T:.*]] = graph.unary tanh
  // CHECK: graph.softmax %[[T]]
  %3 = graph.unary tanh %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %4 = graph.unary exp %3 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %5 = graph.reduce sum %4 axes = [1] : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %6 = graph.binary div %4, %5 : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %2, %6 : tensor<2x4xf32>, tensor<2x4xf32>
}

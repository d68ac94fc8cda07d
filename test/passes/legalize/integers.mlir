// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-legalize-for-engines{byte-products=false}))' | FileCheck %s
// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-legalize-for-engines))' | FileCheck %s --check-prefix=BYTES

// Signs and bits wrap, as activation functions do not.
// CHECK-LABEL: func.func @signs
func.func @signs(%x: tensor<4xi8>, %u: tensor<4xui16>) -> (tensor<4xi8>, tensor<4xi8>, tensor<4xui16>) {
  // CHECK: graph.binary sub %{{.*}}, %arg0
  %0 = graph.unary neg %x : (tensor<4xi8>) -> tensor<4xi8>
  // CHECK: graph.binary sub
  // CHECK: graph.binary max %arg0
  %1 = graph.unary abs %x : (tensor<4xi8>) -> tensor<4xi8>
  // CHECK-NOT: graph.unary
  %2 = graph.unary bitwise_not %u : (tensor<4xui16>) -> tensor<4xui16>
  return %0, %1, %2 : tensor<4xi8>, tensor<4xi8>, tensor<4xui16>
}

// 255 * 128 * 514 is the most that f32 holds: two parts, added as integers.
// CHECK-LABEL: func.func @deep
// BYTES-LABEL: func.func @deep
func.func @deep(%a: tensor<2x600xui8>, %b: tensor<600x3xi8>) -> tensor<2x3xi32> {
  // CHECK: graph.matmul {{.*}} : (tensor<2x514xbf16>, tensor<514x3xbf16>) -> tensor<2x3xf32>
  // CHECK: graph.matmul {{.*}} : (tensor<2x86xbf16>, tensor<86x3xbf16>) -> tensor<2x3xf32>
  // CHECK: graph.binary add {{.*}} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x3xi32>
  // BYTES: graph.matmul %arg0, %arg1
  %0 = graph.matmul %a, %b : (tensor<2x600xui8>, tensor<600x3xi8>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// The zero point goes before the product, so that the border is zero; the bias stays an integer.
// CHECK-LABEL: func.func @window
// BYTES-LABEL: func.func @window
func.func @window(%x: tensor<1x2x4x4xui8>, %w: tensor<3x2x3x3xi8>, %bias: tensor<3xi32>) -> tensor<1x3x4x4xi32> {
  // CHECK: graph.cast %arg0 : (tensor<1x2x4x4xui8>) -> tensor<1x2x4x4xbf16>
  // CHECK: graph.binary sub
  // CHECK: graph.matmul {{.*}} -> tensor<1x1x3x16xf32>
  // CHECK: graph.cast {{.*}} -> tensor<1x3x4x4xi32>
  // CHECK: graph.binary add {{.*}} : (tensor<1x3x4x4xi32>, tensor<3x1x1xi32>) -> tensor<1x3x4x4xi32>
  // BYTES-NOT: bf16
  %0 = graph.conv %x, %w, %bias strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] x_zero_point = 7 : (tensor<1x2x4x4xui8>, tensor<3x2x3x3xi8>, tensor<3xi32>) -> tensor<1x3x4x4xi32>
  return %0 : tensor<1x3x4x4xi32>
}

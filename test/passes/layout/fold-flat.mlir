// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-fold-flat))' | FileCheck %s

// A chain over one long dim is computed in blocks of 128 rows; only its ends are re-viewed.
// CHECK-LABEL: @chain
// CHECK: %[[X:.*]] = graph.reshape %{{.*}} : (tensor<1048576xf32>) -> tensor<16x128x512xf32>
// CHECK: %[[A:.*]] = graph.unary tanh %[[X]] {ncc.layout = [array<i64: 1, -1, 0, 2>]} : (tensor<16x128x512xf32>)
// CHECK-NOT: graph.reshape
// CHECK: graph.binary mul %[[A]], %{{.*}} {ncc.layout = [array<i64: 1, -1, 0, 2>]} : (tensor<16x128x512xf32>, tensor<f32>)
// CHECK: graph.reshape %{{.*}} : (tensor<16x128x512xf32>) -> tensor<1048576xf32>
func.func @chain(%x: tensor<1048576xf32>) -> tensor<1048576xf32> {
  %two = graph.constant dense<2.0> : tensor<1xf32>
  %0 = graph.unary tanh %x : (tensor<1048576xf32>) -> tensor<1048576xf32>
  %1 = graph.binary mul %0, %two : (tensor<1048576xf32>, tensor<1xf32>) -> tensor<1048576xf32>
  return %1 : tensor<1048576xf32>
}

// What no good number of rows divides is a piece of its own, which the next op takes over.
// CHECK-LABEL: @tail
// CHECK: graph.slice %{{.*}} offsets = [0] strides = [1] : (tensor<1048583xf32>) -> tensor<1048576xf32>
// CHECK: graph.slice %{{.*}} offsets = [1048576] strides = [1] : (tensor<1048583xf32>) -> tensor<7xf32>
// CHECK: graph.unary tanh %{{.*}} : (tensor<16x128x512xf32>)
// CHECK: graph.unary tanh %[[T:.*]] : (tensor<7xf32>)
// CHECK: graph.unary abs %{{.*}} : (tensor<16x128x512xf32>)
// CHECK: graph.unary abs %{{.*}} : (tensor<7xf32>)
// CHECK: graph.concat %{{.*}}, %{{.*}} axis = 0 : (tensor<1048576xf32>, tensor<7xf32>)
func.func @tail(%x: tensor<1048583xf32>) -> tensor<1048583xf32> {
  %0 = graph.unary tanh %x : (tensor<1048583xf32>) -> tensor<1048583xf32>
  %1 = graph.unary abs %0 : (tensor<1048583xf32>) -> tensor<1048583xf32>
  return %1 : tensor<1048583xf32>
}

// Dims that operands treat differently stay apart; the longest run of the others is folded.
// CHECK-LABEL: @broadcast
// CHECK: graph.reshape %{{.*}} : (tensor<3x1024x1024xf32>) -> tensor<3x16x128x512xf32>
// CHECK: graph.reshape %{{.*}} : (tensor<3x1x1xf32>) -> tensor<3x1x1x1xf32>
// CHECK: graph.binary add {{.*}}ncc.layout = [array<i64: 2, -1, 0, 1, 3>]
func.func @broadcast(%x: tensor<3x1024x1024xf32>, %b: tensor<3x1x1xf32>) -> tensor<3x1024x1024xf32> {
  %0 = graph.binary add %x, %b {ncc.layout = [array<i64: 0, -1, 1, 2>]} : (tensor<3x1024x1024xf32>, tensor<3x1x1xf32>) -> tensor<3x1024x1024xf32>
  return %0 : tensor<3x1024x1024xf32>
}

// 128 partial results, then one.
// CHECK-LABEL: @sum
// CHECK: graph.reduce sum %{{.*}} : (tensor<16x128x512xf32>) -> tensor<128xf32>
// CHECK: graph.reduce sum %{{.*}} : (tensor<128xf32>) -> tensor<f32>
func.func @sum(%x: tensor<1048576xf32>) -> tensor<f32> {
  %0 = graph.reduce sum %x axes = [0] keepdims = false : (tensor<1048576xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// Rows that fill the partitions, short tensors and results of products stay as they are.
// CHECK-LABEL: @kept
// CHECK-NOT: graph.reshape
func.func @kept(%x: tensor<8192x1024xf32>, %s: tensor<1000xf32>, %a: tensor<1x64xf32>, %w: tensor<64x65536xf32>) -> (tensor<8192x1024xf32>, tensor<1000xf32>, tensor<1x65536xf32>) {
  %0 = graph.unary tanh %x {ncc.layout = [array<i64: 0, -1, 1>]} : (tensor<8192x1024xf32>) -> tensor<8192x1024xf32>
  %1 = graph.unary tanh %s : (tensor<1000xf32>) -> tensor<1000xf32>
  %2 = graph.matmul %a, %w : (tensor<1x64xf32>, tensor<64x65536xf32>) -> tensor<1x65536xf32>
  %3 = graph.unary tanh %2 : (tensor<1x65536xf32>) -> tensor<1x65536xf32>
  return %0, %1, %3 : tensor<8192x1024xf32>, tensor<1000xf32>, tensor<1x65536xf32>
}

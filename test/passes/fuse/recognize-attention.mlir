// RUN: ncc-opt --ncc-canonicalize --ncc-recognize-attention --ncc-canonicalize %s | FileCheck %s

// As PyTorch exports it: [B,S,H,D] projections, the key transposed to [B,H,D,S].
// CHECK-LABEL: func.func @pytorch
func.func @pytorch(%q: tensor<1x5x2x8xf32>, %k: tensor<1x5x2x8xf32>, %v: tensor<1x5x2x8xf32>,
                   %mask: tensor<1x1x1x5xf32>) -> tensor<1x2x5x8xf32> {
  // CHECK-DAG: %[[Q:.*]] = graph.transpose %arg0 perm = [0, 2, 1, 3]
  // CHECK-DAG: %[[K:.*]] = graph.transpose %arg1 perm = [0, 2, 1, 3]
  // CHECK-DAG: %[[V:.*]] = graph.transpose %arg2 perm = [0, 2, 1, 3]
  // CHECK: graph.attention %[[Q]], %[[K]], %[[V]], %arg3 scale = 5.000000e-01
  // CHECK-NEXT: return
  %two = graph.constant dense<2.0> : tensor<f32>
  %0 = graph.transpose %q perm = [0, 2, 1, 3] : (tensor<1x5x2x8xf32>) -> tensor<1x2x5x8xf32>
  %1 = graph.transpose %k perm = [0, 2, 3, 1] : (tensor<1x5x2x8xf32>) -> tensor<1x2x8x5xf32>
  %2 = graph.transpose %v perm = [0, 2, 1, 3] : (tensor<1x5x2x8xf32>) -> tensor<1x2x5x8xf32>
  %3 = graph.matmul %0, %1 : (tensor<1x2x5x8xf32>, tensor<1x2x8x5xf32>) -> tensor<1x2x5x5xf32>
  %4 = graph.binary div %3, %two : (tensor<1x2x5x5xf32>, tensor<f32>) -> tensor<1x2x5x5xf32>
  %5 = graph.binary add %4, %mask : (tensor<1x2x5x5xf32>, tensor<1x1x1x5xf32>) -> tensor<1x2x5x5xf32>
  %6 = graph.softmax %5 axis = 3 : (tensor<1x2x5x5xf32>) -> tensor<1x2x5x5xf32>
  %7 = graph.matmul %6, %2 : (tensor<1x2x5x5xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  return %7 : tensor<1x2x5x8xf32>
}

// A row whose keys are all hidden is the mean of the values: a selected mask is not one that can be added.
// CHECK-LABEL: func.func @selected_mask
func.func @selected_mask(%q: tensor<2x5x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x8xf32>,
                         %keep: tensor<5x5xi1>) -> tensor<2x5x8xf32> {
  // CHECK: graph.select %arg3
  // CHECK-NOT: graph.attention
  // CHECK: graph.softmax
  %half = graph.constant dense<0.5> : tensor<f32>
  %low = graph.constant dense<-3.4e38> : tensor<f32>
  %0 = graph.binary mul %q, %half : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %1 = graph.binary mul %k, %half : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5x8xf32>
  %2 = graph.matmul %0, %1 transpose_b = true : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x5xf32>
  %3 = graph.select %keep, %2, %low : (tensor<5x5xi1>, tensor<2x5x5xf32>, tensor<f32>) -> tensor<2x5x5xf32>
  %4 = graph.softmax %3 axis = 2 : (tensor<2x5x5xf32>) -> tensor<2x5x5xf32>
  %5 = graph.matmul %4, %v : (tensor<2x5x5xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %5 : tensor<2x5x8xf32>
}

// Softmax over another axis is not attention.
// CHECK-LABEL: func.func @other_axis
func.func @other_axis(%q: tensor<2x5x8xf32>, %v: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  // CHECK-NOT: graph.attention
  %0 = graph.matmul %q, %q transpose_b = true : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x5xf32>
  %1 = graph.softmax %0 axis = 1 : (tensor<2x5x5xf32>) -> tensor<2x5x5xf32>
  %2 = graph.matmul %1, %v : (tensor<2x5x5xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %2 : tensor<2x5x8xf32>
}

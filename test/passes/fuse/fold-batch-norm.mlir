// RUN: ncc-opt --ncc-fold-batch-norm --ncc-remove-dead %s | FileCheck %s

// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  // CHECK-DAG: %[[W:.*]] = graph.constant dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}9.000000e+00]]]]> : tensor<2x1x1x1xf32>
  // CHECK-DAG: %[[B:.*]] = graph.constant dense<[5.000000e+00, 1.000000e+01]> : tensor<2xf32>
  // CHECK: graph.conv %arg0, %[[W]], %[[B]]
  // CHECK-NEXT: return
  %w = graph.constant dense<[[[[1.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>
  %b = graph.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %s = graph.constant dense<[[[2.0]], [[3.0]]]> : tensor<2x1x1xf32>
  %t = graph.constant dense<1.0> : tensor<2x1x1xf32>
  %0 = graph.conv %x, %w, %b strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %1 = graph.binary mul %0, %s : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = graph.binary add %1, %t : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %2 : tensor<1x2x4x4xf32>
}

// CHECK-LABEL: func.func @matmul
func.func @matmul(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // CHECK: %[[W:.*]] = graph.constant dense<{{\[\[}}1.000000e+01, 4.000000e+01], [3.000000e+01, 8.000000e+01]]>
  // CHECK: graph.matmul %arg0, %[[W]]
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %s = graph.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %0 = graph.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = graph.binary mul %0, %s : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// A second use keeps the convolution as it is.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<1x1x4x4xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  // CHECK: graph.binary mul
  %w = graph.constant dense<1.0> : tensor<2x1x1x1xf32>
  %s = graph.constant dense<2.0> : tensor<2x1x1xf32>
  %0 = graph.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = graph.binary mul %0, %s : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %0, %1 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}

// Products that half precision does not hold: above 65,504, or a whole channel below 2^-14.
// CHECK-LABEL: func.func @half_range
func.func @half_range(%x: tensor<2x2xf16>) -> (tensor<2x2xf16>, tensor<2x2xf16>, tensor<2x2xf16>) {
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf16>
  %v = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf16>
  %u = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf16>
  %big = graph.constant dense<[3.0e4, 1.0]> : tensor<2xf16>
  %tiny = graph.constant dense<[1.0, 1.0e-5]> : tensor<2xf16>
  %fine = graph.constant dense<[1.0, 1.0e-3]> : tensor<2xf16>
  // CHECK: %[[A:.*]] = graph.matmul
  // CHECK-NEXT: graph.binary mul %[[A]]
  %0 = graph.matmul %x, %w : (tensor<2x2xf16>, tensor<2x2xf16>) -> tensor<2x2xf16>
  %1 = graph.binary mul %0, %big : (tensor<2x2xf16>, tensor<2xf16>) -> tensor<2x2xf16>
  // CHECK: %[[B:.*]] = graph.matmul
  // CHECK-NEXT: graph.binary mul %[[B]]
  %2 = graph.matmul %x, %v : (tensor<2x2xf16>, tensor<2x2xf16>) -> tensor<2x2xf16>
  %3 = graph.binary mul %2, %tiny : (tensor<2x2xf16>, tensor<2xf16>) -> tensor<2x2xf16>
  // CHECK: graph.matmul
  // CHECK-NEXT: return
  %4 = graph.matmul %x, %u : (tensor<2x2xf16>, tensor<2x2xf16>) -> tensor<2x2xf16>
  %5 = graph.binary mul %4, %fine : (tensor<2x2xf16>, tensor<2xf16>) -> tensor<2x2xf16>
  return %1, %3, %5 : tensor<2x2xf16>, tensor<2x2xf16>, tensor<2x2xf16>
}

// A quotient folds too, but not before a floor, which an exact multiple must reach whole.
// CHECK-LABEL: func.func @quotients
func.func @quotients(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %v = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %d = graph.constant dense<[41.0, 3.0]> : tensor<2xf32>
  // CHECK: graph.matmul
  // CHECK-NOT: graph.binary div
  // CHECK: graph.matmul
  %0 = graph.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = graph.binary div %0, %d : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  // CHECK: graph.binary div
  // CHECK: graph.unary floor
  %2 = graph.matmul %x, %v : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %3 = graph.binary div %2, %d : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %4 = graph.unary floor %3 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %1, %4 : tensor<2x2xf32>, tensor<2x2xf32>
}

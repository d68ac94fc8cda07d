// RUN: ncc-opt %s | ncc-opt | FileCheck %s

// CHECK-LABEL: func @special
func.func @special(%x: tensor<2x3xf32>, %m: tensor<4x3x3xf32>, %ids: tensor<2x5xi32>) -> (tensor<2x3xi32>, tensor<4xf32>, tensor<2x3xf32>, tensor<2x4xf32>) {
  // CHECK: graph.bitcast %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xi32>
  %0 = graph.bitcast %x : (tensor<2x3xf32>) -> tensor<2x3xi32>
  // CHECK: graph.det
  %1 = graph.det %m : (tensor<4x3x3xf32>) -> tensor<4xf32>
  // CHECK: graph.random stream = 7 {normal = true} : tensor<2x3xf32>
  %2 = graph.random stream = 7 {normal = true} : tensor<2x3xf32>
  // CHECK: graph.tfidf
  %3 = graph.tfidf %ids {mode = "TF", min_gram = 1 : i64, max_gram = 2 : i64, max_skip = 0 : i64, ngram_counts = array<i64: 0, 2>,
    ngram_indexes = array<i64: 0, 1, 3>, pool = array<i64: 5, 6, 7, 8>} : (tensor<2x5xi32>) -> tensor<2x4xf32>
  // CHECK: graph.cast %{{.*}} {round_mode = "down"}
  %4 = graph.cast %x {round_mode = "down"} : (tensor<2x3xf32>) -> tensor<2x3xf8E8M0FNU>
  return %0, %1, %2, %3 : tensor<2x3xi32>, tensor<4xf32>, tensor<2x3xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func @sampling
func.func @sampling(%x: tensor<1x2x8x8xf32>, %rois: tensor<3x4xf32>, %where: tensor<3xi64>, %boxes: tensor<3x5xf32>,
                    %offset: tensor<1x8x7x7xf32>) -> (tensor<3x2x2x2xf32>, tensor<3x2x2x2xf32>, tensor<1x8x49xf32>) {
  // CHECK: graph.roi_align
  %0 = graph.roi_align %x, %rois, %where height = 2 width = 2 : (tensor<1x2x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x2x2x2xf32>
  // CHECK: graph.max_roi_pool
  %1 = graph.max_roi_pool %x, %boxes height = 2 width = 2 : (tensor<1x2x8x8xf32>, tensor<3x5xf32>) -> tensor<3x2x2x2xf32>
  // CHECK: graph.deform_columns
  %2 = graph.deform_columns %x, %offset kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
    : (tensor<1x2x8x8xf32>, tensor<1x8x7x7xf32>) -> tensor<1x8x49xf32>
  return %0, %1, %2 : tensor<3x2x2x2xf32>, tensor<3x2x2x2xf32>, tensor<1x8x49xf32>
}

// CHECK-LABEL: func @forest
func.func @forest(%x: tensor<4x9xf32>, %f: tensor<2x3xi32>, %t: tensor<2x3xf32>, %w: tensor<2x4x1xf32>) -> tensor<9x1xf32> {
  // CHECK: graph.forest sum %{{.*}} : (tensor<4x9xf32>, tensor<2x3xi32>, tensor<2x3xf32>, tensor<2x4x1xf32>) -> tensor<9x1xf32>
  %0 = graph.forest sum %x, %f, %t, %w : (tensor<4x9xf32>, tensor<2x3xi32>, tensor<2x3xf32>, tensor<2x4x1xf32>) -> tensor<9x1xf32>
  return %0 : tensor<9x1xf32>
}

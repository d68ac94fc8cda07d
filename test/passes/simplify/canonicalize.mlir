// RUN: ncc-opt --ncc-canonicalize %s | FileCheck %s

// Roots of what may be -inf or -0 stay powers; a quotient by 3 has no exact reciprocal.
// CHECK-LABEL: func.func @powers
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = graph.constant dense<2.0> : tensor<f32>
  %three = graph.constant dense<3.0> : tensor<f32>
  %half = graph.constant dense<0.5> : tensor<1xf32>
  // CHECK-DAG: graph.unary square %arg0
  %0 = graph.binary pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK-DAG: graph.binary pow %arg0
  %1 = graph.binary pow %x, %half : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  // CHECK-DAG: graph.binary mul %arg0, %{{.*}} : (tensor<4xf32>, tensor<f32>)
  %2 = graph.binary div %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK-DAG: graph.binary div %arg0
  %3 = graph.binary div %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK-DAG: graph.unary sqrt
  %4 = graph.unary abs %x : (tensor<4xf32>) -> tensor<4xf32>
  %5 = graph.binary pow %4, %half : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  return %0, %1, %2, %3, %5 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// What rounds twice stays as written before a floor, through elementwise ops and moves, not through a sum of products.
// CHECK-LABEL: func.func @before_floor
func.func @before_floor(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> (tensor<16xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  %three = graph.constant dense<3.0> : tensor<f32>
  // CHECK-DAG: graph.binary pow %arg0
  %0 = graph.binary pow %x, %three : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %1 = graph.reshape %0 : (tensor<4x4xf32>) -> tensor<16xf32>
  %2 = graph.binary add %1, %1 : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %3 = graph.unary floor %2 : (tensor<16xf32>) -> tensor<16xf32>
  // CHECK-DAG: graph.binary div %arg0
  %4 = graph.unary sqrt %y : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %5 = graph.binary div %x, %4 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %6 = graph.unary round %5 : (tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK-DAG: graph.unary square %arg1
  %7 = graph.binary pow %y, %three : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %8 = graph.matmul %7, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %9 = graph.unary floor %8 : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %3, %6, %9 : tensor<16xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}

// No double holds 2^53 + 1, and a bound of NaN bounds nothing.
// CHECK-LABEL: func.func @bounds_beyond_doubles
func.func @bounds_beyond_doubles(%x: tensor<4xi64>, %y: tensor<4xf32>) -> (tensor<4xi64>, tensor<4xi64>, tensor<4xf32>) {
  %odd = graph.constant dense<9007199254740993> : tensor<i64>
  %five = graph.constant dense<5> : tensor<i64>
  %nan = graph.constant dense<0x7FC00000> : tensor<f32>
  // CHECK-DAG: graph.binary min %arg0
  %0 = graph.binary min %x, %odd : (tensor<4xi64>, tensor<i64>) -> tensor<4xi64>
  // CHECK-DAG: graph.unary clip %arg0 {{.*}}beta = 5.000000e+00
  %1 = graph.binary min %x, %five : (tensor<4xi64>, tensor<i64>) -> tensor<4xi64>
  // CHECK-DAG: graph.binary max %arg1
  %2 = graph.binary max %y, %nan : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<4xi64>, tensor<4xi64>, tensor<4xf32>
}

// CHECK-LABEL: func.func @inverse_root
func.func @inverse_root(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-DAG: %[[R:.*]] = graph.unary rsqrt %arg1
  // CHECK: graph.binary mul %arg0, %[[R]]
  %0 = graph.unary sqrt %y : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.binary div %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: graph.unary rsqrt %arg0
  %2 = graph.unary sqrt %x : (tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.unary reciprocal %2 : (tensor<4xf32>) -> tensor<4xf32>
  return %1, %3 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @bounds
func.func @bounds(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %six = graph.constant dense<6.0> : tensor<f32>
  // CHECK-DAG: graph.unary relu %arg0
  %0 = graph.binary max %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK-DAG: graph.unary clip %arg0 beta = 6.000000e+00
  %1 = graph.binary min %0, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @expand_before_add
func.func @expand_before_add(%x: tensor<2x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  // CHECK-NEXT: graph.binary add %arg0, %arg1 : (tensor<2x4xf32>, tensor<4xf32>)
  %0 = graph.expand %b : (tensor<4xf32>) -> tensor<2x4xf32>
  %1 = graph.binary add %x, %0 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @transposed_operand
func.func @transposed_operand(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: graph.matmul %arg0, %arg1 transpose_b = true
  %0 = graph.transpose %w perm = [1, 0] : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %1 = graph.matmul %x, %0 : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @unit_dims
func.func @unit_dims(%x: tensor<2x1x4xf32>) -> (tensor<1x2x4xf32>, tensor<2x4xf32>) {
  // CHECK-NEXT: graph.reshape %arg0 : (tensor<2x1x4xf32>) -> tensor<1x2x4xf32>
  %0 = graph.transpose %x perm = [1, 0, 2] : (tensor<2x1x4xf32>) -> tensor<1x2x4xf32>
  // CHECK-NEXT: graph.reshape %arg0 : (tensor<2x1x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce sum %x axes = [1] keepdims = false : (tensor<2x1x4xf32>) -> tensor<2x4xf32>
  return %0, %1 : tensor<1x2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @slices_and_joins
func.func @slices_and_joins(%x: tensor<8xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<6xf32>) {
  // CHECK-DAG: graph.slice %arg0 offsets = [3] strides = [2] : (tensor<8xf32>) -> tensor<2xf32>
  %0 = graph.slice %x offsets = [1] strides = [1] : (tensor<8xf32>) -> tensor<6xf32>
  %1 = graph.slice %0 offsets = [2] strides = [2] : (tensor<6xf32>) -> tensor<2xf32>
  // CHECK-DAG: graph.concat %arg1, %arg1, %arg1 axis = 0
  %2 = graph.concat %y, %y axis = 0 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  %3 = graph.concat %2, %y axis = 0 : (tensor<4xf32>, tensor<2xf32>) -> tensor<6xf32>
  return %1, %3 : tensor<2xf32>, tensor<6xf32>
}

// CHECK-LABEL: func.func @border_before_conv
func.func @border_before_conv(%x: tensor<1x2x4x4xf32>, %w: tensor<3x2x3x3xf32>) -> tensor<1x3x4x4xf32> {
  // CHECK-NEXT: graph.conv %arg0, %arg1 strides = [1, 1] pads = [1, 1, 1, 1]
  %0 = graph.pad %x low = [0, 0, 1, 1] high = [0, 0, 1, 1] : (tensor<1x2x4x4xf32>) -> tensor<1x2x6x6xf32>
  %1 = graph.conv %0, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x2x6x6xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x4x4xf32>
  return %1 : tensor<1x3x4x4xf32>
}

// CHECK-LABEL: func.func @transposed_without_strides
func.func @transposed_without_strides(%x: tensor<1x2x3x3xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x2x2xf32>, tensor<1x2x7x7xf32>) {
  // Kernels turned, their first and last dim swapped within a group.
  // CHECK-DAG: %[[W:.*]] = graph.constant dense<{{.*}}[4.000000e+00, 3.000000e+00], [2.000000e+00, 1.000000e+00]{{.*}}[8.000000e+00, 7.000000e+00], [6.000000e+00, 5.000000e+00]{{.*}}> : tensor<2x1x2x2xf32>
  // CHECK-DAG: graph.conv %arg0, %[[W]] strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] group = 2
  %w = graph.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]]> : tensor<2x1x2x2xf32>
  %0 = graph.conv_transpose %x, %w strides = [1, 1] pads = [0, 0, 0, 0] output_padding = [0, 0] dilations = [1, 1] group = 2
     : (tensor<1x2x3x3xf32>, tensor<2x1x2x2xf32>) -> tensor<1x2x4x4xf32>
  // CHECK-DAG: graph.conv %arg0, %{{.*}} strides = [1, 1] pads = [0, 0, 0, 0]
  %1 = graph.conv_transpose %x, %w strides = [1, 1] pads = [1, 1, 1, 1] output_padding = [0, 0] dilations = [1, 1] group = 2
     : (tensor<1x2x3x3xf32>, tensor<2x1x2x2xf32>) -> tensor<1x2x2x2xf32>
  // CHECK-DAG: graph.conv_transpose %arg0
  %2 = graph.conv_transpose %x, %w strides = [2, 2] pads = [0, 0, 0, 0] output_padding = [1, 1] dilations = [1, 1] group = 2
     : (tensor<1x2x3x3xf32>, tensor<2x1x2x2xf32>) -> tensor<1x2x7x7xf32>
  return %0, %1, %2 : tensor<1x2x4x4xf32>, tensor<1x2x2x2xf32>, tensor<1x2x7x7xf32>
}

// CHECK-LABEL: func.func @whole_window
func.func @whole_window(%x: tensor<1x2x4x6xf32>) -> (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>, tensor<1x2x2x1xf32>) {
  // CHECK-NEXT: graph.reduce mean %arg0 axes = [2, 3]
  %0 = graph.pool average %x kernel = [4, 6] strides = [4, 6] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x4x6xf32>) -> tensor<1x2x1x1xf32>
  // CHECK-NEXT: graph.reduce max %arg0 axes = [2, 3]
  %1 = graph.pool max %x kernel = [4, 6] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x4x6xf32>) -> tensor<1x2x1x1xf32>
  // CHECK-NEXT: graph.pool average
  %2 = graph.pool average %x kernel = [2, 6] strides = [2, 6] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x4x6xf32>) -> tensor<1x2x2x1xf32>
  return %0, %1, %2 : tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>, tensor<1x2x2x1xf32>
}

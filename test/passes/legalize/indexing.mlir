// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-legalize-for-engines))' | FileCheck %s

// A scatter into a box is slices and concats.
// CHECK-LABEL: @box
// CHECK-NOT: graph.scatter_nd
// CHECK-DAG: %[[TOP:.*]] = graph.slice %arg0 offsets = [0, 0, 0]
// CHECK-DAG: %[[ROW:.*]] = graph.slice %arg0 offsets = [1, 0, 0]
// CHECK: %[[IN:.*]] = graph.concat {{.*}} axis = 1 : (tensor<1x1x3xf32>, tensor<1x2x3xf32>, tensor<1x1x3xf32>)
// CHECK: graph.concat %[[TOP]], %[[IN]] axis = 0
func.func @box(%x: tensor<2x4x3xf32>, %u: tensor<1x2x3xf32>) -> tensor<2x4x3xf32> {
  %i = graph.constant dense<[[[1, 1], [1, -2]]]> : tensor<1x2x2xi64>
  %0 = graph.scatter_nd %x, %i, %u : (tensor<2x4x3xf32>, tensor<1x2x2xi64>, tensor<1x2x3xf32>) -> tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// Combined with what is there.
// CHECK-LABEL: @sum
// CHECK-NOT: graph.scatter_nd
// CHECK: graph.binary add
// CHECK: graph.concat
func.func @sum(%x: tensor<4x3xf32>, %u: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %i = graph.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %0 = graph.scatter_nd %x, %i, %u reduction = add : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// No box: rows of data and updates, the last update of a place wins.
// CHECK-LABEL: @rows
// CHECK-NOT: graph.scatter_nd
// CHECK-DAG: %[[I:.*]] = graph.constant dense<[5, 1, 2, 6]> : tensor<4xi64>
// CHECK-DAG: %[[B:.*]] = graph.concat %arg0, %arg1 axis = 0
// CHECK: graph.gather %[[B]], %[[I]] axis = 0
func.func @rows(%x: tensor<4x3xf32>, %u: tensor<3x3xf32>) -> tensor<4x3xf32> {
  %i = graph.constant dense<[[3], [0], [3]]> : tensor<3x1xi64>
  %0 = graph.scatter_nd %x, %i, %u : (tensor<4x3xf32>, tensor<3x1xi64>, tensor<3x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// Two updates of one place added up, and an index out of range, are left to the firmware.
// CHECK-LABEL: @left
// CHECK-COUNT-2: graph.scatter_nd
func.func @left(%x: tensor<4x3xf32>, %u: tensor<2x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %i = graph.constant dense<[[3], [3]]> : tensor<2x1xi64>
  %0 = graph.scatter_nd %x, %i, %u reduction = add : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32>
  %j = graph.constant dense<[[3], [4]]> : tensor<2x1xi64>
  %1 = graph.scatter_nd %x, %j, %u : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %0, %1 : tensor<4x3xf32>, tensor<4x3xf32>
}

// CHECK-LABEL: @elements
// CHECK-NOT: graph.scatter_elements
// CHECK: graph.concat
// CHECK: return
func.func @elements(%x: tensor<3x4xf32>, %u: tensor<2x2xf32>) -> tensor<3x4xf32> {
  %i = graph.constant dense<[[1, 2], [1, 2]]> : tensor<2x2xi64>
  %0 = graph.scatter_elements %x, %i, %u axis = 1 : (tensor<3x4xf32>, tensor<2x2xi64>, tensor<2x2xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// CHECK-LABEL: @gathers
// CHECK-NOT: graph.gather_nd
// CHECK-NOT: graph.gather_elements
// CHECK: graph.slice {{.*}} offsets = [0, 3] strides = [1, -2]
// CHECK: return
func.func @gathers(%x: tensor<3x4xf32>) -> (tensor<2xf32>, tensor<3x2xf32>, tensor<3x2xf32>) {
  %i = graph.constant dense<[[0, 3], [2, 1]]> : tensor<2x2xi64>
  %0 = graph.gather_nd %x, %i : (tensor<3x4xf32>, tensor<2x2xi64>) -> tensor<2xf32>
  %j = graph.constant dense<[[3, 1], [3, 1], [3, 1]]> : tensor<3x2xi64>
  %1 = graph.gather_elements %x, %j axis = 1 : (tensor<3x4xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
  // Evenly spaced indices are a slice.
  %k = graph.constant dense<[3, 1]> : tensor<2xi64>
  %2 = graph.gather %x, %k axis = 1 : (tensor<3x4xf32>, tensor<2xi64>) -> tensor<3x2xf32>
  return %0, %1, %2 : tensor<2xf32>, tensor<3x2xf32>, tensor<3x2xf32>
}

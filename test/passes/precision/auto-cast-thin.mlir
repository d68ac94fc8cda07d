// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-auto-cast))' | FileCheck %s
// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-auto-cast{no-f32-matmul}))' | FileCheck %s --check-prefix=SPLIT
// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-auto-cast{mode=all}))' | FileCheck %s --check-prefix=ALL

// Sums of few terms with constant weights keep f32 operands, or become three products of high and low parts.
// CHECK-LABEL: @pointwise
// CHECK-NOT: bf16
// CHECK: graph.conv {{.*}} -> tensor<1x4x5x5xf32>
// SPLIT-LABEL: @pointwise
// SPLIT: %[[XH:.*]] = graph.cast %arg0 {{.*}}bf16
// SPLIT: %[[WIDE:.*]] = graph.cast %[[XH]]
// SPLIT: %[[REST:.*]] = graph.binary sub %arg0, %[[WIDE]]
// SPLIT: %[[XL:.*]] = graph.cast %[[REST]] {{.*}}bf16
// SPLIT: %[[A:.*]] = graph.conv %[[XL]], %[[WH:[^ ]*]] strides
// SPLIT: %[[B:.*]] = graph.conv %[[XH]], %{{[^ ]*}} strides
// SPLIT: %[[AB:.*]] = graph.binary add %[[A]], %[[B]]
// SPLIT: %[[C:.*]] = graph.conv %[[XH]], %[[WH]], %arg1 strides
// SPLIT: graph.binary add %[[C]], %[[AB]]
// ALL-LABEL: @pointwise
// ALL: graph.conv {{.*}}(tensor<1x3x5x5xbf16>, tensor<4x3x1x1xbf16>
func.func @pointwise(%x: tensor<1x3x5x5xf32>, %b: tensor<4xf32>) -> tensor<1x4x5x5xf32> {
  %w = graph.constant dense<0.3> : tensor<4x3x1x1xf32>
  %0 = graph.conv %x, %w, %b strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
    : (tensor<1x3x5x5xf32>, tensor<4x3x1x1xf32>, tensor<4xf32>) -> tensor<1x4x5x5xf32>
  return %0 : tensor<1x4x5x5xf32>
}

// Weights that bf16 holds exactly have no low part.
// SPLIT-LABEL: @exact_weights
// SPLIT-COUNT-2: graph.matmul
// SPLIT-NOT: graph.matmul
// SPLIT: return
func.func @exact_weights(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = graph.constant dense<0.5> : tensor<8x8xf32>
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// Few columns by few weights cost the array next to nothing in f32, where there are f32 products.
// CHECK-LABEL: @few_columns
// CHECK-NOT: bf16
// CHECK: return
// SPLIT-LABEL: @few_columns
// SPLIT: graph.matmul {{.*}}(tensor<2x64xbf16>, tensor<64x4xbf16>) -> tensor<2x4xf32>
func.func @few_columns(%x: tensor<2x64xf32>) -> tensor<2x4xf32> {
  %w = graph.constant dense<0.3> : tensor<64x4xf32>
  %0 = graph.matmul %x, %w : (tensor<2x64xf32>, tensor<64x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// Two activations, and long sums over many columns or many weights, are demoted as always.
// CHECK-LABEL: @others
// CHECK: graph.matmul {{.*}}(tensor<4x8xbf16>, tensor<8x4xbf16>) -> tensor<4x4xf32>
// CHECK: graph.matmul {{.*}}(tensor<9x64xbf16>, tensor<64x4xbf16>) -> tensor<9x4xf32>
// CHECK: graph.matmul {{.*}}(tensor<1x1024xbf16>, tensor<1024x1024xbf16>) -> tensor<1x1024xf32>
func.func @others(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<9x64xf32>, %d: tensor<1x1024xf32>)
    -> (tensor<4x4xf32>, tensor<9x4xf32>, tensor<1x1024xf32>) {
  %0 = graph.matmul %a, %b : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %w = graph.constant dense<0.3> : tensor<64x4xf32>
  %1 = graph.matmul %c, %w : (tensor<9x64xf32>, tensor<64x4xf32>) -> tensor<9x4xf32>
  %v = graph.constant dense<0.3> : tensor<1024x1024xf32>
  %2 = graph.matmul %d, %v : (tensor<1x1024xf32>, tensor<1024x1024xf32>) -> tensor<1x1024xf32>
  return %0, %1, %2 : tensor<4x4xf32>, tensor<9x4xf32>, tensor<1x1024xf32>
}

// RUN: ncc-opt %s --pass-pipeline='builtin.module(ncc-graph-to-tile{target=trn1})' | FileCheck %s
// RUN: not ncc-opt %s --pass-pipeline='builtin.module(ncc-graph-to-tile{target=none})' 2>&1 | FileCheck %s --check-prefix=BAD

// K = 200 is two steps of one accumulation; the activation reads the accumulator.
// BAD: unknown target 'none'
// CHECK: tile.program @core0
// CHECK: %[[X:.*]] = tile.input {index = 0
// CHECK: %[[A:.*]] = tile.matmul
// CHECK: %[[B:.*]] = tile.matmul {{.*}}%[[A]] {accumulate{{.*}}tied
// CHECK: tile.copy %[[B]]
// CHECK: tile.output
func.func @main(%x: tensor<4x200xf32>, %w: tensor<200x16xf32>) -> tensor<4x16xf32> {
  %0 = graph.matmul %x, %w : (tensor<4x200xf32>, tensor<200x16xf32>) -> tensor<4x16xf32>
  return %0 : tensor<4x16xf32>
}

// RUN: ncc-opt %S/../memory/allocate-tiles.mlir --ncc-allocate-tiles --ncc-assign-semaphores | FileCheck %s
// RUN: ncc-opt %S/../memory/allocate-tiles.mlir --ncc-allocate-tiles --ncc-assign-semaphores --ncc-verify-core --ncc-verify-sync

// The first product waits for the load of its operand; the second need not. Each evacuation waits for its product,
// the store for the last evacuation only.
// CHECK: run {
// CHECK: core.dma_copy dma {{.*}} signal(5, 1)
// CHECK: core.matmul {{.*}} wait(5, 1) signal(0, 1)
// CHECK: core.matmul {{.*}}movingZero = 0 signal(0, 1)
// CHECK: core.activate {{.*}}wait(0, 1){{$}}
// CHECK: core.activate {{.*}}wait(0, 2) signal(2, 1)
// CHECK: core.dma_copy dma(8) {{.*}} wait(2, 1){{$}}

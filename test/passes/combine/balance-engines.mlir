// RUN: ncc-opt %s --pass-pipeline='builtin.module(tile.program(ncc-balance-engines))' | FileCheck %s

// The reduction keeps the vector engine busy, so the scalar engine takes the next two, the vector engine the third.
// CHECK: tile.reduce
// CHECK: tile.copy {{.*}}engine = "scalar"
// CHECK: tile.tensor_scalar {{.*}}engine = "scalar"
// CHECK: tile.tensor_scalar {{.*}}engine = "vector"
tile.program @core0 attributes {core = 0 : i64} {
  %in = tile.input {index = 0 : i64} : !tile.dram<8192, f32>
  %a = tile.dma %in {aps = [#tile.ap<0 + 0, 0, [1], [8192]>]} : (!tile.dram<8192, f32>) -> !tile.sbuf<4, 2048, f32>
  %b = tile.reduce %a {aps = [#tile.ap<0 + 4, 0, [1], [2048]>], op = "max", reduce_dims = 1 : i64} : (!tile.sbuf<4, 2048, f32>) -> !tile.sbuf<4, 1, f32>
  %c = tile.copy %a {aps = [#tile.ap<0 + 4, 0, [1], [2048]>]} : (!tile.sbuf<4, 2048, f32>) -> !tile.sbuf<4, 2048, bf16>
  %d = tile.tensor_scalar %a, %b {aps = [#tile.ap<0 + 4, 0, [1], [2048]>, #tile.ap<0 + 4, 0, [1], [1]>], op0 = "sub", tile0} : (!tile.sbuf<4, 2048, f32>, !tile.sbuf<4, 1, f32>) -> !tile.sbuf<4, 2048, f32>
  %f = tile.tensor_scalar %d {aps = [#tile.ap<0 + 4, 0, [1], [2048]>], op0 = "max"} : (!tile.sbuf<4, 2048, f32>) -> !tile.sbuf<4, 2048, f32>
  %e = tile.dma %f {aps = [#tile.ap<0 + 4, 0, [1], [2048]>]} : (!tile.sbuf<4, 2048, f32>) -> !tile.dram<8192, f32>
  tile.output %e {index = 0 : i64} : !tile.dram<8192, f32>
}

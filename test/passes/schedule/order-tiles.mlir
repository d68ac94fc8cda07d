// RUN: ncc-opt %s --ncc-order-tiles | FileCheck %s

// The second tile's load waits for nothing, so it moves ahead of the first tile's store on their common queue.
// CHECK: tile.dma {{.*}}<0 + 0, 0, [1], [8192]>
// CHECK: tile.dma {{.*}}<0 + 0, 8192, [1], [8192]>
// CHECK: tile.dma {{.*}} -> !tile.dram<8192, f32>
// CHECK: tile.dma {{.*}} -> !tile.dram<8192, f32>
tile.program @core0 attributes {core = 0 : i64} {
  %x = tile.input {index = 0 : i64} : !tile.dram<16384, f32>
  %a = tile.dma %x {aps = [#tile.ap<0 + 0, 0, [1], [8192]>]} : (!tile.dram<16384, f32>) -> !tile.sbuf<128, 64, f32>
  %b = tile.activate %a {aps = [#tile.ap<0 + 128, 0, [1], [64]>], func = "exp"} : (!tile.sbuf<128, 64, f32>) -> !tile.sbuf<128, 64, f32>
  %c = tile.dma %b {aps = [#tile.ap<0 + 128, 0, [1], [64]>]} : (!tile.sbuf<128, 64, f32>) -> !tile.dram<8192, f32>
  %d = tile.dma %x {aps = [#tile.ap<0 + 0, 8192, [1], [8192]>]} : (!tile.dram<16384, f32>) -> !tile.sbuf<128, 64, f32>
  %e = tile.activate %d {aps = [#tile.ap<0 + 128, 0, [1], [64]>], func = "exp"} : (!tile.sbuf<128, 64, f32>) -> !tile.sbuf<128, 64, f32>
  %f = tile.dma %e {aps = [#tile.ap<0 + 128, 0, [1], [64]>]} : (!tile.sbuf<128, 64, f32>) -> !tile.dram<8192, f32>
  tile.output %c {index = 0 : i64} : !tile.dram<8192, f32>
  tile.output %f {index = 1 : i64} : !tile.dram<8192, f32>
}

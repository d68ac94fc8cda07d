// RUN: ncc-opt %s --pass-pipeline='builtin.module(ncc-allocate-tiles{target=inf1})' | FileCheck %s

// Three tiles of 40 KiB do not fit 96 KiB: the one loaded from the input is dropped and loaded again, not stored.
// CHECK: page_ins = 1 : i64, page_outs = 0 : i64
// CHECK: core.dma_copy dma dst = sbuf(0 + 128, [[A:[0-9]+]], f32, [1 : 10240]), src = dram([[IN:[0-9]+]], 0, f32,
// CHECK-COUNT-2: core.activate
// CHECK: core.dma_copy dma dst = sbuf(0 + 128, {{[0-9]+}}, f32, [1 : 10240]), src = dram([[IN]], 0, f32,
tile.program @core0 attributes {core = 0 : i64} {
  %x = tile.input {index = 0 : i64} : !tile.dram<1310720, f32>
  %a = tile.dma %x {aps = [#tile.ap<0 + 0, 0, [1], [1310720]>]} : (!tile.dram<1310720, f32>) -> !tile.sbuf<128, 10240, f32>
  %b = tile.activate %a {aps = [#tile.ap<0 + 128, 0, [1], [10240]>], func = "exp"} : (!tile.sbuf<128, 10240, f32>) -> !tile.sbuf<128, 10240, f32>
  %c = tile.activate %b {aps = [#tile.ap<0 + 128, 0, [1], [10240]>], func = "exp"} : (!tile.sbuf<128, 10240, f32>) -> !tile.sbuf<128, 10240, f32>
  %d = tile.activate %a, %c {aps = [#tile.ap<0 + 128, 0, [1], [10240]>], func = "relu", tied} : (!tile.sbuf<128, 10240, f32>, !tile.sbuf<128, 10240, f32>) -> !tile.sbuf<128, 10240, f32>
  %y = tile.dma %d {aps = [#tile.ap<0 + 128, 0, [1], [10240]>]} : (!tile.sbuf<128, 10240, f32>) -> !tile.dram<1310720, f32>
  tile.output %y {index = 0 : i64} : !tile.dram<1310720, f32>
}

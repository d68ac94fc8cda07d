// RUN: not ncc-opt %s --pass-pipeline='builtin.module(ncc-allocate-tiles{target=inf1})' 2>&1 | FileCheck %s

// CHECK: error: needs tiles of more than the {{[0-9]+}} bytes a partition of the scratchpad of inf1 has
// CHECK: note: compile for a device with a larger scratchpad
tile.program @core0 attributes {core = 0 : i64} {
  %x = tile.input {index = 0 : i64} : !tile.dram<3840000, f32>
  %a = tile.dma %x {aps = [#tile.ap<0 + 0, 0, [1], [3840000]>]} : (!tile.dram<3840000, f32>) -> !tile.sbuf<128, 30000, f32>
  %y = tile.dma %a {aps = [#tile.ap<0 + 128, 0, [1], [30000]>]} : (!tile.sbuf<128, 30000, f32>) -> !tile.dram<3840000, f32>
  tile.output %y {index = 0 : i64} : !tile.dram<3840000, f32>
}

// RUN: ncc-opt %s --ncc-verify-sync --split-input-file --verify-diagnostics

core.program @race attributes {core = 0 : i64} tables {
  core.buffer "input" 256 x "f32"
} init {
} run {
  core.dma_copy dma dst = sbuf(0 + 1, 0, f32, [1 : 64]), src = dram(0, 0, f32, [1 : 64]), round = 0, saturate = 0
  // expected-error @+1 {{touches memory that instruction 0 of the program touches, without waiting for it (SBUF bytes 0..256)}}
  core.tensor_copy vector dst = sbuf(0 + 1, 256, f32, [1 : 64]), src = sbuf(0 + 1, 0, f32, [1 : 64]), round = 0, saturate = 0
}

// -----

core.program @ordered attributes {core = 0 : i64} tables {
  core.buffer "input" 256 x "f32"
} init {
} run {
  core.dma_copy dma dst = sbuf(0 + 1, 0, f32, [1 : 64]), src = dram(0, 0, f32, [1 : 64]), round = 0, saturate = 0 signal(5, 1)
  core.tensor_copy vector dst = sbuf(0 + 1, 256, f32, [1 : 64]), src = sbuf(0 + 1, 0, f32, [1 : 64]), round = 0, saturate = 0 wait(5, 1) signal(1, 1)
  // Knows of the load through the copy.
  core.memset gpsimd dst = sbuf(0 + 1, 0, f32, [1 : 64]), value = 0.0 wait(1, 1)
}

// -----

core.program @forever attributes {core = 0 : i64} tables {
} init {
} run {
  // expected-error @+1 {{waits for ever: semaphore 0 does not reach 1 before it}}
  core.memset vector dst = sbuf(0 + 1, 0, f32, [1 : 64]), value = 0.0 wait(0, 1)
}

// -----

core.program @shared attributes {core = 0 : i64} tables {
} init {
} run {
  core.memset vector dst = sbuf(0 + 1, 0, f32, [1 : 64]), value = 0.0 signal(1, 1)
  // expected-error @+1 {{signals a semaphore that belongs to another stream}}
  core.memset gpsimd dst = sbuf(0 + 1, 512, f32, [1 : 64]), value = 0.0 signal(1, 1)
}

// -----

// expected-error @+1 {{the cores wait for each other in a circle of channels}}
module {
  core.program @a attributes {core = 0 : i64} tables {
    core.buffer "scratch" 256 x "u8"
  } init {
  } run {
    core.recv dma dst = dram(0, 0, f32, [1 : 64]), channel = 0, slotOffset = 0
    core.send dma src = dram(0, 0, f32, [1 : 64]), channel = 1, slotOffset = 0
  }
  core.program @b attributes {core = 1 : i64} tables {
    core.buffer "scratch" 256 x "u8"
  } init {
  } run {
    core.recv dma dst = dram(0, 0, f32, [1 : 64]), channel = 1, slotOffset = 0
    core.send dma src = dram(0, 0, f32, [1 : 64]), channel = 0, slotOffset = 0
  }
}

// -----

core.program @short attributes {core = 0 : i64} tables {
  core.buffer "scratch" 256 x "u8"
} init {
} run {
  // expected-error @+1 {{channel 3 is sent 256 bytes but 0 are received}}
  core.send dma src = dram(0, 0, f32, [1 : 64]), channel = 3, slotOffset = 0
}

// RUN: ncc-opt %s --split-input-file --verify-diagnostics

// One case per clause of the tile verifiers.

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{reads a stationary and a moving tile}}
  %p = tile.matmul %x {aps = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.psum<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{accumulates in PSUM only}}
  %p = tile.matmul %x, %x {aps = [#tile.ap<0 + 4, 0, [1], [8]>, #tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>, !tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{writes PSUM only}}
  %p = tile.transpose %x {aps = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<8, 4, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{has 1 reads but 0 access patterns}}
  %p = tile.copy %x {aps = []} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{read 0 has 2 strides but 1 sizes}}
  %p = tile.copy %x {aps = [#tile.ap<0 + 4, 0, [1, 1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{read 0 has an empty dimension}}
  %p = tile.copy %x {aps = [#tile.ap<0 + 4, 0, [1], [0]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{read 0 reaches elements 4..11 of a tile of 8}}
  %p = tile.copy %x {aps = [#tile.ap<0 + 4, 4, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{read 0 leaves the tile's 4 partitions}}
  %p = tile.copy %x {aps = [#tile.ap<1 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{is tied but has no operand}}
  %p = tile.memset {aps = [], tied} : () -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{updates a tile of another type than its result}}
  %p = tile.copy %x, %x {aps = [#tile.ap<0 + 4, 0, [1], [8]>], tied} : (!tile.sbuf<4, 8, f32>, !tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 9, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{updates a tile that has other uses}}
  %p = tile.copy %x, %x {aps = [#tile.ap<0 + 4, 0, [1], [8]>], tied} : (!tile.sbuf<4, 8, f32>, !tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
  %q = tile.copy %x {aps = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{writes a region but has no tied destination}}
  %p = tile.copy %x {aps = [#tile.ap<0 + 4, 0, [1], [8]>], dst_ap = #tile.ap<0 + 4, 0, [1], [8]>} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{destination reaches elements 4..11 of a tile of 8}}
  %p = tile.memset %x {aps = [], tied, dst_ap = #tile.ap<0 + 4, 4, [1], [8]>} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{has 1 parts but 0 places}}
  %p = tile.join %x {places = []} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{place 0 reaches elements 4..11 of a tile of 8}}
  %p = tile.join %x {places = [#tile.ap<0 + 4, 4, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{part 0 does not fill its place}}
  %p = tile.join %x {places = [#tile.ap<0 + 4, 0, [1], [4]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{part 0 has another element type than the result}}
  %p = tile.join %x {places = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, bf16>
}

// -----

tile.program @p attributes {core = 0 : i64} {
  %x = tile.memset {aps = []} : () -> !tile.sbuf<4, 8, f32>
  // expected-error @+1 {{part 0 lies in another memory than the result}}
  %p = tile.join %x {places = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.psum<4, 8, f32>
}

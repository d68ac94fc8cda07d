// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The table of CPU kernels, one per instruction-set level. The same sources are compiled per level with that
// level's flags; nothing outside of those files may assume more than the baseline CPU.
#pragma once

#include "runtime/host/Host.h"
#include "runtime/isa/Instruction.h"

#include <cstdint>

namespace ncc::host {

/// One operand pair of a chain of matmuls that add to the same result.
struct ChainItem {
  const uint8_t *stationary; // packed
  const uint8_t *moving;     // packed
  int32_t k;
};

/// A matmul in a packed layout of its own. Packing takes `k` rows of contiguous elements, `pitch` bytes apart.
struct MatmulKernel {
  const char *name;
  DType element;   // what operands are converted to: F32, BF16 or I8 (stationary s8, moving u8)
  int kStep;       // k is padded to a multiple of this, with zeros
  int mStep, nStep;
  int elementBytes;
  /// `type` is the operand's own type; the kernel converts.
  void (*packStationary)(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, DType type);
  void (*packMoving)(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int n, DType type);
  /// c[m][n] (rows `pitch` bytes apart, 4-byte elements) = or += the sum of the chain.
  void (*run)(const ChainItem *items, int count, int m, int n, uint8_t *c, int64_t pitch, bool accumulate);

  int64_t stationaryBytes(int64_t k, int64_t m) const { return padded(k, kStep) * padded(m, mStep) * elementBytes; }
  int64_t movingBytes(int64_t k, int64_t n) const { return padded(k, kStep) * padded(n, nStep) * elementBytes; }
  static int64_t padded(int64_t value, int64_t step) { return (value + step - 1) / step * step; }
};

/// Rows of n floats to compare, each with a number of its own, and where the bytes go.
struct ByteRows {
  uint8_t *to = nullptr;
  int64_t pitch = 0; // of `to`
  const uint8_t *from = nullptr;
  int64_t fromPitch = 0;
  const float *limits = nullptr;
  int64_t count = 0;
};

/// A node of a perfect tree that asks whether a row's rank is at most its limit; its children are 2i + 1 (no) and 2i + 2 (yes).
struct RankNode {
  int16_t limit; // -1: never
  uint16_t row;
};
inline constexpr int kDeepestTree = 12;
inline constexpr int16_t kRankOfNan = 32767; // above all limits

/// Rows of fp32 values: everything vector-like is load, compute, store over these.
struct VectorKernels {
  /// Converts n elements, `stride` bytes apart.
  void (*load)(float *to, const uint8_t *from, int64_t stride, int64_t n, DType type);
  void (*store)(uint8_t *to, const float *from, int64_t stride, int64_t n, DType type, bool round, bool saturate);
  void (*scaleBias)(float *x, float scale, float bias, int64_t n);
  /// False if the function has no vector form here.
  bool (*activate)(isa::ActFunc func, float *x, float alpha, float beta, int64_t n);
  bool (*binary)(isa::AluOp op, float *to, const float *a, const float *b, int64_t n);
  /// to = op(a, s), or op(s, a) when reversed.
  bool (*scalar)(isa::AluOp op, float *to, const float *a, float s, bool reverse, int64_t n);
  float (*sum)(const float *x, int64_t n);
  float (*reduce)(isa::AluOp op, const float *x, int64_t n); // add, max, min, mul
  /// Row by row to = (a op limit) + add, for the operations that compare; false for others.
  bool (*compareBytes)(isa::AluOp op, const ByteRows &rows, uint8_t add, int64_t n);
  void (*selectBytes)(uint8_t *to, const uint8_t *pred, const uint8_t *a, const uint8_t *b, int64_t n);
  /// How many of the sorted limits are less than each x; `size`, one less than a power of two, counts NaN behind them.
  void (*rankRow)(int16_t *to, const float *x, int64_t n, const float *limits, int64_t size);
  /// The leaves that one block of `rankRows` columns takes; ranks[row][rankRows].
  void (*rankedLeaves)(int16_t *to, const RankNode *nodes, int depth, const int16_t *ranks);
  int64_t rankLanes, rankRows;
};

struct Kernels {
  CpuLevel level;
  MatmulKernel f32;
  MatmulKernel bf16;
  MatmulKernel int8;
  VectorKernels vector;
};

const Kernels &kernelsFor(CpuLevel level);

// Per-level tables (defined where the compiler can target the level).
VectorKernels portableVectorKernels();
VectorKernels avx2VectorKernels();
VectorKernels avx512VectorKernels();
MatmulKernel portableF32Matmul();
MatmulKernel avx2F32Matmul();
MatmulKernel avx512F32Matmul();
MatmulKernel portableInt8Matmul();
MatmulKernel avx2Int8Matmul();
MatmulKernel avx512Int8Matmul();
MatmulKernel avx512Bf16Matmul();
MatmulKernel vnniInt8Matmul();
MatmulKernel amxBf16Matmul();
MatmulKernel amxInt8Matmul();

} // namespace ncc::host

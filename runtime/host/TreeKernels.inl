// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Decision trees over numbers in the order of thresholds ("ranks"), 16 bits each, so that a vector holds as many rows as
// possible; included by VectorKernels.inl. All nodes are compared: a row's leaf is the binary number of its decisions, the upper
// ones chosen between by the lower ones' results, in registers.

#if defined(__AVX512BW__)
constexpr int kRankBytes = 64;
#elif defined(__AVX2__)
constexpr int kRankBytes = 32;
#else
constexpr int kRankBytes = 16;
#endif
typedef int16_t Ranks __attribute__((vector_size(kRankBytes)));
constexpr int kRankLanes = kRankBytes / 2;
constexpr int kRankVectors = 4; // of one block: what a node costs beside its comparisons is shared
constexpr int64_t kRankRows = kRankLanes * kRankVectors;

struct RankBlock {
  Ranks part[kRankVectors];
};

template <int kHeight>
static void leavesBelow(const RankNode *nodes, int64_t at, const int16_t *ranks, RankBlock &to);

/// kHeight: levels below the node. Small trees are unrolled where they are wanted.
template <int kHeight>
__attribute__((always_inline)) inline void leavesOf(const RankNode *nodes, int64_t at, const int16_t *ranks, RankBlock &to) {
  const int16_t *row = ranks + nodes[at].row * kRankRows;
  const Ranks limit = Ranks{} + nodes[at].limit;
  RankBlock no, yes;
  if constexpr (kHeight > 0 && kHeight % 3 == 0) {
    leavesBelow<kHeight - 1>(nodes, 2 * at + 1, ranks, no);
    leavesBelow<kHeight - 1>(nodes, 2 * at + 2, ranks, yes);
  } else if constexpr (kHeight > 0) {
    leavesOf<kHeight - 1>(nodes, 2 * at + 1, ranks, no);
    leavesOf<kHeight - 1>(nodes, 2 * at + 2, ranks, yes);
  }
  const Ranks bit = Ranks{} + static_cast<int16_t>(1 << kHeight);
  for (int v = 0; v < kRankVectors; ++v) {
    Ranks x;
    __builtin_memcpy(&x, row + v * kRankLanes, kRankBytes);
    if constexpr (kHeight > 0) {
      to.part[v] = x <= limit ? yes.part[v] | bit : no.part[v];
    } else {
      to.part[v] = (x <= limit) & bit;
    }
  }
}

template <int kHeight>
__attribute__((noinline)) static void leavesBelow(const RankNode *nodes, int64_t at, const int16_t *ranks, RankBlock &to) {
  leavesOf<kHeight>(nodes, at, ranks, to);
}

static void rankedLeaves(int16_t *to, const RankNode *nodes, int depth, const int16_t *ranks) {
  using Leaves = void (*)(const RankNode *, int64_t, const int16_t *, RankBlock &);
  static constexpr Leaves kByDepth[kDeepestTree] = {leavesBelow<0>, leavesBelow<1>, leavesBelow<2>, leavesBelow<3>, leavesBelow<4>,  leavesBelow<5>,
                                                    leavesBelow<6>, leavesBelow<7>, leavesBelow<8>, leavesBelow<9>, leavesBelow<10>, leavesBelow<11>};
  RankBlock block;
  kByDepth[depth - 1](nodes, 0, ranks, block);
  __builtin_memcpy(to, &block, sizeof(block));
}

/// Binary search without branches, several rows at a time.
static void rankRow(int16_t *to, const float *x, int64_t n, const float *limits, int64_t size) {
  constexpr int64_t kTogether = 32;
  for (int64_t first = 0; first < n; first += kTogether) {
    float value[kTogether];
    int32_t below[kTogether];
    for (int64_t j = 0; j < kTogether; ++j) {
      value[j] = x[first + j < n ? first + j : n - 1];
      below[j] = 0;
    }
    for (int64_t half = (size + 1) / 2; half > 0; half /= 2) {
      const float *middle = limits + half - 1;
      NCC_LOOP
      for (int64_t j = 0; j < kTogether; ++j) {
        below[j] += middle[below[j]] < value[j] ? static_cast<int32_t>(half) : 0;
      }
    }
    const int64_t count = n - first < kTogether ? n - first : kTogether;
    for (int64_t j = 0; j < count; ++j) {
      to[first + j] = static_cast<int16_t>(value[j] != value[j] ? kRankOfNan : below[j]);
    }
  }
}

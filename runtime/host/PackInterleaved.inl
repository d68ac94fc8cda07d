// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Packing for kernels that multiply pairs of bf16 or quads of bytes: rows k, k+1 (..k+3) of one column become one
// 32-bit word. `block` columns lie together: [width/block][groups][block] words. Needs AVX-512 BW.

/// Words of one group of rows: out[column] for `width` columns, rounded up to 16 with zeros.
static inline void interleavePairs(uint32_t *out, const uint8_t *r0, const uint8_t *r1, int width) {
  const __m512i low = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6, 37, 5, 36, 4, 35, 3,
                                       34, 2, 33, 1, 32, 0);
  const __m512i high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  for (int c = 0; c < width; c += 32) {
    const int left = width - c;
    const __mmask32 mask = left >= 32 ? 0xffffffffu : (1u << left) - 1;
    __m512i a = _mm512_maskz_loadu_epi16(mask, r0 + 2 * c);
    __m512i b = r1 ? _mm512_maskz_loadu_epi16(mask, r1 + 2 * c) : _mm512_setzero_si512();
    _mm512_storeu_si512(out + c, _mm512_permutex2var_epi16(a, low, b));
    if (left > 16) {
      _mm512_storeu_si512(out + c + 16, _mm512_permutex2var_epi16(a, high, b));
    }
  }
}

static inline void interleaveQuads(uint32_t *out, const uint8_t *const rows[4], int width, uint8_t flip) {
  const __m128i mask = _mm_set1_epi8(static_cast<char>(flip));
  for (int c = 0; c < width; c += 16) {
    const int left = width - c;
    const __mmask16 lanes = left >= 16 ? 0xffffu : static_cast<__mmask16>((1u << left) - 1);
    __m128i r[4];
    for (int i = 0; i < 4; ++i) {
      // A row beyond k contributes zero on the signed side, whatever the unsigned side holds.
      r[i] = rows[i] ? _mm_xor_si128(_mm_maskz_loadu_epi8(lanes, rows[i] + c), mask) : _mm_setzero_si128();
    }
    __m128i a = _mm_unpacklo_epi8(r[0], r[1]), b = _mm_unpackhi_epi8(r[0], r[1]);
    __m128i d = _mm_unpacklo_epi8(r[2], r[3]), e = _mm_unpackhi_epi8(r[2], r[3]);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out + c), _mm_unpacklo_epi16(a, d));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out + c + 4), _mm_unpackhi_epi16(a, d));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out + c + 8), _mm_unpacklo_epi16(b, e));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out + c + 12), _mm_unpackhi_epi16(b, e));
  }
}

/// Calls put(group, words) for each group of rows; `perWord` rows make a group, `groups` counts padding too.
template <int PerWord, typename Put>
static void forEachGroup(const uint8_t *from, int64_t pitch, int k, int groups, int width, uint8_t flip, Put put) {
  alignas(64) uint32_t words[hw::kMostMovingFree + 64]; // a vector may be written behind the last column
  for (int g = 0; g < groups; ++g) {
    if (g * PerWord >= k) {
      __builtin_memset(words, 0, static_cast<size_t>(width + 15) / 16 * 64);
    } else if constexpr (PerWord == 2) {
      const uint8_t *r0 = from + 2 * g * pitch;
      interleavePairs(words, r0, 2 * g + 1 < k ? r0 + pitch : nullptr, width);
    } else {
      const uint8_t *rows[4];
      for (int i = 0; i < 4; ++i) {
        rows[i] = 4 * g + i < k ? from + (4 * g + i) * pitch : nullptr;
      }
      interleaveQuads(words, rows, width, flip);
    }
    put(g, words);
  }
}

/// [width/Block][groups][Block] words; columns beyond width are zero.
template <int PerWord, int Block>
static void packColumns(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int width, int groups, uint8_t flip) {
  auto *out = reinterpret_cast<uint32_t *>(to);
  forEachGroup<PerWord>(from, pitch, k, groups, width, flip, [&](int g, uint32_t *words) {
    for (int c = width; c % Block != 0; ++c) {
      words[c] = 0;
    }
    for (int c = 0; c < width; c += Block) {
      __builtin_memcpy(out + (static_cast<int64_t>(c / Block) * groups + g) * Block, words + c, Block * 4);
    }
  });
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Matmul over broadcast stationary elements and moving vectors, in the compiler's vector types: the same source
// for every level, NCC_LANES 4-byte lanes wide, NCC_MR x 2 accumulators. Packed stationary: [m/MR][k][MR]; moving: [n/2L][k][2L].

constexpr int kLanes = NCC_LANES, kMr = NCC_MR, kNr = 2 * NCC_LANES;

template <typename T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(4 * NCC_LANES), aligned(4)));
};
template <>
struct VectorOf<int32_t> {
  typedef int32_t type __attribute__((vector_size(4 * NCC_LANES), aligned(4)));
};

template <typename T>
static void packBlocks(T *to, const uint8_t *from, int64_t pitch, int k, int width, int block, DType type,
                       void (*load)(T *, const uint8_t *, int, DType)) {
  T row[1024];
  for (int r = 0; r < k; ++r) {
    for (int w0 = 0; w0 < width; w0 += 1024) {
      const int count = width - w0 < 1024 ? width - w0 : 1024;
      load(row, from + r * pitch + w0 * static_cast<int64_t>(dtypeSize(type)), count, type);
      for (int c = 0; c < count; c += block) {
        T *out = to + static_cast<int64_t>((w0 + c) / block) * k * block + r * block;
        const int n = count - c < block ? count - c : block;
        for (int j = 0; j < n; ++j) {
          out[j] = row[c + j];
        }
        for (int j = n; j < block; ++j) {
          out[j] = 0;
        }
      }
    }
  }
}

template <typename T, int Rows>
static void tile(const ChainItem *items, int count, int mBlock, int nBlock, T *c, int64_t pitch, bool accumulate) {
  typedef typename VectorOf<T>::type V;
  // The products of one instruction are summed apart and then added to the accumulator, as the array does: chains of
  // many instructions (taps, channel tiles) lose less than one long sum.
  for (int item = 0; item < count; ++item) {
    V acc[Rows][2] = {};
    const int k = items[item].k;
    const T *a = reinterpret_cast<const T *>(items[item].stationary) + static_cast<int64_t>(mBlock) * k * kMr;
    const T *b = reinterpret_cast<const T *>(items[item].moving) + static_cast<int64_t>(nBlock) * k * kNr;
    for (int r = 0; r < k; ++r, a += kMr, b += kNr) {
      const V b0 = *reinterpret_cast<const V *>(b), b1 = *reinterpret_cast<const V *>(b + kLanes);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        acc[i][0] += b0 * a[i];
        acc[i][1] += b1 * a[i];
      }
    }
    const bool add = accumulate || item > 0;
    for (int i = 0; i < Rows; ++i) {
      V *row = reinterpret_cast<V *>(reinterpret_cast<uint8_t *>(c) + i * pitch);
      row[0] = add ? row[0] + acc[i][0] : acc[i][0];
      row[1] = add ? row[1] + acc[i][1] : acc[i][1];
    }
  }
}

template <typename T>
static void runChain(const ChainItem *items, int count, int m, int n, uint8_t *c, int64_t pitch, bool accumulate) {
  for (int n0 = 0; n0 < n; n0 += kNr) {
    for (int m0 = 0; m0 < m; m0 += kMr) {
      uint8_t *at = c + m0 * pitch + n0 * 4;
      if (m - m0 >= kMr && n - n0 >= kNr) {
        tile<T, kMr>(items, count, m0 / kMr, n0 / kNr, reinterpret_cast<T *>(at), pitch, accumulate);
        continue;
      }
      // An edge goes through a full tile beside, so that nothing outside of the result is touched.
      T edge[kMr][kNr];
      const int rows = m - m0 < kMr ? m - m0 : kMr, columns = n - n0 < kNr ? n - n0 : kNr;
      for (int i = 0; i < kMr; ++i) {
        for (int j = 0; j < kNr; ++j) {
          edge[i][j] = accumulate && i < rows && j < columns ? reinterpret_cast<const T *>(at + i * pitch)[j] : T(0);
        }
      }
      tile<T, kMr>(items, count, m0 / kMr, n0 / kNr, &edge[0][0], kNr * 4, true);
      for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
          reinterpret_cast<T *>(at + i * pitch)[j] = edge[i][j];
        }
      }
    }
  }
}

static VectorKernels conversions();

static void loadFloats(float *to, const uint8_t *from, int n, DType type) {
  static const VectorKernels kernels = conversions();
  kernels.load(to, from, static_cast<int64_t>(dtypeSize(type)), n, type);
}
// Both operands of the integer kernel are stored as the 8-bit kernels see them: stationary signed, moving unsigned.
static void loadStationaryBytes(int32_t *to, const uint8_t *from, int n, DType type) {
  for (int i = 0; i < n; ++i) {
    to[i] = type == DType::U8 ? static_cast<int32_t>(from[i]) - 128 : static_cast<int8_t>(from[i]);
  }
}
static void loadMovingBytes(int32_t *to, const uint8_t *from, int n, DType type) {
  for (int i = 0; i < n; ++i) {
    to[i] = type == DType::U8 ? from[i] : static_cast<int8_t>(from[i]) + 128;
  }
}

static void packStationaryF32(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, DType type) {
  packBlocks(reinterpret_cast<float *>(to), from, pitch, k, m, kMr, type, loadFloats);
}
static void packMovingF32(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int n, DType type) {
  packBlocks(reinterpret_cast<float *>(to), from, pitch, k, n, kNr, type, loadFloats);
}
static void packStationaryI8(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, DType type) {
  packBlocks(reinterpret_cast<int32_t *>(to), from, pitch, k, m, kMr, type, loadStationaryBytes);
}
static void packMovingI8(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int n, DType type) {
  packBlocks(reinterpret_cast<int32_t *>(to), from, pitch, k, n, kNr, type, loadMovingBytes);
}

static MatmulKernel f32Table(const char *name) {
  return {name, DType::F32, 1, kMr, kNr, 4, packStationaryF32, packMovingF32, runChain<float>};
}
static MatmulKernel int8Table(const char *name) {
  return {name, DType::I8, 1, kMr, kNr, 4, packStationaryI8, packMovingI8, runChain<int32_t>};
}

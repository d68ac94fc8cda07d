// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The vector kernels as plain loops that the compiler vectorises; included once per level, inside a namespace of
// that level. Everything is branch-free per element. Error bounds against exact arithmetic, in units of the fp32
// result unless said otherwise: exp 2 ulp; sigmoid, tanh, silu, mish, gelu, gelu_tanh 4e-7 absolute for |result| <= 1
// (relative above); erf 3e-7 absolute; log 2 ulp away from 1; softplus 3e-7. Tests hold them to it.

#ifdef __clang__
#define NCC_LOOP _Pragma("clang loop vectorize(enable)")
#else
#define NCC_LOOP _Pragma("GCC ivdep")
#endif

inline float bitsToFloat(uint32_t bits) { return __builtin_bit_cast(float, bits); }
inline uint32_t floatToBits(float value) { return __builtin_bit_cast(uint32_t, value); }

inline float expFast(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -104.0f ? -104.0f : c; // NaN stays NaN
  const float magic = 12582912.0f; // adding it rounds to an integer in the low bits
  float shifted = c * 1.44269504f + magic;
  float n = shifted - magic;
  float r = c - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + (r + 1.0f);
  // 2^n in two factors, so that results near the ends neither overflow nor flush early.
  int32_t e = static_cast<int32_t>(floatToBits(shifted) - floatToBits(magic));
  int32_t half = e >> 1;
  return p * bitsToFloat(static_cast<uint32_t>(half + 127) << 23) * bitsToFloat(static_cast<uint32_t>(e - half + 127) << 23);
}

inline float logFast(float x) {
  // x = m * 2^e with m in [sqrt(1/2), sqrt(2)); subnormals are scaled up first.
  bool tiny = x < 1.17549435e-38f;
  float s = tiny ? x * 8388608.0f : x;
  uint32_t bits = floatToBits(s);
  uint32_t shifted = bits - 0x3f3504f3u;
  int32_t e = static_cast<int32_t>(shifted) >> 23;
  float m = bitsToFloat((shifted & 0x007fffffu) + 0x3f3504f3u);
  float exponent = static_cast<float>(e) - (tiny ? 23.0f : 0.0f);
  float f = m - 1.0f;
  float z = f * f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  float y = f * z * p + exponent * -2.12194440e-4f - 0.5f * z;
  float result = f + y + exponent * 0.693359375f;
  const float infinity = __builtin_inff();
  result = x == infinity ? infinity : result;
  result = x == 0.0f ? -infinity : result;
  return x >= 0.0f ? result : __builtin_nanf(""); // also for NaN
}

inline float sigmoidFast(float x) {
  float e = expFast(-__builtin_fabsf(x)); // in (0, 1]: no overflow
  float positive = 1.0f / (1.0f + e);
  return x >= 0.0f ? positive : e * positive;
}

inline float tanhFast(float x) {
  float a = __builtin_fabsf(x);
  float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float small = p * z * x + x;
  float e = expFast(-2.0f * a);
  float big = 1.0f - 2.0f * e / (1.0f + e); // exact to the last bit near 1, where inverses look closely
  big = x < 0.0f ? -big : big;
  return a < 0.625f ? small : big; // NaN takes the second
}

/// erfc(z) for z >= 0, relative accuracy: t * exp(-z^2 + P(t)), t = 1 / (1 + z/2).
inline float erfcPositive(float z) {
  float t = 1.0f / (1.0f + 0.5f * z);
  float p = 0.17087277f;
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  p = p * t - 1.26551223f;
  return t * expFast(p - z * z);
}

inline float erfFast(float x) {
  float a = __builtin_fabsf(x);
  float z = x * x;
  float p = 1.0f / 9360.0f;
  p = p * z - 1.0f / 1320.0f;
  p = p * z + 1.0f / 216.0f;
  p = p * z - 1.0f / 42.0f;
  p = p * z + 0.1f;
  p = p * z - 1.0f / 3.0f;
  p = p * z + 1.0f;
  float small = 1.12837917f * x * p;
  float big = 1.0f - erfcPositive(a);
  big = x < 0.0f ? -big : big;
  return a < 0.5f ? small : big;
}

inline float geluFast(float x) {
  float half = 0.5f * erfcPositive(__builtin_fabsf(x) * 0.70710678f);
  return x * (x >= 0.0f ? 1.0f - half : half);
}

inline float expm1Fast(float x) {
  float p = 1.0f / 720.0f;
  p = p * x + 1.0f / 120.0f;
  p = p * x + 1.0f / 24.0f;
  p = p * x + 1.0f / 6.0f;
  p = p * x + 0.5f;
  float small = p * (x * x) + x;
  return __builtin_fabsf(x) < 0.25f ? small : expFast(x) - 1.0f;
}

inline float softplusFast(float x) {
  float positive = x > 0.0f ? x : 0.0f;
  float e = expFast(-__builtin_fabsf(x));
  // log1p: for small e the series is exact enough and keeps the relative accuracy.
  float series = e * (1.0f - e * (0.5f - e * (1.0f / 3.0f - 0.25f * e)));
  return x != x ? x : positive + (e < 0.02f ? series : logFast(1.0f + e));
}

inline float mishFast(float x) {
  float c = x > 20.0f ? 20.0f : x;
  float e = expFast(c); // 0 from -104 on
  float q = e * (e + 2.0f);
  float y = x * (q / (q + 2.0f));
  return x > 20.0f ? x : y;
}

template <typename Fn>
inline void mapRow(float *x, int64_t n, Fn fn) {
  NCC_LOOP
  for (int64_t i = 0; i < n; ++i) {
    x[i] = fn(x[i]);
  }
}

inline float clampTo(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

static bool activateSimple(isa::ActFunc func, float *x, float alpha, float beta, int64_t n) {
  using isa::ActFunc;
  switch (func) {
  case ActFunc::copy:
    return true;
  case ActFunc::abs:
    return mapRow(x, n, [](float v) { return __builtin_fabsf(v); }), true;
  case ActFunc::neg:
    return mapRow(x, n, [](float v) { return -v; }), true;
  case ActFunc::square:
    return mapRow(x, n, [](float v) { return v * v; }), true;
  case ActFunc::sqrt:
    return mapRow(x, n, [](float v) { return __builtin_sqrtf(v); }), true;
  case ActFunc::rsqrt:
    return mapRow(x, n, [](float v) { return 1.0f / __builtin_sqrtf(v); }), true;
  case ActFunc::reciprocal:
    return mapRow(x, n, [](float v) { return 1.0f / v; }), true;
  case ActFunc::relu:
    return mapRow(x, n, [](float v) { return v <= 0.0f ? 0.0f : v; }), true;
  case ActFunc::leaky_relu:
    return mapRow(x, n, [=](float v) { return v < 0.0f ? alpha * v : v; }), true;
  case ActFunc::hard_sigmoid:
    return mapRow(x, n, [=](float v) { return clampTo(alpha * v + beta, 0.0f, 1.0f); }), true;
  case ActFunc::hard_swish:
    return mapRow(x, n, [](float v) { return v * (v < -3.0f ? 0.0f : clampTo(v * (1.0f / 6.0f) + 0.5f, 0.0f, 1.0f)); }), true;
  case ActFunc::thresholded_relu:
    return mapRow(x, n, [=](float v) { return v > alpha ? v : 0.0f; }), true;
  case ActFunc::sign:
    return mapRow(x, n, [](float v) { return v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v; }), true;
  case ActFunc::logical_not:
    return mapRow(x, n, [](float v) { return v == 0.0f ? 1.0f : 0.0f; }), true;
  case ActFunc::is_nan:
    return mapRow(x, n, [](float v) { return v != v ? 1.0f : 0.0f; }), true;
  default:
    return false;
  }
}

static bool activate(isa::ActFunc func, float *x, float alpha, float beta, int64_t n) {
  using isa::ActFunc;
  switch (func) {
  case ActFunc::exp:
    return mapRow(x, n, expFast), true;
  case ActFunc::log:
    return mapRow(x, n, logFast), true;
  case ActFunc::sigmoid:
    return mapRow(x, n, sigmoidFast), true;
  case ActFunc::tanh:
    return mapRow(x, n, tanhFast), true;
  case ActFunc::erf:
    return mapRow(x, n, erfFast), true;
  case ActFunc::gelu:
    return mapRow(x, n, geluFast), true;
  case ActFunc::gelu_tanh:
    // 0.5 (1 + tanh(u)) = sigmoid(2u)
    return mapRow(x, n, [](float v) {
             return v * sigmoidFast(1.5957691216f * (v + 0.044715f * v * v * v));
           }), true;
  case ActFunc::silu:
    return mapRow(x, n, [](float v) { return v * sigmoidFast(v); }), true;
  case ActFunc::softplus:
    return mapRow(x, n, softplusFast), true;
  case ActFunc::mish:
    return mapRow(x, n, mishFast), true;
  case ActFunc::elu:
    return mapRow(x, n, [=](float v) { return v < 0.0f ? alpha * expm1Fast(v) : v; }), true;
  case ActFunc::selu:
    return mapRow(x, n, [=](float v) { return beta * (v <= 0.0f ? alpha * expm1Fast(v) : v); }), true;
  default:
    return activateSimple(func, x, alpha, beta, n);
  }
}

template <typename Fn>
inline void zipRow(float *to, const float *a, const float *b, int64_t n, Fn fn) {
  NCC_LOOP
  for (int64_t i = 0; i < n; ++i) {
    to[i] = fn(a[i], b[i]);
  }
}

/// Calls `go` with the operation as a function of two floats; false where there is none.
template <typename Go>
inline bool withOperation(isa::AluOp op, Go go) {
  using isa::AluOp;
  switch (op) {
  case AluOp::bypass:
    return go([](float a, float) { return a; }), true;
  case AluOp::add:
    return go([](float a, float b) { return a + b; }), true;
  case AluOp::sub:
    return go([](float a, float b) { return a - b; }), true;
  case AluOp::mul:
    return go([](float a, float b) { return a * b; }), true;
  case AluOp::div:
    return go([](float a, float b) { return a / b; }), true;
  case AluOp::max:
    return go([](float a, float b) { return a != a ? a : a > b ? a : b; }), true;
  case AluOp::min:
    return go([](float a, float b) { return a != a ? a : a < b ? a : b; }), true;
  case AluOp::eq:
    return go([](float a, float b) { return a == b ? 1.0f : 0.0f; }), true;
  case AluOp::ne:
    return go([](float a, float b) { return a != b ? 1.0f : 0.0f; }), true;
  case AluOp::lt:
    return go([](float a, float b) { return a < b ? 1.0f : 0.0f; }), true;
  case AluOp::le:
    return go([](float a, float b) { return a <= b ? 1.0f : 0.0f; }), true;
  case AluOp::gt:
    return go([](float a, float b) { return a > b ? 1.0f : 0.0f; }), true;
  case AluOp::ge:
    return go([](float a, float b) { return a >= b ? 1.0f : 0.0f; }), true;
  case AluOp::logical_and:
    return go([](float a, float b) { return ((a != 0.0f) & (b != 0.0f)) ? 1.0f : 0.0f; }), true;
  case AluOp::logical_or:
    return go([](float a, float b) { return ((a != 0.0f) | (b != 0.0f)) ? 1.0f : 0.0f; }), true;
  case AluOp::logical_xor:
    return go([](float a, float b) { return (a != 0.0f) != (b != 0.0f) ? 1.0f : 0.0f; }), true;
  default:
    return false;
  }
}

static bool binary(isa::AluOp op, float *to, const float *a, const float *b, int64_t n) {
  return withOperation(op, [=](auto fn) { zipRow(to, a, b, n, fn); });
}

/// Powers that are products or roots; exporters write squares and square roots as pow.
static bool powerRow(float *to, const float *a, float exponent, int64_t n) {
  auto map = [=](auto fn) {
    NCC_LOOP
    for (int64_t i = 0; i < n; ++i) {
      to[i] = fn(a[i]);
    }
    return true;
  };
  if (exponent == 2.0f) {
    return map([](float v) { return v * v; });
  }
  if (exponent == 1.0f) {
    return map([](float v) { return v; });
  }
  if (exponent == 3.0f) {
    return map([](float v) { return v * v * v; });
  }
  if (exponent == 0.5f) {
    // Powers of -0 and of -inf are +0 and +inf, roots -0 and NaN.
    return map([](float v) { return v == -__builtin_inff() ? __builtin_inff() : __builtin_sqrtf(v + 0.0f); });
  }
  if (exponent == -0.5f) {
    return map([](float v) { return v == -__builtin_inff() ? 0.0f : 1.0f / __builtin_sqrtf(v + 0.0f); });
  }
  return exponent == -1.0f && map([](float v) { return 1.0f / v; });
}

static bool scalar(isa::AluOp op, float *to, const float *a, float s, bool reverse, int64_t n) {
  if (op == isa::AluOp::pow && !reverse) {
    return powerRow(to, a, s, n);
  }
  return withOperation(op, [=](auto fn) {
    if (reverse) {
      NCC_LOOP
      for (int64_t i = 0; i < n; ++i) {
        to[i] = fn(s, a[i]);
      }
    } else {
      NCC_LOOP
      for (int64_t i = 0; i < n; ++i) {
        to[i] = fn(a[i], s);
      }
    }
  });
}

static void scaleBias(float *x, float scale, float bias, int64_t n) {
  NCC_LOOP
  for (int64_t i = 0; i < n; ++i) {
    float product = x[i] * scale;
    x[i] = product + bias;
  }
}

/// Sixteen partial results, so that the order is the same whatever the vector width.
template <typename Fn>
inline float reduceRow(const float *x, int64_t n, float start, Fn fn) {
  if (n < 32) {
    float r = x[0];
    for (int64_t i = 1; i < n; ++i) {
      r = fn(r, x[i]);
    }
    return r;
  }
  float lane[16];
  for (int j = 0; j < 16; ++j) {
    lane[j] = start;
  }
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (int j = 0; j < 16; ++j) {
      lane[j] = fn(lane[j], x[i + j]);
    }
  }
  for (; i < n; ++i) {
    lane[i % 16] = fn(lane[i % 16], x[i]);
  }
  for (int width = 8; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) {
      lane[j] = fn(lane[j], lane[j + width]);
    }
  }
  return lane[0];
}

static float sumRow(const float *x, int64_t n) {
  return reduceRow(x, n, 0.0f, [](float a, float b) { return a + b; });
}

static float reduce(isa::AluOp op, const float *x, int64_t n) {
  using isa::AluOp;
  switch (op) {
  case AluOp::max:
    return reduceRow(x, n, -__builtin_inff(), [](float a, float b) { return a != a ? a : a > b ? a : b; });
  case AluOp::min:
    return reduceRow(x, n, __builtin_inff(), [](float a, float b) { return a != a ? a : a < b ? a : b; });
  case AluOp::mul:
    return reduceRow(x, n, 1.0f, [](float a, float b) { return a * b; });
  default:
    return sumRow(x, n);
  }
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

template <typename T, typename Fn>
inline void loadRow(float *to, const uint8_t *from, int64_t stride, int64_t n, Fn fn) {
  if (stride == static_cast<int64_t>(sizeof(T))) {
    NCC_LOOP
    for (int64_t i = 0; i < n; ++i) {
      T v;
      __builtin_memcpy(&v, from + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
      to[i] = fn(v);
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    T v;
    __builtin_memcpy(&v, from + i * stride, sizeof(T));
    to[i] = fn(v);
  }
}

inline float halfToFloat(uint16_t h) {
  // Shift exponent and mantissa into place and let the multiplier fix the bias; subnormals come out right.
  float magnitude = bitsToFloat(static_cast<uint32_t>(h & 0x7fff) << 13) * 5.192296858534828e33f; // 2^112
  uint32_t bits = floatToBits(magnitude);
  bits |= (h & 0x7c00) == 0x7c00 ? 0x7f800000u : 0u;
  return bitsToFloat(bits | static_cast<uint32_t>(h & 0x8000) << 16);
}

static void load(float *to, const uint8_t *from, int64_t stride, int64_t n, DType type) {
  auto plain = [](auto v) { return static_cast<float>(v); };
  switch (type) {
  case DType::F32:
    if (stride == 4) {
      __builtin_memcpy(to, from, static_cast<size_t>(n) * 4);
      return;
    }
    return loadRow<float>(to, from, stride, n, plain);
  case DType::BF16:
    return loadRow<uint16_t>(to, from, stride, n, [](uint16_t v) { return bitsToFloat(static_cast<uint32_t>(v) << 16); });
  case DType::F16:
    return loadRow<uint16_t>(to, from, stride, n, halfToFloat);
  case DType::I8:
    return loadRow<int8_t>(to, from, stride, n, plain);
  case DType::U8:
    return loadRow<uint8_t>(to, from, stride, n, plain);
  case DType::Bool:
    return loadRow<uint8_t>(to, from, stride, n, [](uint8_t v) { return v ? 1.0f : 0.0f; });
  case DType::I16:
    return loadRow<int16_t>(to, from, stride, n, plain);
  case DType::I32:
    return loadRow<int32_t>(to, from, stride, n, plain);
  default:
    for (int64_t i = 0; i < n; ++i) {
      to[i] = sim::loadFloat(type, from + i * stride);
    }
  }
}

template <typename T, typename Fn>
inline void storeRow(uint8_t *to, const float *from, int64_t stride, int64_t n, Fn fn) {
  if (stride == static_cast<int64_t>(sizeof(T))) {
    NCC_LOOP
    for (int64_t i = 0; i < n; ++i) {
      T v = fn(from[i]);
      __builtin_memcpy(to + i * static_cast<int64_t>(sizeof(T)), &v, sizeof(T));
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    T v = fn(from[i]);
    __builtin_memcpy(to + i * stride, &v, sizeof(T));
  }
}

inline uint16_t toBf16(float value) {
  uint32_t bits = floatToBits(value);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>(value != value ? (bits >> 16) | 0x40 : rounded);
}

/// Rounds to nearest even, clamps, NaN becomes 0: what a computing engine does on its way to 8 bits.
template <typename T>
inline T toByte(float value) {
  constexpr float low = T(-1) < T(0) ? -128.0f : 0.0f, high = T(-1) < T(0) ? 127.0f : 255.0f;
  float c = value != value ? 0.0f : value;
  c = clampTo(c, low, high);
  float shifted = c + 12582912.0f;
  return static_cast<T>(static_cast<int32_t>(floatToBits(shifted) - floatToBits(12582912.0f)));
}

static bool withinInt32(const float *x, int64_t n) {
  int outside = 0;
  NCC_LOOP
  for (int64_t i = 0; i < n; ++i) {
    outside |= !(__builtin_fabsf(x[i]) < 2147483520.0f);
  }
  return outside == 0;
}

static void store(uint8_t *to, const float *from, int64_t stride, int64_t n, DType type, bool round, bool saturate) {
  switch (type) {
  case DType::F32:
    if (stride == 4) {
      __builtin_memcpy(to, from, static_cast<size_t>(n) * 4);
      return;
    }
    return storeRow<float>(to, from, stride, n, [](float v) { return v; });
  case DType::BF16:
    return storeRow<uint16_t>(to, from, stride, n, toBf16);
  case DType::I8:
    if (round && saturate) {
      return storeRow<int8_t>(to, from, stride, n, toByte<int8_t>);
    }
    break;
  case DType::U8:
    if (round && saturate) {
      return storeRow<uint8_t>(to, from, stride, n, toByte<uint8_t>);
    }
    break;
  case DType::I32:
    if (stride == 4 && withinInt32(from, n)) {
      return storeRow<int32_t>(to, from, stride, n, [round](float v) { return static_cast<int32_t>(round ? __builtin_rintf(v) : v); });
    }
    break;
  case DType::Bool:
    return storeRow<uint8_t>(to, from, stride, n, [](float v) { return static_cast<uint8_t>(v != 0.0f); });
  default:
    break;
  }
  for (int64_t i = 0; i < n; ++i) {
    sim::storeFloat(type, to + i * stride, from[i], {round, saturate});
  }
}

template <typename Fn>
static void compareRow(uint8_t *to, const float *a, float s, uint8_t add, int64_t n, Fn fn) {
  int64_t i = 0;
#ifdef __AVX512BW__
  const __m512 limit = _mm512_set1_ps(s);
  const __m512i zero = _mm512_set1_epi8(static_cast<char>(add)), one = _mm512_set1_epi8(static_cast<char>(add + 1));
  for (; i + 64 <= n; i += 64) {
    const uint64_t low = fn.mask(_mm512_loadu_ps(a + i), limit) | static_cast<uint64_t>(fn.mask(_mm512_loadu_ps(a + i + 16), limit)) << 16;
    const uint64_t high = fn.mask(_mm512_loadu_ps(a + i + 32), limit) | static_cast<uint64_t>(fn.mask(_mm512_loadu_ps(a + i + 48), limit)) << 16;
    _mm512_storeu_si512(to + i, _mm512_mask_blend_epi8(low | high << 32, zero, one));
  }
#endif
  NCC_LOOP
  for (int64_t j = i; j < n; ++j) {
    to[j] = static_cast<uint8_t>(add + (fn(a[j], s) ? 1 : 0));
  }
}

template <typename Fn>
static bool compareRows(const ByteRows &rows, uint8_t add, int64_t n, Fn fn) {
  for (int64_t r = 0; r < rows.count; ++r) {
    compareRow(rows.to + r * rows.pitch, reinterpret_cast<const float *>(rows.from + r * rows.fromPitch), rows.limits[r], add, n, fn);
  }
  return true;
}

#ifdef __AVX512BW__
#define NCC_COMPARISON(Name, op, predicate) \
  struct Name { \
    bool operator()(float x, float y) const { return x op y; } \
    static uint32_t mask(__m512 x, __m512 y) { return _mm512_cmp_ps_mask(x, y, predicate); } \
  };
#else
#define NCC_COMPARISON(Name, op, predicate) \
  struct Name { \
    bool operator()(float x, float y) const { return x op y; } \
  };
#endif
NCC_COMPARISON(Equal, ==, _CMP_EQ_OQ)
NCC_COMPARISON(Unequal, !=, _CMP_NEQ_UQ)
NCC_COMPARISON(Less, <, _CMP_LT_OQ)
NCC_COMPARISON(LessEqual, <=, _CMP_LE_OQ)
NCC_COMPARISON(Greater, >, _CMP_GT_OQ)
NCC_COMPARISON(GreaterEqual, >=, _CMP_GE_OQ)

static bool compareBytes(isa::AluOp op, const ByteRows &rows, uint8_t add, int64_t n) {
  switch (op) {
  case isa::AluOp::eq: return compareRows(rows, add, n, Equal());
  case isa::AluOp::ne: return compareRows(rows, add, n, Unequal());
  case isa::AluOp::lt: return compareRows(rows, add, n, Less());
  case isa::AluOp::le: return compareRows(rows, add, n, LessEqual());
  case isa::AluOp::gt: return compareRows(rows, add, n, Greater());
  case isa::AluOp::ge: return compareRows(rows, add, n, GreaterEqual());
  default: return false;
  }
}

static void selectBytes(uint8_t *to, const uint8_t *pred, const uint8_t *a, const uint8_t *b, int64_t n) {
  NCC_LOOP
  for (int64_t i = 0; i < n; ++i) {
    to[i] = pred[i] != 0 ? a[i] : b[i];
  }
}

#include "runtime/host/TreeKernels.inl"

static VectorKernels table() {
  return {load, store, scaleBias, activate, binary, scalar, sumRow, reduce, compareBytes, selectBytes, rankRow, rankedLeaves, kRankLanes, kRankRows};
}

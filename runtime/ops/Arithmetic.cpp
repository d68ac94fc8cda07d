// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of the binary and compare ops, with numpy broadcasting.
#include "runtime/ops/Support.h"

#include <cmath>

namespace ncc::ops {

namespace {

/// out[i] = fn(a, b) over broadcast rows; the common strides get their own loops.
template <typename T, typename R, typename Fn>
void mapRows(const Tensor &a, const Tensor &b, Tensor &out, Fn fn) {
  const T *pa = a.as<T>().data(), *pb = b.as<T>().data();
  R *po = out.mutableAs<R>().data();
  if (a.shape() == b.shape()) {
    for (int64_t i = 0, n = out.size(); i < n; ++i) {
      po[i] = fn(pa[i], pb[i]);
    }
    return;
  }
  std::array<Shape, 2> strides = {broadcastStrides(a.shape(), out.shape()), broadcastStrides(b.shape(), out.shape())};
  int64_t rank = out.rank(), row = rank ? out.shape()[rank - 1] : 1;
  int64_t stepA = rank ? strides[0][rank - 1] : 0, stepB = rank ? strides[1][rank - 1] : 0;
  forEachRow(out.shape(), strides, [&](int64_t first, const std::array<int64_t, 2> &at) {
    const T *ra = pa + at[0], *rb = pb + at[1];
    for (int64_t i = 0; i < row; ++i) {
      po[first + i] = fn(ra[i * stepA], rb[i * stepB]);
    }
  });
}

/// The divisor that the smallest number must not meet.
template <typename T>
bool isMinusOne(T x) {
  return std::is_signed_v<T> && x == T(-1);
}

template <typename T>
T floorMod(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    T r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  } else {
    if (b == 0 || isMinusOne(b)) {
      return 0;
    }
    T r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
}

template <typename T>
T power(T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return exponent == 2 ? base * base : std::pow(base, exponent);
  } else {
    if (exponent < 0) {
      return base == 1 ? 1 : isMinusOne(base) ? (exponent & 1 ? base : 1) : 0;
    }
    uint64_t result = 1, factor = static_cast<uint64_t>(base);
    for (uint64_t e = static_cast<uint64_t>(exponent); e; e >>= 1, factor *= factor) {
      result *= e & 1 ? factor : 1;
    }
    return static_cast<T>(result);
  }
}

template <typename T>
T divide(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else {
    return b == 0 ? T(0) : isMinusOne(b) ? static_cast<T>(-static_cast<uint64_t>(a)) : T(a / b);
  }
}

template <typename T>
T truncatedMod(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else {
    return b == 0 || isMinusOne(b) ? T(0) : T(a % b);
  }
}

// Wrapping integer arithmetic goes through uint64, which is defined for every width.
template <typename T, typename Fn>
auto wrapping(Fn fn) {
  return [fn](T a, T b) -> T {
    if constexpr (std::is_floating_point_v<T>) {
      return fn(a, b);
    } else {
      return static_cast<T>(fn(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
    }
  };
}

template <typename T>
absl::Status arithmetic(const Tensor &a, const Tensor &b, Tensor &out, std::string_view kind) {
  auto run = [&](auto fn) {
    mapRows<T, T>(a, b, out, fn);
    return absl::OkStatus();
  };
  if (kind == "add") {
    return run(wrapping<T>([](auto x, auto y) { return x + y; }));
  }
  if (kind == "sub") {
    return run(wrapping<T>([](auto x, auto y) { return x - y; }));
  }
  if (kind == "mul") {
    return run(wrapping<T>([](auto x, auto y) { return x * y; }));
  }
  if (kind == "div") {
    return run([](T x, T y) { return divide(x, y); });
  }
  if (kind == "pow") {
    return run([](T x, T y) { return power(x, y); });
  }
  if (kind == "max") { // x != x keeps a NaN of either side
    return run([](T x, T y) { return x != x || x > y ? x : y; });
  }
  if (kind == "min") {
    return run([](T x, T y) { return x != x || x < y ? x : y; });
  }
  if (kind == "mod") {
    return run([](T x, T y) { return floorMod(x, y); });
  }
  if (kind == "fmod") {
    return run([](T x, T y) { return truncatedMod(x, y); });
  }
  if (kind == "prelu") {
    return run([](T x, T y) -> T { return x < 0 ? T(x * y) : x; });
  }
  return absl::UnimplementedError(absl::StrCat("no kernel '", std::string(kind), "' for this element type"));
}

template <typename T>
absl::Status bitwise(const Tensor &a, const Tensor &b, Tensor &out, std::string_view kind) {
  using U = std::make_unsigned_t<T>;
  auto run = [&](auto fn) {
    mapRows<U, U>(a, b, out, fn);
    return absl::OkStatus();
  };
  constexpr uint64_t width = 8 * sizeof(T);
  if (kind == "bit_and") {
    return run([](U x, U y) { return U(x & y); });
  }
  if (kind == "bit_or") {
    return run([](U x, U y) { return U(x | y); });
  }
  if (kind == "bit_xor") {
    return run([](U x, U y) { return U(x ^ y); });
  }
  if (kind == "shl") {
    return run([](U x, U y) { return y < width ? U(uint64_t(x) << y) : U(0); });
  }
  if (kind == "shr") {
    return run([](U x, U y) { return y < width ? U(x >> y) : U(0); });
  }
  return arithmetic<T>(a, b, out, kind);
}

absl::Status logical(const Tensor &a, const Tensor &b, Tensor &out, std::string_view kind) {
  auto run = [&](auto fn) {
    mapRows<uint8_t, uint8_t>(a, b, out, fn);
    return absl::OkStatus();
  };
  if (kind == "and" || kind == "mul" || kind == "min" || kind == "bit_and") {
    return run([](uint8_t x, uint8_t y) { return uint8_t(x && y); });
  }
  if (kind == "or" || kind == "add" || kind == "max" || kind == "bit_or") {
    return run([](uint8_t x, uint8_t y) { return uint8_t(x || y); });
  }
  if (kind == "xor" || kind == "bit_xor") {
    return run([](uint8_t x, uint8_t y) { return uint8_t(!x != !y); });
  }
  return absl::UnimplementedError(absl::StrCat("no kernel '", std::string(kind), "' for bool"));
}

template <typename T>
absl::Status comparison(const Tensor &a, const Tensor &b, Tensor &out, std::string_view kind) {
  auto run = [&](auto fn) {
    mapRows<T, uint8_t>(a, b, out, fn);
    return absl::OkStatus();
  };
  if (kind == "eq") {
    return run([](T x, T y) { return uint8_t(x == y); });
  }
  if (kind == "ne") {
    return run([](T x, T y) { return uint8_t(x != y); });
  }
  if (kind == "lt") {
    return run([](T x, T y) { return uint8_t(x < y); });
  }
  if (kind == "le") {
    return run([](T x, T y) { return uint8_t(x <= y); });
  }
  if (kind == "gt") {
    return run([](T x, T y) { return uint8_t(x > y); });
  }
  return run([](T x, T y) { return uint8_t(x >= y); });
}

absl::Status compareStrings(const Tensor &a, const Tensor &b, Tensor &out, std::string_view kind) {
  if (kind != "eq" && kind != "ne") {
    return absl::UnimplementedError("strings compare for equality only");
  }
  std::array<Shape, 2> strides = {broadcastStrides(a.shape(), out.shape()), broadcastStrides(b.shape(), out.shape())};
  int64_t rank = out.rank(), row = rank ? out.shape()[rank - 1] : 1;
  forEachRow(out.shape(), strides, [&](int64_t first, const std::array<int64_t, 2> &at) {
    for (int64_t i = 0; i < row; ++i) {
      bool equal = a.strings()[at[0] + (rank ? i * strides[0][rank - 1] : 0)] ==
                   b.strings()[at[1] + (rank ? i * strides[1][rank - 1] : 0)];
      out.mutableAs<uint8_t>()[first + i] = equal == (kind == "eq");
    }
  });
  return absl::OkStatus();
}

} // namespace

absl::Status binary(KernelContext &context) {
  std::string kind = context.attrs.getString("kind", "");
  return runWidened(context, [&](KernelContext &wide) {
    const Tensor &a = wide.inputs[0], &b = wide.inputs[1];
    Tensor &out = wide.outputs[0];
    return dispatch(a.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_same_v<T, bool>) {
        return logical(a, b, out, kind);
      } else if constexpr (std::is_integral_v<T>) {
        return bitwise<T>(a, b, out, kind);
      } else {
        return arithmetic<T>(a, b, out, kind);
      }
    });
  });
}

absl::Status compare(KernelContext &context) {
  std::string kind = context.attrs.getString("kind", "");
  if (context.inputs[0].dtype() == DType::String) {
    return compareStrings(context.inputs[0], context.inputs[1], context.outputs[0], kind);
  }
  return runWidened(context, [&](KernelContext &wide) {
    return dispatch(wide.inputs[0].dtype(), [&](auto tag) {
      return comparison<typename decltype(tag)::type>(wide.inputs[0], wide.inputs[1], wide.outputs[0], kind);
    });
  });
}

} // namespace ncc::ops

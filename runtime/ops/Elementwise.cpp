// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of the unary and select ops.
#include "runtime/ops/Support.h"

#include <cmath>
#include <limits>

namespace ncc::ops {

namespace {

template <typename T>
using UnaryFn = T (*)(T x, T alpha, T beta);

template <typename T>
struct NamedUnary {
  std::string_view name;
  UnaryFn<T> fn;
};

template <typename T>
T softplus(T x) {
  return std::log1p(std::exp(-std::fabs(x))) + (x > 0 ? x : T(0));
}
template <typename T>
T sigmoid(T x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
template <typename T>
T sign(T x) {
  return x > 0 ? T(1) : x < 0 ? T(-1) : x;
}

template <typename T>
constexpr NamedUnary<T> kFloatFunctions[] = {
    {"abs", [](T x, T, T) -> T { return std::fabs(x); }},
    {"neg", [](T x, T, T) -> T { return -x; }},
    {"exp", [](T x, T, T) -> T { return std::exp(x); }},
    {"log", [](T x, T, T) -> T { return std::log(x); }},
    {"sqrt", [](T x, T, T) -> T { return std::sqrt(x); }},
    {"rsqrt", [](T x, T, T) -> T { return 1 / std::sqrt(x); }},
    {"reciprocal", [](T x, T, T) -> T { return 1 / x; }},
    {"square", [](T x, T, T) -> T { return x * x; }},
    {"relu", [](T x, T, T) -> T { return x <= 0 ? T(0) : x; }}, // -0 becomes +0, as max(x, +0) has it
    {"leaky_relu", [](T x, T a, T) -> T { return x < 0 ? a * x : x; }},
    {"elu", [](T x, T a, T) -> T { return x < 0 ? a * std::expm1(x) : x; }},
    {"selu", [](T x, T a, T b) -> T { return b * (x > 0 ? x : a * std::expm1(x)); }},
    {"celu", [](T x, T a, T) -> T { return x > 0 ? x : a * std::expm1(x / a); }},
    {"sigmoid", [](T x, T, T) -> T { return sigmoid(x); }},
    {"hard_sigmoid", [](T x, T a, T b) -> T { T y = a * x + b; return y < 0 ? T(0) : y > 1 ? T(1) : y; }},
    {"tanh", [](T x, T, T) -> T { return std::tanh(x); }},
    {"erf", [](T x, T, T) -> T { return std::erf(x); }},
    {"gelu", [](T x, T, T) -> T { return T(0.5) * x * (1 + std::erf(x * T(0.70710678118654752440))); }},
    {"gelu_tanh", [](T x, T, T) -> T {
       return T(0.5) * x * (1 + std::tanh(T(0.79788456080286535588) * (x + T(0.044715) * x * x * x)));
     }},
    {"silu", [](T x, T, T) -> T { return x * sigmoid(x); }},
    {"softplus", [](T x, T, T) -> T { return softplus(x); }},
    {"softsign", [](T x, T, T) -> T { return x / (1 + std::fabs(x)); }},
    {"mish", [](T x, T, T) -> T { return x * std::tanh(softplus(x)); }},
    {"hard_swish", [](T x, T, T) -> T { T y = x / 6 + T(0.5); return x * (y < 0 ? T(0) : y > 1 ? T(1) : y); }},
    {"sign", [](T x, T, T) -> T { return sign(x); }},
    {"sin", [](T x, T, T) -> T { return std::sin(x); }},
    {"cos", [](T x, T, T) -> T { return std::cos(x); }},
    {"tan", [](T x, T, T) -> T { return std::tan(x); }},
    {"asin", [](T x, T, T) -> T { return std::asin(x); }},
    {"acos", [](T x, T, T) -> T { return std::acos(x); }},
    {"atan", [](T x, T, T) -> T { return std::atan(x); }},
    {"sinh", [](T x, T, T) -> T { return std::sinh(x); }},
    {"cosh", [](T x, T, T) -> T { return std::cosh(x); }},
    {"asinh", [](T x, T, T) -> T { return std::asinh(x); }},
    {"acosh", [](T x, T, T) -> T { return std::acosh(x); }},
    {"atanh", [](T x, T, T) -> T { return std::atanh(x); }},
    {"floor", [](T x, T, T) -> T { return std::floor(x); }},
    {"ceil", [](T x, T, T) -> T { return std::ceil(x); }},
    {"round", [](T x, T, T) -> T { return std::nearbyint(x); }},
    {"thresholded_relu", [](T x, T a, T) -> T { return x > a ? x : T(0); }},
    {"shrink", [](T x, T a, T b) -> T { return x < -b ? x + a : x > b ? x - a : T(0); }},
    {"clip", [](T x, T a, T b) -> T { x = x <= a ? a : x; return x >= b ? b : x; }}, // min(max(x, a), b)
};

// Integers wrap; unsigned arithmetic keeps that defined.
template <typename T>
using Wrap = std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>>;

template <typename T>
constexpr NamedUnary<T> kIntegerFunctions[] = {
    {"abs", [](T x, T, T) -> T { return x < 0 ? static_cast<T>(-Wrap<T>(x)) : x; }},
    {"neg", [](T x, T, T) -> T { return static_cast<T>(-Wrap<T>(x)); }},
    {"square", [](T x, T, T) -> T { return static_cast<T>(uint64_t(Wrap<T>(x)) * Wrap<T>(x)); }},
    {"relu", [](T x, T, T) -> T { return x < 0 ? T(0) : x; }},
    {"sign", [](T x, T, T) -> T { return x > 0 ? T(1) : x < 0 ? T(-1) : T(0); }},
    {"floor", [](T x, T, T) -> T { return x; }},
    {"ceil", [](T x, T, T) -> T { return x; }},
    {"round", [](T x, T, T) -> T { return x; }},
    {"bitwise_not", [](T x, T, T) -> T { return static_cast<T>(~Wrap<T>(x)); }},
    {"shrink", [](T x, T a, T b) -> T { return x < -b ? T(x + a) : x > b ? T(x - a) : T(0); }},
    {"clip", [](T x, T a, T b) -> T { x = x < a ? a : x; return x > b ? b : x; }},
};

template <typename T>
T saturate(double value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    double low = static_cast<double>(std::numeric_limits<T>::lowest());
    double high = static_cast<double>(std::numeric_limits<T>::max());
    return value <= low ? std::numeric_limits<T>::lowest()
                        : value >= high ? std::numeric_limits<T>::max() : static_cast<T>(value);
  }
}

template <typename T>
absl::Status mapUnary(KernelContext &context, absl::Span<const NamedUnary<T>> functions, std::string_view kind) {
  for (const NamedUnary<T> &entry : functions) {
    if (entry.name == kind) {
      T alpha = saturate<T>(context.attrs.getFloat("alpha", 0)), beta = saturate<T>(context.attrs.getFloat("beta", 0));
      const T *in = context.inputs[0].as<T>().data();
      T *out = context.outputs[0].mutableAs<T>().data();
      for (int64_t i = 0, n = context.inputs[0].size(); i < n; ++i) {
        out[i] = entry.fn(in[i], alpha, beta);
      }
      return absl::OkStatus();
    }
  }
  return absl::UnimplementedError(absl::StrCat("no kernel '", std::string(kind), "' for ",
                                               std::string(dtypeName(context.inputs[0].dtype()))));
}

/// is_nan, is_inf, logical_not: results are bool.
absl::Status predicate(KernelContext &context, std::string_view kind) {
  const Tensor &x = context.inputs[0];
  uint8_t *out = context.outputs[0].mutableAs<uint8_t>().data();
  bool negative = context.attrs.getFloat("alpha", 0) != 0, positive = context.attrs.getFloat("beta", 0) != 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    double value = x.asDouble(i);
    out[i] = kind == "is_nan" ? std::isnan(value)
             : kind == "is_inf" ? std::isinf(value) && (value < 0 ? negative : positive)
                                : value == 0;
  }
  return absl::OkStatus();
}

} // namespace

absl::Status unary(KernelContext &context) {
  std::string kind = context.attrs.getString("kind", "");
  if (kind == "is_nan" || kind == "is_inf" || kind == "logical_not") {
    return predicate(context, kind);
  }
  return runWidened(context, [&](KernelContext &wide) {
    return dispatch(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_floating_point_v<T>) {
        return mapUnary<T>(wide, kFloatFunctions<T>, kind);
      } else if constexpr (std::is_same_v<T, bool>) {
        return absl::Status(absl::UnimplementedError("no arithmetic on bool"));
      } else {
        return mapUnary<T>(wide, kIntegerFunctions<T>, kind);
      }
    });
  });
}

absl::Status select(KernelContext &context) {
  const Tensor &cond = context.inputs[0], &a = context.inputs[1], &b = context.inputs[2];
  Tensor &out = context.outputs[0];
  std::array<Shape, 3> strides = {broadcastStrides(cond.shape(), out.shape()), broadcastStrides(a.shape(), out.shape()),
                                  broadcastStrides(b.shape(), out.shape())};
  int64_t rank = out.rank(), row = rank ? out.shape()[rank - 1] : 1;
  std::array<int64_t, 3> step{};
  for (size_t i = 0; rank > 0 && i < 3; ++i) {
    step[i] = strides[i][rank - 1];
  }
  const uint8_t *flags = cond.as<uint8_t>().data();
  if (out.dtype() == DType::String) {
    forEachRow(out.shape(), strides, [&](int64_t first, const std::array<int64_t, 3> &at) {
      for (int64_t i = 0; i < row; ++i) {
        out.mutableStrings()[first + i] = flags[at[0] + i * step[0]] ? a.strings()[at[1] + i * step[1]]
                                                                     : b.strings()[at[2] + i * step[2]];
      }
    });
    return absl::OkStatus();
  }
  return dispatchBytes(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *pa = a.as<T>().data(), *pb = b.as<T>().data();
    T *po = out.mutableAs<T>().data();
    forEachRow(out.shape(), strides, [&](int64_t first, const std::array<int64_t, 3> &at) {
      for (int64_t i = 0; i < row; ++i) {
        po[first + i] = flags[at[0] + i * step[0]] ? pa[at[1] + i * step[1]] : pb[at[2] + i * step[2]];
      }
    });
    return absl::OkStatus();
  });
}

} // namespace ncc::ops

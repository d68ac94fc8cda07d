// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of window pooling.
#include "runtime/ops/Support.h"

#include <cmath>
#include <limits>

namespace ncc::ops {

namespace {

struct PoolWindow {
  std::vector<int64_t> in, out, kernel, strides, pads, dilations, extra;

  explicit PoolWindow(const KernelContext &context)
      : in(context.inputs[0].shape().begin() + 2, context.inputs[0].shape().end()),
        out(context.outputs[0].shape().begin() + 2, context.outputs[0].shape().end()),
        kernel(context.attrs.getInts("kernel")), strides(context.attrs.getInts("strides")),
        pads(context.attrs.getInts("pads")), dilations(context.attrs.getInts("dilations")),
        extra(context.attrs.getInts("extra")) {
    extra.resize(in.size(), 0);
  }

  /// fn(output position, input offsets inside the image, taps that count when padding is included).
  template <typename Fn>
  void forEach(Fn &&fn) const {
    size_t rank = in.size();
    int64_t total = 1, taps = 1;
    for (size_t d = 0; d < rank; ++d) {
      total *= out[d];
      taps *= kernel[d];
    }
    std::vector<int64_t> offsets;
    for (int64_t i = 0; i < total; ++i) {
      offsets.clear();
      int64_t counted = 0;
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t at = 0, scale = 1, restOut = i, restTap = tap;
        bool inside = true, padded = true;
        for (size_t d = rank; d-- > 0;) {
          int64_t p = restOut % out[d] * strides[d] - pads[d] + restTap % kernel[d] * dilations[d];
          restOut /= out[d];
          restTap /= kernel[d];
          inside &= p >= 0 && p < in[d];
          padded &= p < in[d] + pads[d + rank] - extra[d];
          at += p * scale;
          scale *= in[d];
        }
        counted += padded;
        if (inside) {
          offsets.push_back(at);
        }
      }
      fn(i, offsets, counted);
    }
  }
};

template <typename T>
T maximum(const T *x, const std::vector<int64_t> &offsets) {
  T best = std::numeric_limits<T>::lowest();
  if constexpr (std::is_floating_point_v<T>) {
    best = -std::numeric_limits<T>::infinity();
  }
  for (int64_t at : offsets) {
    best = x[at] > best || x[at] != x[at] ? x[at] : best;
  }
  return best;
}

template <typename T>
T poolOne(const T *x, const std::vector<int64_t> &offsets, int64_t divisor, std::string_view kind, double p) {
  if (kind == "max") {
    return maximum(x, offsets);
  }
  double sum = 0;
  for (int64_t at : offsets) {
    double value = static_cast<double>(x[at]);
    sum += kind == "average" ? value : p == 2 ? value * value : std::pow(std::fabs(value), p);
  }
  if (kind == "average") {
    return static_cast<T>(divisor ? sum / static_cast<double>(divisor) : 0.0);
  }
  return static_cast<T>(p == 2 ? std::sqrt(sum) : std::pow(sum, 1.0 / p));
}

} // namespace

absl::Status pool(KernelContext &context) {
  PoolWindow window(context);
  std::string kind = context.attrs.getString("kind", "max");
  bool includePad = context.attrs.getInt("count_include_pad", 0) != 0;
  double p = context.attrs.getFloat("p", 2);
  return runWidened(context, [&](KernelContext &wide) {
    return dispatch(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const Tensor &x = wide.inputs[0];
      int64_t images = x.shape()[0] * x.shape()[1];
      int64_t inSize = images ? x.size() / images : 0, outSize = images ? wide.outputs[0].size() / images : 0;
      T *y = wide.outputs[0].template mutableAs<T>().data();
      window.forEach([&](int64_t i, const std::vector<int64_t> &offsets, int64_t counted) {
        int64_t divisor = includePad ? counted : static_cast<int64_t>(offsets.size());
        for (int64_t image = 0; image < images; ++image) {
          y[image * outSize + i] = poolOne(x.as<T>().data() + image * inSize, offsets, divisor, kind, p);
        }
      });
      return absl::OkStatus();
    });
  });
}

absl::Status poolIndices(KernelContext &context) {
  PoolWindow window(context);
  bool columnMajor = context.attrs.getInt("column_major", 0) != 0;
  Tensor wide = widen(context.inputs[0]);
  return dispatch(wide.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    int64_t images = wide.shape()[0] * wide.shape()[1];
    int64_t inSize = images ? wide.size() / images : 0, outSize = images ? context.outputs[0].size() / images : 0;
    int64_t *y = context.outputs[0].mutableAs<int64_t>().data();
    window.forEach([&](int64_t i, const std::vector<int64_t> &offsets, int64_t) {
      for (int64_t image = 0; image < images; ++image) {
        const T *x = wide.as<T>().data() + image * inSize;
        int64_t best = offsets.empty() ? 0 : offsets.front();
        for (int64_t at : offsets) {
          best = x[at] > x[best] ? at : best;
        }
        if (columnMajor) { // spatial dims counted with the first one fastest
          int64_t rest = best, flat = 0, scale = inSize;
          for (size_t d = window.in.size(); d-- > 0;) {
            scale /= window.in[d];
            flat += rest % window.in[d] * scale;
            rest /= window.in[d];
          }
          best = flat;
        }
        y[image * outSize + i] = image * inSize + best;
      }
    });
    return absl::OkStatus();
  });
}

} // namespace ncc::ops

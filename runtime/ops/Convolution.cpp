// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of conv and conv_transpose, by columns and one matrix product per image and group.
#include "runtime/ops/Gemm.h"
#include "runtime/ops/Support.h"

#include <algorithm>
#include <numeric>

namespace ncc::ops {

namespace {

/// The window of one convolution over up to any number of spatial dims.
struct Geometry {
  std::vector<int64_t> in, out, kernel, strides, pads, dilations;
  int64_t inSize = 1, outSize = 1, taps = 1;

  Geometry(const KernelContext &context, absl::Span<const int64_t> x, absl::Span<const int64_t> w,
           absl::Span<const int64_t> y)
      : in(x.begin() + 2, x.end()), out(y.begin() + 2, y.end()), kernel(w.begin() + 2, w.end()),
        strides(context.attrs.getInts("strides")), pads(context.attrs.getInts("pads")),
        dilations(context.attrs.getInts("dilations")) {
    for (size_t i = 0; i < in.size(); ++i) {
      inSize *= in[i];
      outSize *= out[i];
      taps *= kernel[i];
    }
  }

  /// For a tap and every output position: the input position it meets, or -1 in the border.
  void positions(int64_t tap, std::vector<int32_t> &result) const {
    size_t rank = in.size();
    std::vector<int64_t> offset(rank);
    for (size_t d = rank; d-- > 0; tap /= kernel[d]) {
      offset[d] = tap % kernel[d] * dilations[d] - pads[d];
    }
    result.assign(static_cast<size_t>(outSize), 0);
    int64_t block = 1;
    for (size_t d = rank; d-- > 0;) {
      int64_t scale = std::accumulate(in.begin() + d + 1, in.end(), int64_t(1), std::multiplies<>());
      for (int64_t i = 0; i < outSize; ++i) {
        int64_t at = i / block % out[d] * strides[d] + offset[d];
        bool inside = at >= 0 && at < in[d] && result[i] >= 0;
        result[i] = inside ? result[i] + static_cast<int32_t>(at * scale) : -1;
      }
      block *= out[d];
    }
  }
};

/// Output columns per product: keeps the column matrix of a block in cache and its memory small.
constexpr int64_t kColumns = 4096;

template <typename TX, typename TW, typename Acc>
void convolve(const KernelContext &context, const Geometry &g) {
  const Tensor &x = context.inputs[0], &w = context.inputs[1];
  int64_t group = context.attrs.getInt("group", 1), batch = x.shape()[0];
  int64_t channels = w.shape()[1], filters = w.shape()[0] / group, depth = channels * g.taps;
  int64_t zeroX = context.attrs.getInt("x_zero_point", 0), zeroW = context.attrs.getInt("w_zero_point", 0);
  std::vector<Acc> weights(w.as<TW>().begin(), w.as<TW>().end());
  for (Acc &value : weights) {
    value -= static_cast<Acc>(zeroW);
  }
  std::vector<std::vector<int32_t>> where(static_cast<size_t>(g.taps));
  for (int64_t tap = 0; tap < g.taps; ++tap) {
    g.positions(tap, where[tap]);
  }
  Acc *y = const_cast<Acc *>(context.outputs[0].as<Acc>().data());
  if (present(context, 2)) {
    const Acc *bias = context.inputs[2].as<Acc>().data();
    for (int64_t i = 0; i < batch * group * filters; ++i) {
      std::fill_n(y + i * g.outSize, g.outSize, bias[i % (group * filters)]);
    }
  }
  int64_t step = std::max<int64_t>(std::min(kColumns, (int64_t(1) << 22) / std::max<int64_t>(depth, 1)), 64);
  std::vector<Acc> columns(static_cast<size_t>(depth * std::min(step, std::max<int64_t>(g.outSize, 1))));
  for (int64_t ng = 0; ng < batch * group; ++ng) {
    const TX *image = x.as<TX>().data() + ng * channels * g.inSize;
    for (int64_t first = 0; first < g.outSize; first += step) {
      int64_t count = std::min(step, g.outSize - first);
      for (int64_t row = 0; row < depth; ++row) {
        const TX *plane = image + row / g.taps * g.inSize;
        const int32_t *at = where[row % g.taps].data() + first;
        Acc *line = columns.data() + row * count;
        for (int64_t i = 0; i < count; ++i) {
          line[i] = at[i] < 0 ? Acc(0) : static_cast<Acc>(plane[at[i]]) - static_cast<Acc>(zeroX);
        }
      }
      gemm(filters, count, depth, weights.data() + ng % group * filters * depth, depth, columns.data(), count,
           y + ng * filters * g.outSize + first, g.outSize);
    }
  }
}

/// Each input position adds its scaled kernel into the output.
template <typename T>
void convolveTransposed(const KernelContext &context, const Geometry &g) {
  const Tensor &x = context.inputs[0], &w = context.inputs[1];
  int64_t group = context.attrs.getInt("group", 1), batch = x.shape()[0];
  int64_t channels = x.shape()[1] / group, filters = w.shape()[1];
  T *y = const_cast<T *>(context.outputs[0].as<T>().data());
  if (present(context, 2)) {
    const T *bias = context.inputs[2].as<T>().data();
    for (int64_t i = 0; i < batch * group * filters; ++i) {
      std::fill_n(y + i * g.inSize, g.inSize, bias[i % (group * filters)]);
    }
  }
  std::vector<int32_t> where;
  std::vector<T> kernel(static_cast<size_t>(filters * channels)), partial;
  for (int64_t tap = 0; tap < g.taps; ++tap) {
    g.positions(tap, where);
    for (int64_t ng = 0; ng < batch * group; ++ng) {
      const T *weights = w.as<T>().data() + ng % group * channels * filters * g.taps;
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t f = 0; f < filters; ++f) {
          kernel[f * channels + c] = weights[(c * filters + f) * g.taps + tap];
        }
      }
      partial.assign(static_cast<size_t>(filters * g.outSize), T(0));
      gemm(filters, g.outSize, channels, kernel.data(), channels, x.as<T>().data() + ng * channels * g.outSize,
           g.outSize, partial.data(), g.outSize);
      for (int64_t f = 0; f < filters; ++f) {
        T *plane = y + (ng * filters + f) * g.inSize;
        for (int64_t i = 0; i < g.outSize; ++i) {
          if (where[i] >= 0) {
            plane[where[i]] += partial[f * g.outSize + i];
          }
        }
      }
    }
  }
}

} // namespace

absl::Status conv(KernelContext &context) {
  Geometry geometry(context, context.inputs[0].shape(), context.inputs[1].shape(), context.outputs[0].shape());
  if (geometry.inSize > INT32_MAX) {
    return absl::UnimplementedError("an image beyond 2^31 elements");
  }
  return runWidened(context, [&](KernelContext &wide) -> absl::Status {
    DType x = wide.inputs[0].dtype(), w = wide.inputs[1].dtype();
    if (dtypeSize(x) == 1) {
      bool ux = x == DType::U8, uw = w == DType::U8;
      ux ? (uw ? convolve<uint8_t, uint8_t, int32_t>(wide, geometry) : convolve<uint8_t, int8_t, int32_t>(wide, geometry))
         : (uw ? convolve<int8_t, uint8_t, int32_t>(wide, geometry) : convolve<int8_t, int8_t, int32_t>(wide, geometry));
      return absl::OkStatus();
    }
    return dispatchFloat(x, [&](auto tag) {
      using T = typename decltype(tag)::type;
      convolve<T, T, T>(wide, geometry);
      return absl::OkStatus();
    });
  });
}

absl::Status convTranspose(KernelContext &context) {
  // The transposed geometry: the op's output plays the convolution's input.
  Geometry geometry(context, context.outputs[0].shape(), context.inputs[1].shape(), context.inputs[0].shape());
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      convolveTransposed<typename decltype(tag)::type>(wide, geometry);
      return absl::OkStatus();
    });
  });
}

} // namespace ncc::ops

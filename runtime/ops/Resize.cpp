// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernel of resize: one dim at a time, each output position a weighted sum of input positions.
#include "runtime/ops/ResizeTaps.h"
#include "runtime/ops/Support.h"

#include <algorithm>
#include <cmath>

namespace ncc::ops {

namespace {

struct ResizeOptions {
  std::string mode, coordinates, nearest;
  double cubic, extrapolation;
  bool excludeOutside, antialias;

  explicit ResizeOptions(const Attributes &attrs)
      : mode(attrs.getString("mode", "nearest")), coordinates(attrs.getString("coordinate_mode", "half_pixel")),
        nearest(attrs.getString("nearest_mode", "round_prefer_floor")), cubic(attrs.getFloat("cubic_coeff", -0.75)),
        extrapolation(attrs.getFloat("extrapolation_value", 0)),
        excludeOutside(attrs.getInt("exclude_outside", 0) != 0), antialias(attrs.getInt("antialias", 0) != 0) {}
};

/// Where output position x of one dim lies in the input. Float arithmetic decides ties as ONNX does in double.
double sourceOf(double x, double in, double out, double scale, double low, double high, std::string_view mode) {
  if (mode == "align_corners") {
    double width = scale * in;
    return width == 1 || out == 1 ? 0 : x * (in - 1) / (width - 1);
  }
  if (mode == "asymmetric") {
    return x / scale;
  }
  if (mode == "tf_crop_and_resize") {
    return out > 1 ? low * (in - 1) + x * (high - low) * (in - 1) / (out - 1) : 0.5 * (low + high) * (in - 1);
  }
  if (mode == "pytorch_half_pixel") {
    return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
  }
  if (mode == "tf_half_pixel_for_nn") {
    return (x + 0.5) / scale;
  }
  if (mode == "half_pixel_symmetric") {
    return in / 2 * (1 - out / (scale * in)) + (x + 0.5) / scale - 0.5;
  }
  return (x + 0.5) / scale - 0.5;
}

double cubicWeight(double distance, double a) {
  double t = std::fabs(distance);
  if (t <= 1) {
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  }
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

int64_t nearestOf(double at, std::string_view mode) {
  double rounded = mode == "floor" ? std::floor(at)
                   : mode == "ceil" ? std::ceil(at)
                   : mode == "round_prefer_ceil" ? std::floor(at + 0.5) : std::ceil(at - 0.5);
  return static_cast<int64_t>(rounded);
}

/// What rounding leaves of a weight of zero; far below half a unit of f32.
constexpr double kNoWeight = 0x1p-40;

Taps tapsOf(double at, int64_t in, double scale, const ResizeOptions &options) {
  Taps taps;
  if (options.mode == "nearest") {
    taps.index = {std::clamp<int64_t>(nearestOf(at, options.nearest), 0, in - 1)};
    taps.weight = {1};
    return taps;
  }
  double stretch = options.antialias ? std::min(scale, 1.0) : 1.0;
  double reach = options.mode == "linear" ? 1 : 2;
  int64_t start = static_cast<int64_t>(std::floor(-reach / stretch)) + 1;
  int64_t base = static_cast<int64_t>(std::ceil(at)) - 1;
  double ratio = at - static_cast<double>(base), total = 0;
  for (int64_t i = start; i <= 1 - start; ++i) {
    double distance = (static_cast<double>(i) - ratio) * stretch;
    double weight = options.mode == "linear" ? std::max(1 - std::fabs(distance), 0.0) : cubicWeight(distance, options.cubic);
    bool outside = base + i < 0 || base + i >= in;
    if (options.excludeOutside && outside) {
      weight = 0;
    }
    total += weight;
    if (std::fabs(weight) > kNoWeight) {
      taps.index.push_back(std::clamp<int64_t>(base + i, 0, in - 1));
      taps.weight.push_back(weight);
    }
  }
  if (options.antialias || options.excludeOutside) {
    for (double &weight : taps.weight) {
      weight /= total;
    }
  }
  return taps;
}

template <typename T>
Tensor resizeDim(const Tensor &x, int64_t dim, int64_t size, const std::vector<Taps> &taps, double extrapolation) {
  Shape shape = x.shape();
  shape[dim] = size;
  Tensor y(x.dtype(), shape);
  AxisView view = axisView(x.shape(), dim);
  const T *in = x.as<T>().data();
  T *out = y.mutableAs<T>().data();
  std::vector<double> row(static_cast<size_t>(view.inner));
  for (int64_t o = 0; o < view.outer; ++o) {
    for (int64_t i = 0; i < size; ++i) {
      T *target = out + (o * size + i) * view.inner;
      if (taps[i].outside) {
        std::fill_n(target, view.inner, static_cast<T>(extrapolation));
        continue;
      }
      if (taps[i].index.size() == 1 && taps[i].weight[0] == 1) {
        std::copy_n(in + (o * view.size + taps[i].index[0]) * view.inner, view.inner, target);
        continue;
      }
      std::fill(row.begin(), row.end(), 0.0);
      for (size_t k = 0; k < taps[i].index.size(); ++k) {
        const T *source = in + (o * view.size + taps[i].index[k]) * view.inner;
        for (int64_t j = 0; j < view.inner; ++j) {
          row[j] += taps[i].weight[k] * static_cast<double>(source[j]);
        }
      }
      for (int64_t j = 0; j < view.inner; ++j) {
        target[j] = static_cast<T>(row[j]);
      }
    }
  }
  return y;
}

/// The crop of a dim: its first and last place as shares of the dim.
std::pair<double, double> cropOf(const Attributes &attrs, int64_t dim, int64_t rank) {
  std::vector<double> roi = attrs.getFloats("roi");
  return roi.empty() ? std::pair(0.0, 1.0) : std::pair(roi[static_cast<size_t>(dim)], roi[static_cast<size_t>(dim + rank)]);
}

} // namespace

bool resizesDim(const Attributes &attrs, int64_t dim, int64_t rank, int64_t in, int64_t out) {
  const bool crops = attrs.getString("coordinate_mode", "half_pixel") == "tf_crop_and_resize" && cropOf(attrs, dim, rank) != std::pair(0.0, 1.0);
  return in != out || attrs.getFloats("scales")[static_cast<size_t>(dim)] != 1.0 || crops;
}

std::vector<Taps> resizeTaps(const Attributes &attrs, int64_t dim, int64_t rank, int64_t in, int64_t out) {
  const ResizeOptions options(attrs);
  const double scale = attrs.getFloats("scales")[static_cast<size_t>(dim)];
  const auto [low, high] = cropOf(attrs, dim, rank);
  const bool crops = options.coordinates == "tf_crop_and_resize";
  std::vector<Taps> taps;
  taps.reserve(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double at = sourceOf(static_cast<double>(i), static_cast<double>(in), static_cast<double>(out), scale, low, high, options.coordinates);
    taps.push_back(tapsOf(at, in, scale, options));
    taps.back().outside = crops && (at < 0 || at > static_cast<double>(in - 1));
  }
  return taps;
}

absl::Status resize(KernelContext &context) {
  const double extrapolation = ResizeOptions(context.attrs).extrapolation;
  return runWidened(context, [&](KernelContext &wide) {
    return dispatch(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      Tensor current = wide.inputs[0];
      const int64_t rank = current.rank();
      for (int64_t d = 0; d < rank; ++d) {
        const int64_t in = current.shape()[d], out = wide.outputs[0].shape()[d];
        if (resizesDim(context.attrs, d, rank, in, out)) {
          current = resizeDim<T>(current, d, out, resizeTaps(context.attrs, d, rank, in, out), extrapolation);
        }
      }
      wide.outputs[0] = current;
      return absl::OkStatus();
    });
  });
}

} // namespace ncc::ops

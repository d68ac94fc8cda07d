// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernel of grid_sample over any number of spatial dims.
#include "runtime/ops/Support.h"

#include <cmath>

namespace ncc::ops {

namespace {

double reflect(double x, double low, double high) {
  double range = high - low;
  if (range <= 0) {
    return low;
  }
  double t = std::fmod(std::fabs(x - low), 2 * range);
  return low + (t > range ? 2 * range - t : t);
}

struct Sampler {
  std::string mode, padding;
  bool alignCorners;
  std::vector<int64_t> dims;

  /// The neighbours of a coordinate along one dim and their weights; index -1 reads zero.
  void neighbours(double g, int64_t size, std::vector<int64_t> &index, std::vector<double> &weight) const {
    double n = static_cast<double>(size);
    double low = alignCorners ? 0 : -0.5, high = alignCorners ? n - 1 : n - 0.5;
    double x = alignCorners ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
    if (mode == "nearest") {
      x = std::nearbyint(x);
    }
    if (x < low || x > high) {
      x = padding == "border" ? std::fmin(std::fmax(x, 0), n - 1) : padding == "reflection" ? reflect(x, low, high) : x;
    }
    int64_t base = static_cast<int64_t>(std::floor(x));
    double t = x - static_cast<double>(base);
    index.clear();
    weight.clear();
    if (mode == "nearest") {
      push(static_cast<int64_t>(std::nearbyint(x)), size, 1, index, weight);
    } else if (mode == "linear") {
      push(base, size, 1 - t, index, weight);
      push(base + 1, size, t, index, weight);
    } else {
      constexpr double a = -0.75;
      for (int64_t i = -1; i <= 2; ++i) {
        double d = std::fabs(t - static_cast<double>(i));
        double w = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
        push(base + i, size, w, index, weight);
      }
    }
  }

private:
  void push(int64_t i, int64_t size, double w, std::vector<int64_t> &index, std::vector<double> &weight) const {
    if (i < 0 || i >= size) {
      double low = alignCorners ? 0 : -0.5, high = alignCorners ? double(size) - 1 : double(size) - 0.5;
      i = padding == "border" ? (i < 0 ? 0 : size - 1)
          : padding == "reflection"
              ? std::min(std::max<int64_t>(static_cast<int64_t>(reflect(static_cast<double>(i), low, high)), 0), size - 1)
              : -1;
    }
    index.push_back(i);
    weight.push_back(w);
  }
};

} // namespace

absl::Status gridSample(KernelContext &context) {
  Sampler sampler{context.attrs.getString("mode", "linear"), context.attrs.getString("padding", "zeros"),
                  context.attrs.getInt("align_corners", 0) != 0, {}};
  return runWidened(context, [&](KernelContext &wide) {
    const Tensor &x = wide.inputs[0], &grid = wide.inputs[1];
    Tensor &y = wide.outputs[0];
    int64_t spatial = x.rank() - 2, batch = x.shape()[0], channels = x.shape()[1];
    int64_t inSize = 1, points = batch ? grid.size() / batch / spatial : 0;
    for (int64_t d = 0; d < spatial; ++d) {
      inSize *= x.shape()[d + 2];
    }
    std::vector<int64_t> index, flat, nextFlat;
    std::vector<double> weight, product, nextProduct;
    for (int64_t p = 0; p < batch * points; ++p) {
      flat.assign(1, 0);
      product.assign(1, 1.0);
      for (int64_t d = 0; d < spatial; ++d) { // the grid names the last dim first
        int64_t size = x.shape()[d + 2];
        sampler.neighbours(grid.asDouble(p * spatial + spatial - 1 - d), size, index, weight);
        nextFlat.clear();
        nextProduct.clear();
        for (size_t i = 0; i < flat.size(); ++i) {
          for (size_t k = 0; k < index.size(); ++k) {
            nextFlat.push_back(flat[i] < 0 || index[k] < 0 ? -1 : flat[i] * size + index[k]);
            nextProduct.push_back(product[i] * weight[k]);
          }
        }
        flat.swap(nextFlat);
        product.swap(nextProduct);
      }
      for (int64_t c = 0; c < channels; ++c) {
        int64_t image = (p / points * channels + c) * inSize;
        double sum = 0;
        for (size_t i = 0; i < flat.size(); ++i) {
          sum += flat[i] < 0 ? 0 : product[i] * x.asDouble(image + flat[i]);
        }
        y.setDouble((p / points * channels + c) * points + p % points, sum);
      }
    }
    return absl::OkStatus();
  });
}

} // namespace ncc::ops

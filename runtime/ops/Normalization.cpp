// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of softmax and the normalizations. Sums are taken in double.
#include "runtime/ops/Support.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ncc::ops {

absl::Status softmax(KernelContext &context) {
  AxisView view = axisView(context.inputs[0].shape(), context.attrs.getInt("axis", 0));
  bool log = context.attrs.getInt("log", 0) != 0;
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
          int64_t base = o * view.size * view.inner + i;
          const T *x = wide.inputs[0].template as<T>().data() + base;
          T *y = wide.outputs[0].template mutableAs<T>().data() + base;
          T top = -std::numeric_limits<T>::infinity();
          for (int64_t k = 0; k < view.size; ++k) {
            top = std::max(top, x[k * view.inner]);
          }
          double sum = 0;
          for (int64_t k = 0; k < view.size; ++k) {
            T e = std::exp(x[k * view.inner] - top);
            y[k * view.inner] = e;
            sum += e;
          }
          for (int64_t k = 0; k < view.size; ++k) {
            T &out = y[k * view.inner];
            out = log ? static_cast<T>(x[k * view.inner] - top - std::log(sum)) : static_cast<T>(out / sum);
          }
        }
      }
      return absl::OkStatus();
    });
  });
}

namespace {

/// scale and bias broadcast to the normalized dims, as flat arrays; empty when absent.
template <typename T>
std::vector<T> spread(const Tensor &operand, absl::Span<const int64_t> tail) {
  std::vector<T> out(static_cast<size_t>(numElements(tail)));
  Shape strides = broadcastStrides(operand.shape(), tail);
  int64_t rank = static_cast<int64_t>(tail.size()), row = rank ? tail[rank - 1] : 1;
  forEachRow<1>(tail, {strides}, [&](int64_t first, const std::array<int64_t, 1> &at) {
    for (int64_t i = 0; i < row; ++i) {
      out[first + i] = operand.as<T>()[at[0] + (rank ? i * strides[rank - 1] : 0)];
    }
  });
  return out;
}

absl::Status normalize(KernelContext &context, bool center) {
  int64_t axis = context.attrs.getInt("axis", 0);
  double epsilon = context.attrs.getFloat("epsilon", 1e-5);
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const Tensor &x = wide.inputs[0];
      Shape tail(x.shape().begin() + axis, x.shape().end());
      std::vector<T> scale = spread<T>(wide.inputs[1], tail), bias;
      if (center && present(wide, 2)) {
        bias = spread<T>(wide.inputs[2], tail);
      }
      int64_t size = numElements(tail), rows = size ? x.size() / size : 0;
      for (int64_t r = 0; r < rows; ++r) {
        const T *in = x.as<T>().data() + r * size;
        T *out = wide.outputs[0].template mutableAs<T>().data() + r * size;
        // Each step of the standard's definition overflows in the type it is computed in.
        double sum = 0, square = 0;
        for (int64_t i = 0; center && i < size; ++i) {
          sum += in[i];
        }
        const T mean = static_cast<T>(static_cast<T>(sum) / static_cast<T>(size));
        for (int64_t i = 0; i < size; ++i) {
          const T distance = in[i] - mean;
          square += static_cast<T>(distance * distance);
        }
        const double variance = static_cast<double>(static_cast<T>(square)) / static_cast<double>(size);
        const double factor = 1 / std::sqrt(variance + epsilon);
        for (int64_t i = 0; i < size; ++i) {
          const double value = static_cast<double>(in[i] - mean) * factor * scale[i];
          out[i] = static_cast<T>(bias.empty() ? value : value + bias[i]);
        }
      }
      return absl::OkStatus();
    });
  });
}

} // namespace

absl::Status layerNorm(KernelContext &context) { return normalize(context, true); }
absl::Status rmsNorm(KernelContext &context) { return normalize(context, false); }

absl::Status lrn(KernelContext &context) {
  int64_t size = context.attrs.getInt("size", 1);
  double alpha = context.attrs.getFloat("alpha", 1e-4), beta = context.attrs.getFloat("beta", 0.75);
  double bias = context.attrs.getFloat("bias", 1);
  AxisView view = axisView(context.inputs[0].shape(), 1);
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T *x = wide.inputs[0].template as<T>().data();
      T *y = wide.outputs[0].template mutableAs<T>().data();
      for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t c = 0; c < view.size; ++c) {
          int64_t low = std::max<int64_t>(c - (size - 1) / 2, 0), high = std::min(c + size / 2, view.size - 1);
          for (int64_t i = 0; i < view.inner; ++i) {
            double sum = 0;
            for (int64_t k = low; k <= high; ++k) {
              double value = x[(o * view.size + k) * view.inner + i];
              sum += value * value;
            }
            int64_t at = (o * view.size + c) * view.inner + i;
            y[at] = static_cast<T>(x[at] / std::pow(bias + alpha / static_cast<double>(size) * sum, beta));
          }
        }
      }
      return absl::OkStatus();
    });
  });
}

} // namespace ncc::ops

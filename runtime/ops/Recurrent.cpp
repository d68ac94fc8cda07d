// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of lstm, gru and rnn with ONNX's gate order and options.
#include "runtime/ops/Gemm.h"
#include "runtime/ops/Support.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>

namespace ncc::ops {

namespace {

using Function = std::function<double(double)>;

/// An activation by its ONNX name; alpha and beta are consumed by the functions that have them.
class ActivationSource {
public:
  explicit ActivationSource(const Attributes &attrs)
      : alphas(attrs.getFloats("activation_alpha")), betas(attrs.getFloats("activation_beta")) {
    if (const AttrValue *value = attrs.find("activations")) {
      if (const auto *list = std::get_if<std::vector<std::string>>(value)) {
        names = *list;
      }
    }
  }

  Function next(std::string_view fallback) {
    std::string name(nextName < names.size() ? std::string_view(names[nextName]) : fallback);
    ++nextName;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name == "sigmoid") {
      return [](double x) { return 1 / (1 + std::exp(-x)); };
    }
    if (name == "tanh") {
      return [](double x) { return std::tanh(x); };
    }
    if (name == "relu") {
      return [](double x) { return x < 0 ? 0 : x; };
    }
    if (name == "softsign") {
      return [](double x) { return x / (1 + std::fabs(x)); };
    }
    if (name == "softplus") {
      return [](double x) { return std::log1p(std::exp(-std::fabs(x))) + std::max(x, 0.0); };
    }
    if (name == "leakyrelu") {
      return [a = alpha(0.01)](double x) { return x < 0 ? a * x : x; };
    }
    if (name == "thresholdedrelu") {
      return [a = alpha(1)](double x) { return x > a ? x : 0; };
    }
    if (name == "elu") {
      return [a = alpha(1)](double x) { return x < 0 ? a * std::expm1(x) : x; };
    }
    double a = alpha(name == "hardsigmoid" ? 0.2 : 1), b = beta(name == "hardsigmoid" ? 0.5 : name == "affine" ? 0 : 1);
    if (name == "hardsigmoid") {
      return [a, b](double x) { return std::clamp(a * x + b, 0.0, 1.0); };
    }
    if (name == "scaledtanh") {
      return [a, b](double x) { return a * std::tanh(b * x); };
    }
    return [a, b](double x) { return a * x + b; };
  }

private:
  double alpha(double fallback) { return nextAlpha < alphas.size() ? alphas[nextAlpha++] : fallback; }
  double beta(double fallback) { return nextBeta < betas.size() ? betas[nextBeta++] : fallback; }

  std::vector<std::string> names;
  std::vector<double> alphas, betas;
  size_t nextName = 0, nextAlpha = 0, nextBeta = 0;
};

/// One direction of a recurrent layer: sizes, weights transposed for row products, state.
struct Layer {
  int64_t time, batch, input, hidden, gates, dirs;
  const KernelContext &context;
  std::vector<float> w, r, bias, h, c;

  Layer(const KernelContext &context, int64_t gates)
      : time(context.inputs[0].shape()[0]), batch(context.inputs[0].shape()[1]), input(context.inputs[0].shape()[2]),
        hidden(context.inputs[2].shape()[2]), gates(gates), dirs(context.inputs[1].shape()[0]), context(context) {}

  void load(int64_t d, bool hasCell) {
    int64_t rows = gates * hidden;
    w = transposed<float>(context.inputs[1].as<float>().data() + d * rows * input, rows, input);
    r = transposed<float>(context.inputs[2].as<float>().data() + d * rows * hidden, rows, hidden);
    bias.assign(static_cast<size_t>(2 * rows), 0.0f);
    if (present(context, 3)) {
      std::copy_n(context.inputs[3].as<float>().data() + d * 2 * rows, 2 * rows, bias.begin());
    }
    h = state(5, d);
    if (hasCell) {
      c = state(6, d);
    }
  }

  std::vector<float> state(size_t operand, int64_t d) const {
    std::vector<float> values(static_cast<size_t>(batch * hidden), 0.0f);
    if (present(context, operand)) {
      std::copy_n(context.inputs[operand].as<float>().data() + d * batch * hidden, batch * hidden, values.begin());
    }
    return values;
  }

  int64_t length(int64_t b) const {
    return present(context, 4) ? std::clamp<int64_t>(context.inputs[4].asInt(b), 0, time) : time;
  }

  /// x[t] w + h r for one batch element: the gates' two halves, without biases.
  void products(int64_t t, int64_t b, std::vector<float> &xw, std::vector<float> &hr) const {
    int64_t rows = gates * hidden;
    xw.assign(static_cast<size_t>(rows), 0.0f);
    hr.assign(static_cast<size_t>(rows), 0.0f);
    gemm(1, rows, input, context.inputs[0].as<float>().data() + (t * batch + b) * input, input, w.data(), rows,
         xw.data(), rows);
    gemm(1, rows, hidden, h.data() + b * hidden, hidden, r.data(), rows, hr.data(), rows);
  }

  /// Runs step(t, b) over the valid steps of a direction and stores h into y and the last states.
  template <typename Step>
  void run(int64_t d, bool reverse, Step &&step) {
    float *y = context.outputs[0].size() ? const_cast<float *>(context.outputs[0].as<float>().data()) : nullptr;
    for (int64_t b = 0; b < batch; ++b) {
      int64_t steps = length(b);
      for (int64_t s = 0; s < steps; ++s) {
        int64_t t = reverse ? steps - 1 - s : s;
        step(t, b);
        std::copy_n(h.data() + b * hidden, hidden, y + ((t * dirs + d) * batch + b) * hidden);
      }
    }
    std::copy_n(h.data(), batch * hidden, const_cast<float *>(context.outputs[1].as<float>().data()) + d * batch * hidden);
    if (!c.empty()) {
      std::copy_n(c.data(), batch * hidden,
                  const_cast<float *>(context.outputs[2].as<float>().data()) + d * batch * hidden);
    }
  }
};

bool isReverse(const KernelContext &context, int64_t d) {
  return context.attrs.getString("direction", "forward") == "reverse" || d == 1;
}

double clipped(double value, double clip) { return clip > 0 ? std::clamp(value, -clip, clip) : value; }

absl::Status runLstm(KernelContext &context) {
  Layer layer(context, 4);
  ActivationSource source(context.attrs);
  double clip = context.attrs.getFloat("clip", 0);
  bool inputForget = context.attrs.getInt("input_forget", 0) != 0;
  int64_t n = layer.hidden;
  std::vector<float> xw, hr;
  for (int64_t d = 0; d < layer.dirs; ++d) {
    Function f = source.next("Sigmoid"), g = source.next("Tanh"), out = source.next("Tanh");
    layer.load(d, true);
    const float *p = present(context, 7) ? context.inputs[7].as<float>().data() + d * 3 * n : nullptr;
    layer.run(d, isReverse(context, d), [&](int64_t t, int64_t b) {
      layer.products(t, b, xw, hr);
      for (int64_t i = 0; i < n; ++i) {
        float &c = layer.c[b * n + i];
        auto gate = [&](int64_t k) { return double(xw[k * n + i]) + hr[k * n + i] + layer.bias[k * n + i] + layer.bias[(4 + k) * n + i]; };
        double in = f(clipped(gate(0) + (p ? p[i] * c : 0), clip));
        double forget = inputForget ? 1 - in : f(clipped(gate(2) + (p ? p[2 * n + i] * c : 0), clip));
        double next = forget * c + in * g(clipped(gate(3), clip));
        double open = f(clipped(gate(1) + (p ? p[n + i] * next : 0), clip));
        c = static_cast<float>(next);
        layer.h[b * n + i] = static_cast<float>(open * out(next));
      }
    });
  }
  return absl::OkStatus();
}

absl::Status runGru(KernelContext &context) {
  Layer layer(context, 3);
  ActivationSource source(context.attrs);
  double clip = context.attrs.getFloat("clip", 0);
  bool linearFirst = context.attrs.getInt("linear_before_reset", 0) != 0;
  int64_t n = layer.hidden;
  std::vector<float> xw, hr, reset(n), update(n), scaled(n), again(3 * n);
  for (int64_t d = 0; d < layer.dirs; ++d) {
    Function f = source.next("Sigmoid"), g = source.next("Tanh");
    layer.load(d, false);
    const std::vector<float> &bias = layer.bias;
    layer.run(d, isReverse(context, d), [&](int64_t t, int64_t b) {
      layer.products(t, b, xw, hr);
      float *h = layer.h.data() + b * n;
      for (int64_t i = 0; i < n; ++i) {
        update[i] = static_cast<float>(f(clipped(xw[i] + hr[i] + bias[i] + bias[3 * n + i], clip)));
        reset[i] = static_cast<float>(f(clipped(xw[n + i] + hr[n + i] + bias[n + i] + bias[4 * n + i], clip)));
        scaled[i] = reset[i] * h[i];
      }
      if (!linearFirst) {
        std::fill(again.begin(), again.end(), 0.0f);
        gemm(1, 3 * n, n, scaled.data(), n, layer.r.data(), 3 * n, again.data(), 3 * n);
      }
      for (int64_t i = 0; i < n; ++i) {
        double hidden = linearFirst ? reset[i] * (double(hr[2 * n + i]) + bias[5 * n + i])
                                    : double(again[2 * n + i]) + bias[5 * n + i];
        double candidate = g(clipped(xw[2 * n + i] + hidden + bias[2 * n + i], clip));
        h[i] = static_cast<float>((1 - update[i]) * candidate + double(update[i]) * h[i]);
      }
    });
  }
  return absl::OkStatus();
}

absl::Status runRnn(KernelContext &context) {
  Layer layer(context, 1);
  ActivationSource source(context.attrs);
  double clip = context.attrs.getFloat("clip", 0);
  int64_t n = layer.hidden;
  std::vector<float> xw, hr;
  for (int64_t d = 0; d < layer.dirs; ++d) {
    Function f = source.next("Tanh");
    layer.load(d, false);
    layer.run(d, isReverse(context, d), [&](int64_t t, int64_t b) {
      layer.products(t, b, xw, hr);
      for (int64_t i = 0; i < n; ++i) {
        double sum = double(xw[i]) + hr[i] + layer.bias[i] + layer.bias[n + i];
        layer.h[b * n + i] = static_cast<float>(f(clipped(sum, clip)));
      }
    });
  }
  return absl::OkStatus();
}

/// Float layers only; narrow floats are widened, double is computed in float.
absl::Status runFloat(KernelContext &context, absl::FunctionRef<absl::Status(KernelContext &)> run) {
  return runWidened(context, [&](KernelContext &wide) -> absl::Status {
    if (wide.inputs[0].dtype() != DType::F32) {
      return absl::UnimplementedError("recurrent layers need float");
    }
    return run(wide);
  });
}

} // namespace

absl::Status lstm(KernelContext &context) { return runFloat(context, runLstm); }
absl::Status gru(KernelContext &context) { return runFloat(context, runGru); }
absl::Status rnn(KernelContext &context) { return runFloat(context, runRnn); }

} // namespace ncc::ops

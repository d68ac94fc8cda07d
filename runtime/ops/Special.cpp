// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of bit casts, determinants and n-gram counts.
#include "runtime/ops/Support.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

namespace ncc::ops {

absl::Status bitcast(KernelContext &context) {
  const Tensor &x = context.inputs[0];
  Tensor &out = context.outputs[0];
  if (dtypeSize(x.dtype()) != dtypeSize(out.dtype()) || x.size() != out.size()) {
    return absl::InvalidArgumentError("a bit cast needs types of the same size");
  }
  for (int64_t i = 0; packedBits(out.dtype()) < 8 && i < x.size(); ++i) { // the spare bits follow the type
    out.setInt(i, static_cast<const int8_t *>(x.data())[i]);
  }
  if (packedBits(out.dtype()) >= 8 && x.byteSize() > 0) {
    std::memcpy(out.mutableData(), x.data(), x.byteSize());
  }
  return absl::OkStatus();
}

/// Elimination with partial pivots, in double.
static double determinantOf(std::vector<double> &m, int64_t n) {
  double result = 1;
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      pivot = std::fabs(m[i * n + k]) > std::fabs(m[pivot * n + k]) ? i : pivot;
    }
    if (m[pivot * n + k] == 0) {
      return 0;
    }
    if (pivot != k) {
      std::swap_ranges(m.begin() + k * n, m.begin() + (k + 1) * n, m.begin() + pivot * n);
      result = -result;
    }
    result *= m[k * n + k];
    for (int64_t i = k + 1; i < n; ++i) {
      double factor = m[i * n + k] / m[k * n + k];
      for (int64_t j = k; j < n; ++j) {
        m[i * n + j] -= factor * m[k * n + j];
      }
    }
  }
  return result;
}

absl::Status determinant(KernelContext &context) {
  const Tensor &x = context.inputs[0];
  if (x.rank() < 2 || x.shape()[x.rank() - 1] != x.shape()[x.rank() - 2] || context.outputs[0].size() * x.shape()[x.rank() - 1] * x.shape()[x.rank() - 1] != x.size()) {
    return absl::InvalidArgumentError("needs square matrices");
  }
  int64_t n = x.shape()[x.rank() - 1];
  std::vector<double> matrix(static_cast<size_t>(n * n));
  for (int64_t b = 0; b < context.outputs[0].size(); ++b) {
    for (int64_t i = 0; i < n * n; ++i) {
      matrix[i] = x.asDouble(b * n * n + i);
    }
    context.outputs[0].setDouble(b, determinantOf(matrix, n));
  }
  return absl::OkStatus();
}

/// Gauss-Seidel steps on the probabilities p of the pairwise ones r, as libsvm takes them.
static void couple(const std::vector<double> &r, std::vector<double> &p) {
  size_t k = p.size();
  std::vector<double> q(k * k, 0), qp(k);
  for (size_t t = 0; t < k; ++t) {
    p[t] = 1.0 / static_cast<double>(k);
    for (size_t j = 0; j < k; ++j) {
      if (j != t) {
        q[t * k + t] += r[j * k + t] * r[j * k + t];
        q[t * k + j] = -r[j * k + t] * r[t * k + j];
      }
    }
  }
  for (int round = 0; round < 100; ++round) {
    double all = 0, error = 0;
    for (size_t t = 0; t < k; ++t) {
      qp[t] = 0;
      for (size_t j = 0; j < k; ++j) {
        qp[t] += q[t * k + j] * p[j];
      }
      all += p[t] * qp[t];
    }
    for (size_t t = 0; t < k; ++t) {
      error = std::max(error, std::fabs(qp[t] - all));
    }
    if (error < 0.005 / static_cast<double>(k)) {
      return;
    }
    for (size_t t = 0; t < k; ++t) {
      double step = (all - qp[t]) / q[t * k + t];
      p[t] += step;
      all = (all + step * (step * q[t * k + t] + 2 * qp[t])) / (1 + step) / (1 + step);
      for (size_t j = 0; j < k; ++j) {
        qp[j] = (qp[j] + step * q[t * k + j]) / (1 + step);
        p[j] /= 1 + step;
      }
    }
  }
}

absl::Status pairwiseCoupling(KernelContext &context) {
  const Tensor &x = context.inputs[0];
  Tensor &out = context.outputs[0];
  std::vector<double> a = context.attrs.getFloats("a"), b = context.attrs.getFloats("b");
  size_t classes = out.rank() == 2 ? static_cast<size_t>(out.shape()[1]) : 0, pairs = classes * (classes - 1) / 2;
  if (classes < 2 || x.rank() != 2 || x.shape()[0] != out.shape()[0] || static_cast<size_t>(x.shape()[1]) != pairs || a.size() != pairs || b.size() != pairs) {
    return absl::InvalidArgumentError("needs a decision value, an a and a b per pair of classes");
  }
  std::vector<double> r(classes * classes), p(classes);
  for (int64_t row = 0; row < out.shape()[0]; ++row) {
    size_t pair = 0;
    for (size_t i = 0; i < classes; ++i) {
      for (size_t j = i + 1; j < classes; ++j, ++pair) {
        double value = x.asDouble(row * static_cast<int64_t>(pairs) + static_cast<int64_t>(pair)) * a[pair] + b[pair];
        r[i * classes + j] = std::clamp(1 / (1 + std::exp(value)), 1e-7, 1 - 1e-7);
        r[j * classes + i] = 1 - r[i * classes + j];
      }
    }
    couple(r, p);
    for (size_t i = 0; i < classes; ++i) {
      out.setDouble(row * static_cast<int64_t>(classes) + static_cast<int64_t>(i), p[i]);
    }
  }
  return absl::OkStatus();
}

absl::Status tfidf(KernelContext &context) {
  std::vector<int64_t> counts = context.attrs.getInts("ngram_counts"), indexes = context.attrs.getInts("ngram_indexes");
  std::vector<int64_t> pool = context.attrs.getInts("pool");
  std::vector<double> weights = context.attrs.getFloats("weights");
  int64_t least = context.attrs.getInt("min_gram", 1), most = context.attrs.getInt("max_gram", 1);
  int64_t skips = context.attrs.getInt("max_skip", 0);
  std::string mode = context.attrs.getString("mode", "TF");
  if (context.inputs[0].rank() < 1 || context.outputs[0].rank() < 1 || least < 1 || most > 1024 || skips < 0) {
    return absl::InvalidArgumentError("needs rows, and gram lengths of at least one");
  }
  for (int64_t start : counts) {
    if (start < 0 || start > static_cast<int64_t>(pool.size())) {
      return absl::InvalidArgumentError("n-gram counts lie outside the pool");
    }
  }
  for (int64_t index : indexes) {
    if (index < 0 || index >= context.outputs[0].shape()[context.outputs[0].rank() - 1]) {
      return absl::InvalidArgumentError("an n-gram index lies outside the result");
    }
  }
  std::map<std::vector<int64_t>, size_t> grams; // n-gram -> its number
  size_t number = 0;
  for (size_t n = 1; n <= counts.size(); ++n) {
    size_t end = n < counts.size() ? static_cast<size_t>(counts[n]) : pool.size();
    for (auto at = static_cast<size_t>(counts[n - 1]); at + n <= end; at += n, ++number) {
      grams.emplace(std::vector<int64_t>(pool.begin() + static_cast<ptrdiff_t>(at), pool.begin() + static_cast<ptrdiff_t>(at + n)), number);
    }
  }
  const Tensor &x = context.inputs[0];
  Tensor &out = context.outputs[0];
  int64_t columns = x.shape()[x.rank() - 1];
  skips = std::min(skips, columns); // no gram is longer than a row
  if (columns == 0 || number > indexes.size() || out.size() / out.shape()[out.rank() - 1] * columns != x.size()) {
    return number > indexes.size() ? absl::InvalidArgumentError("an n-gram has no index") : absl::OkStatus();
  }
  int64_t width = out.shape()[out.rank() - 1], rows = width ? out.size() / width : 0;
  std::vector<int64_t> gram;
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<double> found(static_cast<size_t>(width), 0);
    for (int64_t n = least; n <= most; ++n) {
      for (int64_t skip = 1; skip <= (n == 1 ? 1 : skips + 1); ++skip) {
        for (int64_t start = 0; start + (n - 1) * skip < columns; ++start) {
          gram.clear();
          for (int64_t k = 0; k < n; ++k) {
            gram.push_back(x.asInt(r * columns + start + k * skip));
          }
          if (auto it = grams.find(gram); it != grams.end()) {
            found[static_cast<size_t>(indexes[it->second])] += 1;
          }
        }
      }
    }
    // Weights stand by number of n-gram.
    for (size_t g = 0; g < indexes.size(); ++g) {
      auto at = static_cast<size_t>(indexes[g]);
      double weight = g < weights.size() ? weights[g] : 1, count = found[at];
      double value = mode == "TF" ? count : mode == "IDF" ? (count > 0 ? weight : 0) : count * weight;
      out.setDouble(r * width + static_cast<int64_t>(at), value);
    }
  }
  return absl::OkStatus();
}

} // namespace ncc::ops

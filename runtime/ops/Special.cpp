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
  if (dtypeSize(x.dtype()) != dtypeSize(out.dtype())) {
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

absl::Status tfidf(KernelContext &context) {
  std::vector<int64_t> counts = context.attrs.getInts("ngram_counts"), indexes = context.attrs.getInts("ngram_indexes");
  std::vector<int64_t> pool = context.attrs.getInts("pool");
  std::vector<double> weights = context.attrs.getFloats("weights");
  int64_t least = context.attrs.getInt("min_gram", 1), most = context.attrs.getInt("max_gram", 1);
  int64_t skips = context.attrs.getInt("max_skip", 0);
  std::string mode = context.attrs.getString("mode", "TF");
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
  int64_t columns = x.shape()[x.rank() - 1], width = out.shape()[out.rank() - 1], rows = width ? out.size() / width : 0;
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

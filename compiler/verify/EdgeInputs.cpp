// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/verify/EdgeInputs.h"

#include <cmath>
#include <limits>

namespace ncc::verify {

namespace {

/// The largest finite value of a float type and its smallest positive one.
std::pair<double, double> limitsOf(DType type) {
  switch (type) {
  case DType::F64: return {std::numeric_limits<double>::max(), std::numeric_limits<double>::denorm_min()};
  case DType::F16: return {65504.0, 0x1p-24};
  case DType::BF16: return {0x1.fep127, 0x1p-133};
  case DType::F8E4M3: return {448.0, 0x1p-9};
  case DType::F8E5M2: return {57344.0, 0x1p-16};
  default: return {static_cast<double>(std::numeric_limits<float>::max()), 0x1p-149};
  }
}

double ordinary(std::mt19937_64 &random) { return static_cast<double>(random() % 20001) / 10000 - 1; }

double drawFloat(DType type, InputKind kind, std::mt19937_64 &random) {
  const auto [most, least] = limitsOf(type);
  const double infinity = std::numeric_limits<double>::infinity();
  switch (kind) {
  case InputKind::Exact: {
    const double values[] = {0.0, -0.0, least, -least, 0.5, -0.5, 1.5, 2.5, 1.0, -1.0};
    const uint64_t pick = random() % 20;
    return pick < std::size(values) ? values[pick] : static_cast<double>(static_cast<int64_t>(random() % 401) - 200);
  }
  case InputKind::Special: { // few, so that what must stay ordinary is seen to
    const double values[] = {infinity, -infinity, std::nan("")};
    const uint64_t pick = random() % 48;
    return pick < std::size(values) ? values[pick] : ordinary(random);
  }
  case InputKind::Extreme: {
    // A product of four and a long sum stay below the largest number: where a sum overflows depends on its order.
    const double large = std::sqrt(std::sqrt(most));
    const double values[] = {large, -large, large / 2, 1 / large, least, -least};
    const uint64_t pick = random() % 24;
    return pick < std::size(values) ? values[pick] : ordinary(random);
  }
  default:
    return ordinary(random);
  }
}

int64_t drawInteger(DType type, std::mt19937_64 &random) {
  const unsigned bits = static_cast<unsigned>(packedBits(type));
  const uint64_t all = bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  const int64_t values[] = {0, 1, -1, INT64_MIN, INT64_MAX, int64_t{1} << 53, (int64_t{1} << 53) + 1, int64_t{1} << 32, int64_t{1} << 31,
                            static_cast<int64_t>(all >> 1), static_cast<int64_t>((all >> 1) + 1)};
  const uint64_t pick = random() % 24;
  return static_cast<int64_t>((pick < std::size(values) ? static_cast<uint64_t>(values[pick]) : random()) & all);
}

/// Some rows of a mask hide everything, some nothing.
void hideRows(Tensor &tensor, std::mt19937_64 &random) {
  const int64_t width = tensor.rank() ? tensor.shape().back() : 1, rows = width ? tensor.size() / width : 0;
  const double lowest = -limitsOf(tensor.dtype()).first;
  for (int64_t row = 0; row < rows; ++row) {
    const uint64_t pick = random() % 8;
    for (int64_t i = row * width; pick < 2 && i < (row + 1) * width; ++i) {
      if (isFloat(tensor.dtype())) {
        tensor.setDouble(i, pick == 0 ? -std::numeric_limits<double>::infinity() : lowest);
      } else {
        tensor.setInt(i, static_cast<int64_t>(pick));
      }
    }
  }
}

Tensor draw(const neff::TensorInfo &info, InputKind kind, bool wholeRange, std::mt19937_64 &random) {
  Tensor tensor(info.dtype, info.shape);
  const bool whole = wholeRange && kind == InputKind::Extreme && info.dtype != DType::Bool;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (isFloat(info.dtype)) {
      tensor.setDouble(i, drawFloat(info.dtype, kind, random));
    } else {
      tensor.setInt(i, whole ? drawInteger(info.dtype, random) : static_cast<int64_t>(random() % 2));
    }
  }
  if (kind == InputKind::Special && tensor.rank() >= 2) {
    hideRows(tensor, random);
  }
  return tensor;
}

} // namespace

std::string_view inputKindName(InputKind kind) {
  switch (kind) {
  case InputKind::Exact: return "exact";
  case InputKind::Special: return "special";
  case InputKind::Extreme: return "extreme";
  default: return "ordinary";
  }
}

InputKind kindOfRun(uint64_t run, uint64_t runs, uint64_t edge) {
  // The last runs are the edge runs; a share above zero is one run at least, and the first run is always ordinary.
  const uint64_t edges = edge == 0 || runs < 2 ? 0 : std::min(runs - 1, std::max<uint64_t>(1, runs * edge / 100));
  if (run < runs - edges) {
    return InputKind::Ordinary;
  }
  constexpr InputKind kKinds[] = {InputKind::Special, InputKind::Exact, InputKind::Extreme};
  return kKinds[(run - (runs - edges)) % std::size(kKinds)];
}

std::vector<Tensor> drawInputs(const std::vector<neff::TensorInfo> &infos, InputKind kind, bool wholeRange, std::mt19937_64 &random) {
  std::vector<Tensor> inputs;
  for (const neff::TensorInfo &info : infos) {
    inputs.push_back(draw(info, kind, wholeRange, random));
  }
  return inputs;
}

} // namespace ncc::verify

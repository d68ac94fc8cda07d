// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Kernels cosine_window(size), mel_weights(bins, transform, rate, low, high) and grid_positions(size): tables made of numbers
// that are known at run time only.
#include "runtime/ops/host/Tables.h"

#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <cmath>

namespace ncc::ops {

absl::StatusOr<Tensor> cosineWindow(DType dtype, int64_t size, std::array<double, 3> a, bool periodic) {
  if (size < 0 || size > (1 << 24)) {
    return invalid("a window's size must lie between 0 and 2^24");
  }
  Tensor window(dtype, {size});
  const double n = static_cast<double>(size) - (periodic ? 0 : 1);
  for (int64_t i = 0; i < size; ++i) {
    const double angle = n > 0 ? 2 * M_PI * static_cast<double>(i) / n : M_PI; // one sample is the middle
    window.setDouble(i, a[0] - a[1] * std::cos(angle) + a[2] * std::cos(2 * angle));
  }
  return window;
}

absl::StatusOr<Tensor> melWeights(DType dtype, const MelBank &bank) {
  const int64_t rows = bank.transform / 2 + 1;
  if (bank.bins < 1 || bank.transform < 0 || !(bank.rate > 0) || bank.bins > (1 << 20) || rows > (int64_t{1} << 26) / bank.bins) {
    return invalid("its sizes and its sample rate must be positive, and the matrix not too large");
  }
  auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double step = (mel(bank.high) - mel(bank.low)) / static_cast<double>(bank.bins + 2);
  std::vector<int64_t> edges;
  for (int64_t i = 0; i < bank.bins + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (static_cast<double>(i) * step + mel(bank.low)) / 2595) - 1);
    const double row = std::floor(static_cast<double>(bank.transform + 1) * hertz / bank.rate);
    edges.push_back(row > 0 ? static_cast<int64_t>(std::min(row, static_cast<double>(rows))) : 0); // NaN, too
  }
  Tensor weights(dtype, {rows, bank.bins});
  for (int64_t i = 0; i < bank.bins; ++i) {
    const auto at = static_cast<size_t>(i);
    const int64_t from = edges[at], centre = edges[at + 1], to = edges[at + 2];
    for (int64_t j = from; j <= centre && j < rows; ++j) {
      weights.setDouble(j * bank.bins + i, centre == from ? 1 : static_cast<double>(j - from) / static_cast<double>(centre - from));
    }
    for (int64_t j = centre; j < to && j < rows; ++j) {
      weights.setDouble(j * bank.bins + i, static_cast<double>(to - j) / static_cast<double>(to - centre));
    }
  }
  return weights;
}

absl::StatusOr<Tensor> gridPositions(absl::Span<const int64_t> spatial, bool corners) {
  const auto dims = static_cast<int64_t>(spatial.size());
  int64_t points = 1;
  for (int64_t dim : spatial) {
    if (dim < 1 || dim > (1 << 28) || (points *= dim) > (1 << 28)) {
      return invalid("the size of a grid must be positive and not too large");
    }
  }
  Tensor grid(DType::F32, {points, dims + 1});
  for (int64_t p = 0; p < points; ++p) {
    for (int64_t d = dims - 1, rest = p; d >= 0; --d) {
      const int64_t size = spatial[static_cast<size_t>(d)];
      const auto n = static_cast<double>(size), i = static_cast<double>(rest % size);
      const double at = corners ? (size > 1 ? 2 * i / (n - 1) - 1 : 0) : (2 * i + 1) / n - 1;
      grid.setDouble(p * (dims + 1) + dims - 1 - d, at);
      rest /= size;
    }
    grid.setDouble(p * (dims + 1) + dims, 1);
  }
  return grid;
}

namespace {

/// The attribute `to` (a dtype's name); f32 without it.
absl::StatusOr<DType> wantedType(const Attributes &attrs) {
  std::optional<DType> dtype = dtypeFromName(attrs.getString("to", "f32"));
  return dtype && *dtype != DType::String ? absl::StatusOr<DType>(*dtype) : invalid("its element type is not a number's");
}

absl::Status one(HostCall &call, absl::StatusOr<Tensor> tensor) {
  if (tensor.ok()) {
    call.out = {*std::move(tensor)};
  }
  return tensor.status();
}

/// Every operand must be one number.
absl::Status needScalars(const HostCall &call) {
  for (const Value &value : call.in) {
    if (!value.isTensor() || value.tensor().size() != 1 || value.tensor().dtype() == DType::String) {
      return invalid("needs one number per operand");
    }
  }
  return absl::OkStatus();
}

absl::Status table(Rule &rule, int64_t rank) {
  absl::StatusOr<DType> dtype = wantedType(rule.attrs);
  rule.out = {ValueType::tensor(dtype.value_or(DType::F32), unknownDims(rank))};
  absl::Status status = needTensors(rule);
  return status.ok() ? dtype.status() : status;
}

} // namespace

absl::Status cosineWindowRule(Rule &rule) { return table(rule, 1); }
absl::Status cosineWindowRun(HostCall &call) {
  absl::StatusOr<DType> dtype = wantedType(call.attrs);
  std::vector<double> a = call.attrs.getFloats("terms");
  a.resize(3, 0);
  absl::Status status = needScalars(call);
  if (!status.ok() || !dtype.ok()) {
    return status.ok() ? dtype.status() : status;
  }
  return one(call, cosineWindow(*dtype, call.tensor(0).asInt(0), {a[0], a[1], a[2]}, call.attrs.getInt("periodic", 1) != 0));
}

absl::Status melWeightsRule(Rule &rule) { return table(rule, 2); }
absl::Status melWeightsRun(HostCall &call) {
  absl::StatusOr<DType> dtype = wantedType(call.attrs);
  absl::Status status = needScalars(call);
  if (!status.ok() || !dtype.ok()) {
    return status.ok() ? dtype.status() : status;
  }
  return one(call, melWeights(*dtype, {call.tensor(0).asInt(0), call.tensor(1).asInt(0), call.tensor(2).asDouble(0), call.tensor(3).asDouble(0),
                                       call.tensor(4).asDouble(0)}));
}

/// `size` is that of a whole image, [N, C, spatial...].
absl::Status gridPositionsRule(Rule &rule) {
  std::optional<int64_t> length = lengthOf(rule.in[0]);
  rule.out = {ValueType::tensor(DType::F32, {kUnknownDim, length && *length > 2 ? *length - 1 : kUnknownDim})};
  return needInts(rule, 0, "size");
}
absl::Status gridPositionsRun(HostCall &call) {
  if (!call.in[0].isTensor() || !isInteger(call.tensor(0).dtype()) || call.tensor(0).size() < 3 || call.tensor(0).size() > 8) {
    return invalid("needs the size of an image");
  }
  std::vector<int64_t> spatial;
  for (int64_t i = 2; i < call.tensor(0).size(); ++i) {
    spatial.push_back(call.tensor(0).asInt(i));
  }
  return one(call, gridPositions(spatial, call.attrs.getInt("corners", 0) != 0));
}

} // namespace ncc::ops

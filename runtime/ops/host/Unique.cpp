// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// unique: the distinct values, where they are, how often.
#include "runtime/ops/Support.h"
#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <numeric>

namespace ncc::ops {

//===--- unique(x) {axis?, sorted} -> values, first indices, inverse, counts ---===//

absl::Status uniqueRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  ValueType values = ValueType::tensor(rule.in[0].dtype, {kUnknownDim}), list = ValueType::tensor(DType::I64, {kUnknownDim});
  if (rule.attrs.find("axis")) {
    values = rule.in[0];
    absl::StatusOr<int64_t> axis = values.ranked ? wrapAxis(rule.attrs.getInt("axis", 0), values.rank()) : 0;
    if (!axis.ok()) {
      return axis.status();
    }
    if (values.ranked) {
      values.shape[static_cast<size_t>(*axis)] = kUnknownDim;
    }
  }
  rule.out = {values, list, list, list};
  return absl::OkStatus();
}

namespace {

/// Compares rows of a tensor along an axis, element by element.
struct RowOrder {
  const Tensor &x;
  AxisView view;
  int compare(int64_t a, int64_t b) const {
    for (int64_t o = 0; o < view.outer; ++o) {
      for (int64_t i = 0; i < view.inner; ++i) {
        if (int c = element((o * view.size + a) * view.inner + i, (o * view.size + b) * view.inner + i)) {
          return c;
        }
      }
    }
    return 0;
  }
  /// NaN comes last and equals itself.
  static int floats(double a, double b) { return a < b || (a == a && b != b) ? -1 : a > b || (a != a && b == b) ? 1 : 0; }
  int element(int64_t a, int64_t b) const {
    if (x.dtype() == DType::String) {
      return x.strings()[static_cast<size_t>(a)].compare(x.strings()[static_cast<size_t>(b)]);
    }
    if (isFloat(x.dtype()) || isComplex(x.dtype())) {
      const int real = floats(x.asDouble(a), x.asDouble(b));
      return real != 0 ? real : floats(x.imaginary(a), x.imaginary(b));
    }
    if (x.dtype() == DType::U64) {
      const auto va = static_cast<uint64_t>(x.asInt(a)), vb = static_cast<uint64_t>(x.asInt(b));
      return va < vb ? -1 : va > vb;
    }
    const int64_t va = x.asInt(a), vb = x.asInt(b);
    return va < vb ? -1 : va > vb;
  }
};

} // namespace

absl::Status uniqueRun(HostCall &call) {
  if (!call.in[0].isTensor()) {
    return invalid("needs a tensor");
  }
  const bool whole = !call.attrs.find("axis");
  const Tensor x = whole ? call.tensor(0).reshaped({call.tensor(0).size()}) : call.tensor(0);
  absl::StatusOr<int64_t> axis = whole ? 0 : wrapAxis(call.attrs.getInt("axis", 0), x.rank());
  if (!axis.ok()) {
    return axis.status();
  }
  RowOrder order{x, axisView(x.shape(), *axis)};
  std::vector<int64_t> rows(static_cast<size_t>(order.view.size));
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(), [&](int64_t a, int64_t b) { return order.compare(a, b) < 0; });
  std::vector<int64_t> first, group(rows.size()), counts;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || order.compare(rows[i - 1], rows[i]) != 0) {
      first.push_back(rows[i]);
      counts.push_back(0);
    }
    group[static_cast<size_t>(rows[i])] = static_cast<int64_t>(first.size()) - 1;
    ++counts.back();
  }
  if (call.attrs.getInt("sorted", 1) == 0) { // in the order of appearance
    std::vector<size_t> by(first.size()), place(first.size());
    std::iota(by.begin(), by.end(), 0);
    std::sort(by.begin(), by.end(), [&](size_t a, size_t b) { return first[a] < first[b]; });
    std::vector<int64_t> newFirst, newCounts;
    for (size_t i = 0; i < by.size(); ++i) {
      place[by[i]] = i;
      newFirst.push_back(first[by[i]]);
      newCounts.push_back(counts[by[i]]);
    }
    for (int64_t &g : group) {
      g = static_cast<int64_t>(place[static_cast<size_t>(g)]);
    }
    first = newFirst;
    counts = newCounts;
  }
  absl::StatusOr<Tensor> values = takeRows(x, *axis, first);
  if (values.ok()) {
    call.out = {*values, listOf(first), listOf(group), listOf(counts)};
  }
  return values.status();
}

} // namespace ncc::ops

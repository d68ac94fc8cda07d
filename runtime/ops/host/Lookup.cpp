// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// lookup(x, keys, values, fallback?): what a table of keys and values, all of any element type, says of each element of x.
// The first of equal keys counts, and NaN is equal to NaN. Without a fallback an element that is no key is an error.
#include "runtime/ops/host/Rules.h"

#include <cmath>
#include <cstring>
#include <unordered_map>

namespace ncc::ops {

absl::Status lookupRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0], &keys = rule.in[1], &values = rule.in[2];
  rule.out = {tensorOf(values.dtype, shapeOf(x))};
  if (keys.dtype != x.dtype) {
    return invalid("its keys are " + keys.str() + ", the elements to look up are " + x.str());
  }
  const std::optional<int64_t> have = lengthOf(keys), given = lengthOf(values);
  if (have && given && *have != *given) {
    return invalid(absl::StrCat(*have, " keys have ", *given, " values"));
  }
  const bool one = !rule.has(3) || lengthOf(rule.in[3]).value_or(1) == 1;
  return one && (!rule.has(3) || rule.in[3].dtype == values.dtype) ? absl::OkStatus() : invalid("the fallback must be one element of the values' type");
}

/// An element's bits, the same for elements that are equal.
static uint64_t bitsOf(const Tensor &tensor, int64_t i) {
  if (!isFloat(tensor.dtype())) {
    return static_cast<uint64_t>(tensor.asInt(i));
  }
  const double number = std::isnan(tensor.asDouble(i)) ? NAN : tensor.asDouble(i) + 0.0; // no negative zero, one NaN
  uint64_t bits = 0;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

template <typename KeyOf, typename Map>
static std::vector<int64_t> placesOf(const Tensor &x, const Tensor &keys, KeyOf keyOf, Map places) {
  for (int64_t i = 0; i < keys.size(); ++i) {
    places.emplace(keyOf(keys, i), i);
  }
  std::vector<int64_t> found(static_cast<size_t>(x.size()));
  for (int64_t i = 0; i < x.size(); ++i) {
    auto it = places.find(keyOf(x, i));
    found[static_cast<size_t>(i)] = it == places.end() ? -1 : it->second;
  }
  return found;
}

absl::Status lookupRun(HostCall &call) {
  if (absl::StatusOr<std::vector<ValueType>> types = typesOf("lookup", call); !types.ok()) {
    return types.status();
  }
  const Tensor &x = call.tensor(0), &keys = call.tensor(1), &values = call.tensor(2);
  if (call.has(3) && call.tensor(3).size() != 1) {
    return invalid("the fallback must be one element");
  }
  if (keys.size() != values.size()) {
    return invalid(absl::StrCat(keys.size(), " keys have ", values.size(), " values"));
  }
  const bool text = x.dtype() == DType::String;
  auto string = [](const Tensor &from, int64_t i) { return std::string_view(from.strings()[static_cast<size_t>(i)]); };
  const std::vector<int64_t> places = text ? placesOf(x, keys, string, std::unordered_map<std::string_view, int64_t>())
                                           : placesOf(x, keys, bitsOf, std::unordered_map<uint64_t, int64_t>());
  absl::StatusOr<Tensor> out = allocateTensor(values.dtype(), x.shape());
  for (size_t i = 0; out.ok() && i < places.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if (places[i] < 0 && !call.has(3)) {
      return invalid(absl::StrCat("element ", i, " (", text ? "'" + std::string(string(x, at)) + "'" : absl::StrCat(x.asDouble(at)), ") is none of the keys"));
    }
    places[i] < 0 ? copyRun(call.tensor(3), 0, *out, at, 1) : copyRun(values, places[i], *out, at, 1);
  }
  if (out.ok()) {
    call.out = {*out};
  }
  return out.status();
}

} // namespace ncc::ops

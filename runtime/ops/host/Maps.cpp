// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Kernels of maps: zip_map, cast_map, dict_vectorize. Keys are integers or strings, values scalars.
#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace ncc::ops {

namespace {

constexpr int64_t kMostColumns = 1 << 24;

/// The attribute `keys`: integers or strings.
absl::StatusOr<Tensor> keysOf(const Attributes &attrs) {
  const AttrValue *keys = attrs.find("keys");
  if (const auto *texts = keys ? std::get_if<std::vector<std::string>>(keys) : nullptr) {
    Tensor list(DType::String, {static_cast<int64_t>(texts->size())});
    list.mutableStrings() = *texts;
    return list;
  }
  return keys && std::holds_alternative<std::vector<int64_t>>(*keys) ? absl::StatusOr<Tensor>(listOf(std::get<std::vector<int64_t>>(*keys)))
                                                                      : invalid("keys must be integers or strings");
}

absl::Status needMap(const ValueType &type) {
  const bool map = type.kind == ValueKind::Map && type.element && type.element->isTensor();
  return map ? absl::OkStatus() : invalid("needs a map to scalars, has " + type.str());
}

/// A map that came from outside: its values are scalars of the promised type.
absl::Status needScalars(const Value &map, DType type) {
  const bool scalars = std::all_of(map.items().begin(), map.items().end(), [&](const Value &value) {
    return value.isTensor() && value.tensor().dtype() == type && value.tensor().size() == 1;
  });
  return scalars ? absl::OkStatus() : invalid("the map holds something else than scalars of one type");
}

/// Keys as one order: numbers by value, strings by bytes.
std::vector<size_t> inOrder(const Tensor &keys) {
  std::vector<size_t> order(static_cast<size_t>(keys.size()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return keys.dtype() == DType::String ? keys.strings()[a] < keys.strings()[b] : keys.asInt(static_cast<int64_t>(a)) < keys.asInt(static_cast<int64_t>(b));
  });
  return order;
}

/// One element written in another type; strings as C++ writes and reads numbers.
absl::Status convert(const Tensor &from, Tensor &to, int64_t at) {
  if (from.dtype() == to.dtype()) {
    copyRun(from, 0, to, at, 1);
    return absl::OkStatus();
  }
  if (to.dtype() == DType::String) {
    to.mutableStrings()[static_cast<size_t>(at)] = isFloat(from.dtype()) ? std::to_string(from.asDouble(0)) : std::to_string(from.asInt(0));
    return absl::OkStatus();
  }
  if (from.dtype() != DType::String) {
    isFloat(to.dtype()) ? to.setDouble(at, from.asDouble(0)) : to.setInt(at, isFloat(from.dtype()) ? static_cast<int64_t>(from.asDouble(0)) : from.asInt(0));
    return absl::OkStatus();
  }
  const std::string &text = from.strings()[0];
  double number = 0;
  int64_t integer = 0;
  const char *begin = text.data() + (!text.empty() && text[0] == '+' ? 1 : 0), *end = text.data() + text.size();
  const bool read = isFloat(to.dtype()) ? std::from_chars(begin, end, number).ec == std::errc() : std::from_chars(begin, end, integer).ec == std::errc();
  if (!read) {
    return invalid("'" + text + "' is no number");
  }
  isFloat(to.dtype()) ? to.setDouble(at, number) : to.setInt(at, integer);
  return absl::OkStatus();
}

} // namespace

//===--- zip_map(x) {keys} -> a map for each row ---===//

absl::Status zipMapRule(Rule &rule) {
  absl::StatusOr<Tensor> keys = keysOf(rule.attrs);
  if (absl::Status status = keys.ok() ? needTensors(rule) : keys.status(); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0];
  if (!isFloat(x.dtype) || (x.ranked && (x.rank() < 1 || x.rank() > 2))) {
    return invalid("needs rows of floats, has " + x.str());
  }
  if (x.ranked && !dimsAgree(x.shape.back(), keys->size())) {
    return invalid(absl::StrCat(keys->size(), " keys do not fit rows of ", x.shape.back()));
  }
  rule.out = {ValueType::of(ValueKind::Sequence, ValueType::map(keys->dtype(), ValueType::tensor(x.dtype, {})))};
  return absl::OkStatus();
}

absl::Status zipMapRun(HostCall &call) {
  if (absl::StatusOr<std::vector<ValueType>> types = typesOf("zip_map", call); !types.ok()) {
    return types.status();
  }
  const Tensor keys = *keysOf(call.attrs), &x = call.tensor(0);
  const std::vector<size_t> order = inOrder(keys);
  Tensor sorted(keys.dtype(), keys.shape());
  for (size_t i = 0; i < order.size(); ++i) {
    copyRun(keys, static_cast<int64_t>(order[i]), sorted, static_cast<int64_t>(i), 1);
  }
  std::vector<Value> maps;
  for (int64_t row = 0; keys.size() > 0 && row < x.size() / keys.size(); ++row) {
    std::vector<Value> values;
    for (size_t column : order) {
      Tensor one(x.dtype(), {});
      copyRun(x, row * keys.size() + static_cast<int64_t>(column), one, 0, 1);
      values.emplace_back(one);
    }
    maps.push_back(Value::map(sorted, std::move(values)));
  }
  call.out = {Value::sequence(std::move(maps))};
  return absl::OkStatus();
}

//===--- cast_map(map) {to, columns (sparse form)} -> one row ---===//

absl::Status castMapRule(Rule &rule) {
  const std::optional<DType> to = dtypeFromName(rule.attrs.getString("to", ""));
  const int64_t columns = rule.attrs.getInt("columns", -1);
  if (absl::Status status = needMap(rule.in[0]); !status.ok()) {
    return status;
  }
  if (!to || (*to != DType::F32 && *to != DType::I64 && *to != DType::String) || rule.in[0].dtype != DType::I64 || columns > kMostColumns) {
    return invalid("casts maps from int64 to float, int64 or string, of at most 2^24 columns");
  }
  rule.out = {ValueType::tensor(*to, {1, columns > 0 ? columns : kUnknownDim})};
  return absl::OkStatus();
}

absl::Status castMapRun(HostCall &call) {
  absl::StatusOr<std::vector<ValueType>> types = typesOf("cast_map", call);
  absl::Status scalars = types.ok() ? needScalars(call.in[0], typeOf(call.in[0]).element->dtype) : types.status();
  if (!scalars.ok()) {
    return scalars;
  }
  const Tensor &keys = call.in[0].tensor();
  const int64_t columns = call.attrs.getInt("columns", -1), width = columns > 0 ? columns : keys.size();
  absl::StatusOr<Tensor> out = allocateTensor((*types)[0].dtype, {1, width});
  int64_t next = 0;
  for (size_t i : inOrder(keys)) {
    const int64_t at = columns > 0 ? keys.asInt(static_cast<int64_t>(i)) : next++;
    if (!out.ok() || at < 0) {
      return out.ok() ? invalid("a sparse map has a negative key") : out.status();
    }
    if (at >= width) {
      continue;
    }
    if (absl::Status status = convert(call.in[0].items()[i].tensor(), *out, at); !status.ok()) {
      return status;
    }
  }
  call.out = {*std::move(out)};
  return absl::OkStatus();
}

//===--- dict_vectorize(map) {keys} -> one row, a column for each key ---===//

absl::Status dictVectorizeRule(Rule &rule) {
  absl::StatusOr<Tensor> keys = keysOf(rule.attrs);
  if (absl::Status status = keys.ok() ? needMap(rule.in[0]) : keys.status(); !status.ok()) {
    return status;
  }
  if (keys->dtype() != rule.in[0].dtype) {
    return invalid("its vocabulary and the map's keys differ in type");
  }
  rule.out = {ValueType::tensor(rule.in[0].element->dtype, {1, keys->size()})};
  return absl::OkStatus();
}

absl::Status dictVectorizeRun(HostCall &call) {
  absl::StatusOr<std::vector<ValueType>> types = typesOf("dict_vectorize", call);
  if (!types.ok()) {
    return types.status();
  }
  const DType type = call.declared.empty() ? (*types)[0].dtype : call.declared[0].dtype; // an empty map does not say what it would hold
  if (absl::Status status = needScalars(call.in[0], type); !status.ok()) {
    return status;
  }
  const Tensor wanted = *keysOf(call.attrs), &keys = call.in[0].tensor();
  Tensor out(type, {1, wanted.size()});
  for (int64_t i = 0; i < wanted.size(); ++i) {
    for (int64_t k = 0; k < keys.size(); ++k) {
      const bool same = keys.dtype() == DType::String ? keys.strings()[static_cast<size_t>(k)] == wanted.strings()[static_cast<size_t>(i)]
                                                      : keys.asInt(k) == wanted.asInt(i);
      if (same) {
        copyRun(call.in[0].items()[static_cast<size_t>(k)].tensor(), 0, out, i, 1);
      }
    }
  }
  call.out = {std::move(out)};
  return absl::OkStatus();
}

} // namespace ncc::ops

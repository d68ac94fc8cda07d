// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The attributes of a reference kernel: a flat map from name to a plain value. The compiler fills it from the
// properties of a graph op of the same name; a NEFF stores it as JSON beside each firmware call.
#pragma once

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ncc::ops {

using AttrValue = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                               std::vector<std::string>>;

class Attributes {
public:
  Attributes() = default;
  void set(std::string name, AttrValue value) { values[std::move(name)] = std::move(value); }
  const AttrValue *find(std::string_view name) const;

  int64_t getInt(std::string_view name, int64_t fallback) const;
  double getFloat(std::string_view name, double fallback) const;
  std::string getString(std::string_view name, std::string_view fallback) const;
  std::vector<int64_t> getInts(std::string_view name) const;
  std::vector<double> getFloats(std::string_view name) const;

  const absl::btree_map<std::string, AttrValue> &all() const { return values; }
  /// Round-trips: fromJson(toJson()) == *this.
  std::string toJson() const;
  static absl::StatusOr<Attributes> fromJson(std::string_view json);

private:
  absl::btree_map<std::string, AttrValue> values;
};

} // namespace ncc::ops

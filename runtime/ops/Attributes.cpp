// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/ops/Attributes.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include <cmath>

namespace ncc::ops {

const AttrValue *Attributes::find(std::string_view name) const {
  auto it = values.find(std::string(name));
  return it == values.end() ? nullptr : &it->second;
}

int64_t Attributes::getInt(std::string_view name, int64_t fallback) const {
  const AttrValue *value = find(name);
  if (const int64_t *integer = value ? std::get_if<int64_t>(value) : nullptr) {
    return *integer;
  }
  return fallback;
}

double Attributes::getFloat(std::string_view name, double fallback) const {
  const AttrValue *value = find(name);
  if (const double *number = value ? std::get_if<double>(value) : nullptr) {
    return *number;
  }
  const int64_t *integer = value ? std::get_if<int64_t>(value) : nullptr;
  return integer ? static_cast<double>(*integer) : fallback;
}

std::string Attributes::getString(std::string_view name, std::string_view fallback) const {
  const AttrValue *value = find(name);
  const std::string *text = value ? std::get_if<std::string>(value) : nullptr;
  return text ? *text : std::string(fallback);
}

std::vector<int64_t> Attributes::getInts(std::string_view name) const {
  const AttrValue *value = find(name);
  const auto *list = value ? std::get_if<std::vector<int64_t>>(value) : nullptr;
  return list ? *list : std::vector<int64_t>();
}

std::vector<double> Attributes::getFloats(std::string_view name) const {
  const AttrValue *value = find(name);
  if (const auto *integers = value ? std::get_if<std::vector<int64_t>>(value) : nullptr) {
    return std::vector<double>(integers->begin(), integers->end());
  }
  const auto *list = value ? std::get_if<std::vector<double>>(value) : nullptr;
  return list ? *list : std::vector<double>();
}

// JSON has no infinities or NaN, and tells 1 from 1.0 only by spelling. A float is therefore {"f": "hex"}, a list
// of floats {"f": ["hex", ...]}, exact to the bit.
static std::string hexFloat(double value) {
  char text[48];
  std::snprintf(text, sizeof(text), "%a", value);
  return text;
}

std::string Attributes::toJson() const {
  nlohmann::json object = nlohmann::json::object();
  for (const auto &[name, value] : values) {
    if (const double *number = std::get_if<double>(&value)) {
      object[name] = {{"f", hexFloat(*number)}};
    } else if (const auto *floats = std::get_if<std::vector<double>>(&value)) {
      nlohmann::json list = nlohmann::json::array();
      for (double number : *floats) {
        list.push_back(hexFloat(number));
      }
      object[name] = {{"f", list}};
    } else if (const auto *strings = std::get_if<std::vector<std::string>>(&value)) {
      object[name] = {{"s", *strings}};
    } else {
      std::visit([&](const auto &plain) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(plain)>, double>) {
          object[name] = plain;
        }
      }, value);
    }
  }
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

static std::optional<AttrValue> parseValue(const nlohmann::json &value) {
  if (value.is_number_integer()) {
    return value.get<int64_t>();
  }
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_array()) {
    std::vector<int64_t> list;
    for (const nlohmann::json &entry : value) {
      if (!entry.is_number_integer()) {
        return std::nullopt;
      }
      list.push_back(entry.get<int64_t>());
    }
    return list;
  }
  if (!value.is_object() || value.size() != 1) {
    return std::nullopt;
  }
  const nlohmann::json &inner = value.begin().value();
  if (value.begin().key() == "f" && inner.is_string()) {
    return std::strtod(inner.get_ref<const std::string &>().c_str(), nullptr);
  }
  if (!inner.is_array()) {
    return std::nullopt;
  }
  std::vector<std::string> strings;
  for (const nlohmann::json &entry : inner) {
    if (!entry.is_string()) {
      return std::nullopt;
    }
    strings.push_back(entry.get<std::string>());
  }
  if (value.begin().key() == "s") {
    return strings;
  }
  std::vector<double> floats;
  for (const std::string &text : strings) {
    floats.push_back(std::strtod(text.c_str(), nullptr));
  }
  return value.begin().key() == "f" ? std::optional<AttrValue>(floats) : std::nullopt;
}

absl::StatusOr<Attributes> Attributes::fromJson(std::string_view json) {
  nlohmann::json object = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return absl::InvalidArgumentError("kernel attributes are not a JSON object");
  }
  Attributes result;
  for (const auto &[name, value] : object.items()) {
    std::optional<AttrValue> plain = parseValue(value);
    if (!plain) {
      return absl::InvalidArgumentError(absl::StrCat("kernel attribute '", name, "' has an unknown form"));
    }
    result.set(name, std::move(*plain));
  }
  return result;
}

} // namespace ncc::ops

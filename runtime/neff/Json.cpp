// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Json.h"

namespace ncc::neff {

namespace {
const Json &nothing() {
  static const Json *null = new Json();
  return *null;
}
const Json &emptyArray() {
  static const Json *empty = new Json(Json::array());
  return *empty;
}
} // namespace

absl::StatusOr<Json> parseJson(std::string_view text, std::string_view what) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(std::string(what) + " is not JSON");
  }
  return json;
}

std::string dumpJson(const Json &json, int indent) { return json.dump(indent, ' ', true, Json::error_handler_t::replace); }

void JsonReader::fail(const std::string &message) {
  if (error.ok()) {
    error = absl::InvalidArgumentError(what + ": " + message);
  }
}

const Json *JsonReader::find(const Json &object, const char *key) {
  if (!object.is_object()) {
    return nullptr;
  }
  auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

const Json &JsonReader::member(const Json &object, const char *key) {
  if (const Json *found = find(object, key)) {
    return *found;
  }
  fail(std::string("`") + key + "` is missing");
  return nothing();
}

std::string JsonReader::text(const Json &object, const char *key) {
  const Json &value = member(object, key);
  if (!value.is_string()) {
    fail(std::string("`") + key + "` is not a string");
    return "";
  }
  return *value.get_ptr<const std::string *>();
}

uint64_t JsonReader::natural(const Json &value, uint64_t limit) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > limit) {
    fail("a number is out of range");
    return 0;
  }
  return value.get<uint64_t>();
}

uint64_t JsonReader::natural(const Json &object, const char *key, uint64_t limit) {
  const Json &value = member(object, key);
  if (!value.is_number_unsigned() || value.get<uint64_t>() > limit) {
    fail(std::string("`") + key + "` is out of range");
    return 0;
  }
  return value.get<uint64_t>();
}

int64_t JsonReader::integer(const Json &object, const char *key) {
  const Json &value = member(object, key);
  if (!value.is_number_integer()) {
    fail(std::string("`") + key + "` is not an integer");
    return 0;
  }
  return value.get<int64_t>();
}

double JsonReader::number(const Json &object, const char *key) {
  const Json &value = member(object, key);
  if (!value.is_number()) {
    fail(std::string("`") + key + "` is not a number");
    return 0;
  }
  return value.get<double>();
}

const Json &JsonReader::array(const Json &object, const char *key, size_t limit) {
  const Json &value = member(object, key);
  if (!value.is_array() || value.size() > limit) {
    fail(std::string("`") + key + "` is not an array, or too long");
    return emptyArray();
  }
  return value;
}

std::vector<int64_t> JsonReader::integers(const Json &array, size_t limit) {
  std::vector<int64_t> out;
  if (!array.is_array() || array.size() > limit) {
    fail("expected a short array of integers");
    return out;
  }
  for (const Json &value : array) {
    if (!value.is_number_integer()) {
      fail("expected an integer");
      return {};
    }
    out.push_back(value.get<int64_t>());
  }
  return out;
}

} // namespace ncc::neff

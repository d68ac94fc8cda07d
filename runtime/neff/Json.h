// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reading JSON that may be anything: every accessor checks the kind, remembers the first mistake, and returns a
// harmless value after it. Writing uses nlohmann::json directly (keys sorted, hence deterministic).
#pragma once

#include "absl/status/statusor.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace ncc::neff {

using Json = nlohmann::json;

/// Never throws; the error names `what`.
absl::StatusOr<Json> parseJson(std::string_view text, std::string_view what);
/// Valid UTF-8 or not, writing never throws.
std::string dumpJson(const Json &json, int indent = -1);

class JsonReader {
public:
  explicit JsonReader(std::string what) : what(std::move(what)) {}
  absl::Status status() const { return error; }
  bool ok() const { return error.ok(); }
  void fail(const std::string &message);

  const Json &member(const Json &object, const char *key); // required
  const Json *find(const Json &object, const char *key);   // optional
  std::string text(const Json &object, const char *key);
  uint64_t natural(const Json &object, const char *key, uint64_t limit);
  int64_t integer(const Json &object, const char *key);
  double number(const Json &object, const char *key);
  const Json &array(const Json &object, const char *key, size_t limit);
  std::vector<int64_t> integers(const Json &array, size_t limit);
  uint64_t natural(const Json &value, uint64_t limit);

private:
  std::string what;
  absl::Status error;
};

} // namespace ncc::neff

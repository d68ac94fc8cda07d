// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A NEFF taken to pieces and sealed again: whoever changes a member gets a file whose hashes are right, so that what is tried is
// what readers do behind them.
#pragma once

#include "runtime/neff/Format.h"
#include "runtime/neff/Json.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ncc::fuzz {

/// JSON of a text that is not nested beyond reason; discarded when it is no such JSON.
neff::Json shallowJson(const std::string &text);

struct NeffParts {
  neff::FileHeader header;
  std::map<std::string, std::string> members; // without padding

  /// Nothing when the bytes are not a header and an archive.
  static std::optional<NeffParts> open(neff::Bytes bytes);
  /// The file, with sizes, hashes and header brought in line with its members.
  std::string seal() const;

  std::string &operator[](const std::string &name) { return members[name]; }
  /// Changes a JSON member in place: fn(json).
  template <typename Fn>
  void edit(const std::string &name, Fn &&fn) {
    neff::Json json = shallowJson(members[name]);
    fn(json);
    members[name] = neff::dumpJson(json) + "\n";
  }
};

/// A copy aligned as a mapped file is.
std::shared_ptr<uint8_t> alignedCopy(neff::Bytes bytes);

} // namespace ncc::fuzz

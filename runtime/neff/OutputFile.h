// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A file that appears whole or not at all. Until it is complete it has no name where the file system can do that, so that
// nothing is left behind even by kill -9; elsewhere a temporary name beside its target.
#pragma once

#include "absl/status/status.h"
#include "absl/types/span.h"

#include <cstdint>
#include <string>

namespace ncc::neff {

class OutputFile {
public:
  OutputFile() = default;
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  ~OutputFile();

  absl::Status open(const std::string &path);
  absl::Status write(const void *data, size_t size);
  absl::Status zeros(uint64_t size);
  absl::Status rewrite(uint64_t at, const void *data, size_t size);
  /// Gives the file its name, replacing what had it.
  absl::Status commit();
  uint64_t position = 0;

private:
  absl::Status nameTemporary();
  std::string target, temporary; // temporary is empty while the file has no name
  int fd = -1;
};

/// The whole of a small file at once.
absl::Status writeWholeFile(const std::string &path, std::string_view content);

/// An error when writing `output` would destroy one of `sources`, whatever names the two have (links, other paths), or
/// something that is no regular file: a device, a folder.
absl::Status checkOutput(const std::string &output, absl::Span<const std::string> sources);

} // namespace ncc::neff

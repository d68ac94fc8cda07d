// Part of ncc, under the Apache License 2.0. See LICENSE.
#pragma once

#include "absl/status/statusor.h"

#include <string>

namespace ncc::neff {

/// The bytes of a regular file, read, not mapped. A pipe or a device is an error, not something to wait for.
absl::StatusOr<std::string> readWholeFile(const std::string &path);

} // namespace ncc::neff

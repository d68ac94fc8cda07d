// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Model -> file. The bytes depend on the model alone. Weights are streamed piece by piece; the file appears under
// its name only when it is complete.
#pragma once

#include "runtime/neff/Model.h"

namespace ncc::neff {

struct WriteOptions {
  bool debugMap = true; // names of the source nodes; nothing else depends on it
};

absl::Status writeModel(const Model &model, const std::string &path, const WriteOptions &options = {});

} // namespace ncc::neff

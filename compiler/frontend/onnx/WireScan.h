// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Shrinks a serialized ModelProto to its skeleton: every large TensorProto.raw_data is replaced by its place in the
// file, so that parsing copies no weight. The result is a few hundred kilobytes for any model.
#pragma once

#include "absl/status/statusor.h"

#include <string>
#include <string_view>

namespace ncc::frontend {

/// Payloads up to this size stay in the message.
inline constexpr size_t kMappedBytes = 64;

enum class WireMessage { Model, Tensor };

absl::StatusOr<std::string> scanWire(std::string_view bytes, WireMessage kind);

} // namespace ncc::frontend

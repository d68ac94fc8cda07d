// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Sizes as users write them: one number, a list {16,64,128}, a range 16..128 or 16..128:16.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ncc {

using Sizes = std::vector<int64_t>;

/// The most values a list or range may have, and a NEFF buckets.
inline constexpr size_t kMostBuckets = 64;

/// Ascending and each once. A range without a step doubles: 16..128 is 16, 32, 64, 128, and 20..100 is 20, 40, 80, 100; with a
/// step it counts: 16..64:16 is 16, 32, 48, 64. The last size is always one of them. Lists may hold ranges.
std::optional<Sizes> parseSizes(std::string_view text);

/// "1x{16,64}x8": sizes of every dimension; nothing for "" (a scalar).
std::optional<std::vector<Sizes>> parseShape(std::string_view text);

/// "16", "{16,64,128}".
std::string sizesText(const Sizes &sizes);

} // namespace ncc

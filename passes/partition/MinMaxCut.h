// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Cutting a line of items into consecutive stages so that the dearest stage is as cheap as possible. Exact for any
// cost function of an interval: dynamic programming over (stages, end).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace ncc::partition {

/// Cost of the stage that holds items [first, last).
using StageCost = std::function<double(size_t first, size_t last)>;

/// The ends of at most `stages` non-empty stages over `items` items (the last is `items`). Of equally good cuts, one
/// with the fewest stages; fewer than `stages` are returned when more do not help.
std::vector<size_t> minMaxCut(size_t items, size_t stages, const StageCost &cost);

} // namespace ncc::partition

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Regular expressions in linear time, for patterns nobody vouches for: no backtracking, bounded size, UTF-8 code points.
// Literals, ., classes with ranges and \d \w \s, groups, |, * + ? {m,n} (greedy or lazy, the same for a full match), ^ $ \A \z \b \B.
#pragma once

#include "absl/status/statusor.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ncc::ops {

class Regex {
public:
  static absl::StatusOr<Regex> compile(std::string_view pattern);
  /// True when the whole text matches.
  bool fullMatch(std::string_view text) const;

  struct Match {
    size_t begin, end;
  };
  /// The leftmost match that begins at `from` or later (anchored: at `from`), and of those the longest.
  std::optional<Match> search(std::string_view text, size_t from, bool anchored = false) const;

private:
  friend class RegexCompiler;
  enum class Op : uint8_t { Match, Class, Split, Jump, Begin, End, Boundary, NotBoundary };
  struct Node {
    Op op;
    int next = -1, other = -1;                          // Split: both
    bool negated = false;                               // Class
    std::vector<std::pair<uint32_t, uint32_t>> ranges = {}; // Class: of code points
  };
  std::vector<Node> nodes;
  int start = 0;
};

} // namespace ncc::ops

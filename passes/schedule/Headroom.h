// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How far ahead of its turn an instruction may take memory. The program as it stands is one order that is known to
// work; `Headroom` holds what that order would still need at each of its positions, plus what was taken ahead of its
// turn, so that the rest of the program fits after every step (the banker's rule) and nothing has to be paged out
// because the scheduler was eager.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ncc::schedule {

class Headroom {
public:
  /// `limit` bytes in all; positions 0 to `positions` - 1.
  Headroom(size_t positions, int64_t limit);

  /// A piece of memory that lives from `birth` to `death`, both included, in the program's order.
  void add(size_t birth, size_t death, int64_t bytes);
  /// Ends the setup. What the program's own order needs beyond `share` of the limit is paged in any case.
  void settle(double share);

  /// May memory born at `birth` be taken at `now`?
  bool fits(size_t now, size_t birth, int64_t bytes) const;
  void take(size_t now, size_t birth, int64_t bytes) { change(now, birth, bytes); }
  /// Memory that would have lived to `death` is free at `now`.
  void give(size_t now, size_t death, int64_t bytes) { change(now, death + 1, -bytes); }

private:
  void change(size_t begin, size_t end, int64_t bytes);

  // A tree over the positions: the highest need below a node is its `most`, without the `pending` of the nodes above.
  struct Node {
    int64_t most = 0, pending = 0;
  };
  void change(size_t node, size_t low, size_t high, size_t begin, size_t end, int64_t bytes);
  int64_t highest(size_t node, size_t low, size_t high, size_t begin, size_t end) const;
  int64_t build(size_t node, size_t low, size_t high, const std::vector<int64_t> &need);

  size_t positions;
  int64_t limit;
  std::vector<int64_t> steps; // changes of need from one position to the next, until settle()
  std::vector<Node> tree;
};

} // namespace ncc::schedule

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Bookkeeping of the timing simulator: resources that serve one request at a time, semaphores as functions of
// time, and when the bytes of the memories become ready.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Instruction.h"

#include <algorithm>
#include <map>
#include <vector>

namespace ncc::sim {

/// Serves requests in the order of their readiness, not of their arrival: a later request fits into an earlier gap.
class Timeline {
public:
  double reserve(double ready, double duration) {
    ready = std::max(ready, horizon);
    auto it = busy.upper_bound(ready);
    if (it != busy.begin() && std::prev(it)->second > ready) {
      ready = std::prev(it)->second;
    }
    while (it != busy.end() && it->first < ready + duration) {
      ready = std::max(ready, it->second);
      ++it;
    }
    insert(ready, ready + duration);
    return ready;
  }

private:
  void insert(double begin, double end) {
    auto next = busy.lower_bound(begin);
    if (next != busy.begin() && std::prev(next)->second >= begin) {
      --next;
      begin = next->first;
      next = busy.erase(next);
    }
    if (next != busy.end() && next->first <= end) {
      end = std::max(end, next->second);
      busy.erase(next);
    }
    busy[begin] = end;
    while (busy.size() > 256) { // old gaps are forgotten
      horizon = std::max(horizon, busy.begin()->second);
      busy.erase(busy.begin());
    }
  }
  std::map<double, double> busy;
  double horizon = 0;
};

/// The value of a semaphore over time.
class SemaphoreTimeline {
public:
  void add(double time, uint64_t increment) {
    auto it = points.end();
    while (it != points.begin() && std::prev(it)->time > time) {
      --it;
    }
    uint64_t before = it == points.begin() ? base : std::prev(it)->value;
    it = points.insert(it, {time, before + increment});
    for (++it; it != points.end(); ++it) {
      it->value += increment;
    }
  }
  void set(double time, uint64_t value) {
    points.clear();
    base = value;
    setAt = time;
  }
  /// When the value is first reached; as late as everything known if it never is.
  double reached(uint64_t value) const {
    if (base >= value) {
      return setAt;
    }
    auto it = std::lower_bound(points.begin(), points.end(), value, [](const Point &p, uint64_t v) { return p.value < v; });
    return it != points.end() ? it->time : points.empty() ? setAt : points.back().time;
  }

private:
  struct Point {
    double time;
    uint64_t value;
  };
  std::vector<Point> points;
  uint64_t base = 0;
  double setAt = 0;
};

/// The latest time in any range of cells, where ranges of cells are given times: a tree, so that a transfer over a whole
/// buffer costs no more than one over a page.
class RangeTimes {
public:
  double latest(size_t first, size_t last) const { return nodes.empty() ? 0 : latest(1, 0, leaves, first, last + 1); }
  void mark(size_t first, size_t last, double time);

private:
  struct Node {
    double most = 0, all = 0; // the latest anywhere in it; what every cell in it has at least
  };
  double latest(size_t node, size_t low, size_t high, size_t begin, size_t end) const;
  void mark(size_t node, size_t low, size_t high, size_t begin, size_t end, double time);
  size_t leaves = 0;
  std::vector<Node> nodes;
};

/// Ready times of memory cells: 32 partitions x 128 bytes on chip, 4 KiB of a DRAM buffer. Reads wait for the last
/// write, writes for the last read and write.
class MemoryTimeline {
public:
  /// `buffers`: bytes of each.
  MemoryTimeline(const hw::DeviceSpec &spec, const std::vector<uint64_t> &buffers);
  double readyToRead(const isa::AccessPattern &ap);
  double readyToWrite(const isa::AccessPattern &ap);
  void read(const isa::AccessPattern &ap, double end);
  void written(const isa::AccessPattern &ap, double end);

private:
  struct Cell {
    double write = 0, read = 0;
  };
  /// On chip.
  template <typename Fn>
  void forEachCell(const isa::AccessPattern &ap, Fn fn);
  std::pair<size_t, size_t> dramCells(const isa::AccessPattern &ap) const;
  int64_t sbufCells, psumCells;
  std::vector<Cell> sbuf, psum;
  struct DramTimes {
    RangeTimes write, read;
    int shift = 12; // log2 of the bytes of a cell
  };
  std::vector<DramTimes> dram;
};

} // namespace ncc::sim

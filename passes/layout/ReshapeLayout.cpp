// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Carrying a layout and a grid through a reshape. Dims of size one do not matter; the others are matched in groups of
// equal product, and each group must lie, in order, on one side. Rows keep their flattened index; boxes and strides of
// the free axis are merged and split.
#include "passes/layout/Layout.h"

using namespace ncc::layout;
using llvm::ArrayRef;

namespace {

struct Group {
  Dims from, to; // logical dims, size-one dims left out
};

std::optional<llvm::SmallVector<Group>> matchGroups(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  auto squeeze = [](ArrayRef<int64_t> shape) {
    Dims dims;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] != 1) {
        dims.push_back(static_cast<int64_t>(d));
      }
    }
    return dims;
  };
  Dims left = squeeze(from), right = squeeze(to);
  llvm::SmallVector<Group> groups;
  size_t i = 0, j = 0;
  while (i < left.size() || j < right.size()) {
    Group group;
    int64_t a = 1, b = 1;
    do {
      if (a <= b && i < left.size()) {
        group.from.push_back(left[i]);
        a *= from[left[i++]];
      } else if (j < right.size()) {
        group.to.push_back(right[j]);
        b *= to[right[j++]];
      } else {
        return std::nullopt;
      }
    } while (a != b || group.from.empty() || group.to.empty());
    groups.push_back(std::move(group));
  }
  return groups;
}

/// Positions of `dims` in `side` if they stand there consecutively and in order.
std::optional<size_t> findRun(ArrayRef<int64_t> side, ArrayRef<int64_t> dims) {
  for (size_t start = 0; start + dims.size() <= side.size(); ++start) {
    if (side.slice(start, dims.size()) == dims) {
      return start;
    }
  }
  return std::nullopt;
}

/// Replaces on one side every group by its new dims. `runs` receives (position in side, group) in side order.
bool mapSide(ArrayRef<int64_t> side, ArrayRef<Group> groups, ArrayRef<int64_t> from, Dims &result,
             llvm::SmallVectorImpl<std::pair<Dims, const Group *>> &runs) {
  Dims kept; // without size-one dims
  for (int64_t dim : side) {
    if (from[dim] != 1) {
      kept.push_back(dim);
    }
  }
  for (size_t pos = 0; pos < kept.size();) {
    const Group *group = llvm::find_if(groups, [&](const Group &g) { return g.from.front() == kept[pos]; });
    if (group == groups.end() || findRun(ArrayRef<int64_t>(kept).drop_front(pos), group->from) != size_t{0}) {
      return false;
    }
    result.append(group->to.begin(), group->to.end());
    runs.push_back({group->from, group});
    pos += group->from.size();
  }
  return true;
}

/// One dim range with its stride.
struct Range {
  int64_t start, size, full, stride;
};

/// Merges ranges (outermost first) into one contiguous range, if they are one.
std::optional<Range> merge(ArrayRef<Range> ranges) {
  Range result = ranges.back();
  for (size_t i = ranges.size() - 1; i-- > 0;) {
    const Range &outer = ranges[i];
    bool innerFull = result.start == 0 && result.size == result.full;
    if (outer.size == 1) {
      result.start += outer.start * result.full;
      result.full *= outer.full;
      continue;
    }
    if (!innerFull || (result.size != 1 && outer.stride != result.stride * result.size)) {
      return std::nullopt;
    }
    result = {outer.start * result.full, outer.size * result.size, outer.full * result.full,
              result.size == 1 ? outer.stride : result.stride};
  }
  return result;
}

/// Splits one range over dims of the given sizes (outermost first), if it is a box there.
bool split(Range range, ArrayRef<int64_t> sizes, Dims &starts, Dims &counts, Dims &strides) {
  int64_t inner = product(sizes.drop_front(1));
  if (sizes.size() == 1) {
    starts.push_back(range.start);
    counts.push_back(range.size);
    strides.push_back(range.stride);
    return true;
  }
  if (range.start % inner == 0 && range.size % inner == 0) {
    starts.push_back(range.start / inner);
    counts.push_back(range.size / inner);
    strides.push_back(range.stride * inner);
    return split({0, inner, inner, range.stride}, sizes.drop_front(1), starts, counts, strides);
  }
  if (range.start / inner == (range.start + range.size - 1) / inner) {
    starts.push_back(range.start / inner);
    counts.push_back(1);
    strides.push_back(0);
    return split({range.start % inner, range.size, inner, range.stride}, sizes.drop_front(1), starts, counts, strides);
  }
  return false;
}

} // namespace

std::optional<Dims> ncc::layout::reshapeStrides(ArrayRef<int64_t> strides, ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  auto groups = matchGroups(from, to);
  if (!groups) {
    return std::nullopt;
  }
  Dims result = boxStrides(to); // dims of size one have any
  for (const Group &group : *groups) {
    int64_t stride = strides[group.from.back()];
    for (size_t i = group.from.size() - 1; i-- > 0;) {
      if (strides[group.from[i]] != strides[group.from[i + 1]] * from[group.from[i + 1]]) {
        return std::nullopt;
      }
    }
    for (size_t i = group.to.size(); i-- > 0;) {
      result[group.to[i]] = stride;
      stride *= to[group.to[i]];
    }
  }
  return result;
}

std::optional<Layout> ncc::layout::reshapeLayout(const Layout &layout, ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  auto groups = matchGroups(from, to);
  if (!groups) {
    return std::nullopt;
  }
  Layout result;
  llvm::SmallVector<std::pair<Dims, const Group *>> runs;
  if (!mapSide(layout.partition, *groups, from, result.partition, runs) ||
      !mapSide(layout.free, *groups, from, result.free, runs)) {
    return std::nullopt;
  }
  Dims ones;
  for (size_t d = 0; d < to.size(); ++d) {
    if (to[d] == 1) {
      ones.push_back(static_cast<int64_t>(d));
    }
  }
  result.free.insert(result.free.begin(), ones.begin(), ones.end());
  return result;
}

std::optional<Grid> ncc::layout::reshapeGrid(const Grid &grid, ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  auto layout = reshapeLayout(grid.layout, from, to);
  auto groups = matchGroups(from, to);
  if (!layout || !groups) {
    return std::nullopt;
  }
  Dims freeDims;
  llvm::SmallVector<std::pair<Dims, const Group *>> runs;
  mapSide(grid.layout.free, *groups, from, freeDims, runs);
  size_t ones = llvm::count(to, 1);
  Grid result;
  result.layout = *layout;
  result.rows = grid.rows;
  result.replicated = grid.replicated;
  llvm::SmallVector<View> views(grid.cells.begin(), grid.cells.end());
  for (size_t b = 0; b < grid.boxes.size(); ++b) {
    const Box &box = grid.boxes[b];
    Box next{Dims(ones, 0), Dims(ones, 1)};
    for (size_t r = 0; r < grid.rows.size(); ++r) {
      const View &view = grid.cell(r, b);
      Dims starts(ones, 0), counts(ones, 1), strides(ones, 0);
      for (auto &[dims, group] : runs) {
        llvm::SmallVector<Range> ranges;
        for (int64_t dim : dims) {
          size_t f = llvm::find(grid.layout.free, dim) - grid.layout.free.begin();
          ranges.push_back({box.start[f], box.size[f], from[dim], view.strides[f]});
        }
        auto merged = merge(ranges);
        Dims sizes;
        for (int64_t dim : group->to) {
          sizes.push_back(to[dim]);
        }
        if (!merged || !split(*merged, sizes, starts, counts, strides)) {
          return std::nullopt;
        }
      }
      View &target = views[r * grid.boxes.size() + b];
      target.strides = strides;
      next = {starts, counts};
    }
    result.boxes.push_back(next);
  }
  result.cells = std::move(views);
  return result;
}

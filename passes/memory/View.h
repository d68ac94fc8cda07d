// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Where a tile value lies inside the storage that holds it. A value that is a part of a joined tile has no storage
// of its own: its element i is element `offset + sum(digit_d * stride_d)` of the container, where the digits are
// those of i in the mixed radix of `dims`. Patterns on the value become patterns on the container by composition.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace ncc::memory {

struct ViewDim {
  int64_t stride = 0; // elements
  int64_t size = 1;
  bool operator==(const ViewDim &) const = default;
};

struct View {
  int64_t partition = 0;
  int64_t partitions = 0; // 0 in DRAM
  int64_t offset = 0;     // elements
  llvm::SmallVector<ViewDim, 4> dims;

  bool operator==(const View &) const = default;
  int64_t freeSize() const;
  /// One run of consecutive elements.
  bool isContiguous() const;
};

/// The most elements a dim of an access pattern counts.
inline constexpr int64_t kLongestDim = (int64_t{1} << 31) - 1;

/// A whole tile.
View wholeView(int64_t partitions, int64_t elements);

/// Drops dims of size 1 and merges neighbours that walk one longer run, no longer than a dim may be; at
/// least one dim stays.
void mergeDims(llvm::SmallVectorImpl<ViewDim> &dims);

/// The pattern `inner`, written in the elements of a value that lies at `outer`, in the elements of outer's
/// container; nothing when a dim of `inner` crosses the dims of `outer` unevenly. Dims are not merged;
/// `counts`, if given, receives how many dims each dim of `inner` became.
std::optional<View> compose(const View &outer, const View &inner, llvm::SmallVectorImpl<unsigned> *counts = nullptr);

} // namespace ncc::memory

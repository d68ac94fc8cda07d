// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Composition of access patterns.
#include "passes/memory/View.h"

#include <cstdlib>

using namespace ncc::memory;

int64_t View::freeSize() const {
  int64_t n = 1;
  for (const ViewDim &dim : dims) {
    n *= dim.size;
  }
  return n;
}

bool View::isContiguous() const { return dims.size() == 1 && (dims[0].stride == 1 || dims[0].size == 1); }

View ncc::memory::wholeView(int64_t partitions, int64_t elements) {
  View view;
  view.partitions = partitions;
  view.dims.push_back({1, elements});
  return view;
}

void ncc::memory::mergeDims(llvm::SmallVectorImpl<ViewDim> &dims) {
  llvm::SmallVector<ViewDim, 4> merged;
  for (const ViewDim &dim : dims) {
    if (dim.size == 1) {
      continue;
    }
    if (!merged.empty() && merged.back().stride == dim.stride * dim.size && merged.back().size <= kLongestDim / dim.size) {
      merged.back() = {dim.stride, merged.back().size * dim.size};
    } else {
      merged.push_back(dim);
    }
  }
  if (merged.empty()) {
    merged.push_back({1, 1});
  }
  dims.assign(merged.begin(), merged.end());
}

namespace {

// The digits of a linear index in the radix of a view's dims, and how far the composed dims move each of them.
struct Radix {
  const View &view;
  llvm::SmallVector<int64_t, 4> weight; // elements one step of digit d stands for
  llvm::SmallVector<int64_t, 4> low, high;

  Radix(const View &view, int64_t first) : view(view), weight(view.dims.size()), low(view.dims.size()), high(view.dims.size()) {
    int64_t product = 1;
    for (size_t d = view.dims.size(); d-- > 0;) {
      weight[d] = product;
      int64_t size = view.dims[d].size;
      low[d] = high[d] = d == 0 ? first / product : (first / product) % size;
      product *= size;
    }
  }

  // Appends the dims that a (stride, size) pair of the value becomes, outermost first.
  bool split(ViewDim dim, llvm::SmallVectorImpl<ViewDim> &out) {
    if (dim.size == 1 || dim.stride == 0) {
      out.push_back({0, dim.size});
      return true;
    }
    size_t d = 0;
    while (d < weight.size() && std::llabs(dim.stride) < weight[d]) {
      ++d;
    }
    if (d == weight.size() || dim.stride % weight[d] != 0) {
      return false;
    }
    int64_t step = dim.stride / weight[d];
    int64_t room = view.dims[d].size;
    int64_t last = high[d] + step * (dim.size - 1);
    if (step < 0 ? low[d] + step * (dim.size - 1) >= 0 : (last < room || d == 0)) {
      (step < 0 ? low[d] : high[d]) += step * (dim.size - 1);
      out.push_back({step * view.dims[d].stride, dim.size});
      return true;
    }
    // The pair carries into the next digit: it has to wrap evenly.
    if (step < 0 || low[d] != 0 || high[d] != 0 || room % step != 0 || dim.size % (room / step) != 0) {
      return false;
    }
    int64_t inner = room / step;
    if (!split({weight[d] * room, dim.size / inner}, out)) {
      return false;
    }
    high[d] += step * (inner - 1);
    out.push_back({step * view.dims[d].stride, inner});
    return true;
  }

  bool inside() const {
    for (size_t d = 0; d < weight.size(); ++d) {
      if (low[d] < 0 || high[d] >= view.dims[d].size) {
        return false;
      }
    }
    return true;
  }
};

} // namespace

std::optional<View> ncc::memory::compose(const View &outer, const View &inner, llvm::SmallVectorImpl<unsigned> *counts) {
  View result;
  result.partition = outer.partition + inner.partition;
  result.partitions = inner.partitions;
  if (outer.dims.size() == 1) { // the usual case: a row, possibly strided
    int64_t stride = outer.dims[0].stride;
    result.offset = outer.offset + stride * inner.offset;
    for (const ViewDim &dim : inner.dims) {
      result.dims.push_back({dim.stride * stride, dim.size});
      if (counts) {
        counts->push_back(1);
      }
    }
    return result;
  }
  Radix radix(outer, inner.offset);
  result.offset = outer.offset;
  for (size_t d = 0; d < outer.dims.size(); ++d) {
    result.offset += radix.low[d] * outer.dims[d].stride;
  }
  for (const ViewDim &dim : inner.dims) {
    size_t before = result.dims.size();
    if (!radix.split(dim, result.dims)) {
      return std::nullopt;
    }
    if (counts) {
      counts->push_back(static_cast<unsigned>(result.dims.size() - before));
    }
  }
  if (!radix.inside()) {
    return std::nullopt;
  }
  return result;
}

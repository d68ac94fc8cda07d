// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Constants in the form a lowering stored them: a model that is lowered several times, with other divisions over cores,
// packs each of its weights once.
#pragma once

#include "runtime/tensor/Tensor.h"

#include <map>
#include <vector>

namespace ncc::lower {

class ConstantCache {
public:
  /// The tensor `make` makes of the constant at `source`; `form` tells all ways to store a constant apart.
  template <typename Make>
  const Tensor &get(const Tensor &source, std::vector<int64_t> form, Make &&make) {
    auto [it, added] = entries.try_emplace({source.data(), std::move(form)});
    if (added) {
      it->second = {source, make()};
    }
    return it->second.packed;
  }

private:
  struct Entry {
    Tensor source; // keeps the address taken
    Tensor packed;
  };
  std::map<std::pair<const void *, std::vector<int64_t>>, Entry> entries;
};

} // namespace ncc::lower

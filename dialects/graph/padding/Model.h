// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Attaches a rule to an op: a struct with `static void relate(Operation *, PaddingQuery &)`.
#pragma once

#include "dialects/graph/padding/Padding.h"

namespace ncc::graph {

/// Most ops must have the same attributes in both programs; a rule with `kOwnAttributes` compares them itself.
template <typename Op, typename Rule, bool kOwnAttributes = false>
struct PaddingModel : PaddingOpInterface::ExternalModel<PaddingModel<Op, Rule, kOwnAttributes>, Op> {
  void relatePadded(mlir::Operation *op, PaddingQuery &query) const {
    if (kOwnAttributes || query.sameAttributes()) {
      Rule::relate(op, query);
    }
  }
};

} // namespace ncc::graph

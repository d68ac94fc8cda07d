// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Models made of parts that were compiled apart: segments of a plan, buckets. Equal weights of all parts are stored
// once, and there is one table of node names.
#pragma once

#include "compiler/emit/WeightPool.h"

#include "llvm/ADT/StringMap.h"

namespace ncc::emit {

class Join {
public:
  /// `whole` outlives the join and is given its parts by it alone.
  explicit Join(neff::Model &whole) : whole(whole), weights(whole) {}

  /// As the next segment of the plan that `whole` is to have.
  void addSegment(neff::Model segment);
  void addBucket(neff::Model bucket);

private:
  /// Weights and names of a part join those of the whole; the part then refers to them.
  void take(neff::Model &part);

  neff::Model &whole;
  WeightPool weights;
  llvm::StringMap<uint32_t> nodes;
};

} // namespace ncc::emit

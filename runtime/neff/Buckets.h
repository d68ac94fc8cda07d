// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Models compiled for several shapes: which bucket serves given inputs. An exact match comes first; otherwise the first
// (smallest) bucket that lists the shapes among those it may be padded from.
#pragma once

#include "runtime/neff/Model.h"

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include <map>

namespace ncc::neff {

/// Everything that can be wrong with a bucketed model: tensors that are not the whole's, masks that are none, shapes
/// listed twice or larger than their bucket, and what verifyModel finds in each bucket.
absl::Status verifyBuckets(const Model &model);

/// Refers to the model, which outlives it.
class BucketTable {
public:
  explicit BucketTable(const Model &model);

  struct Choice {
    size_t bucket = 0;
    const PaddedShapes *padded = nullptr; // null: the bucket's own shapes
  };
  /// NotFound says what was given and what is possible.
  absl::StatusOr<Choice> choose(const std::vector<Shape> &inputs) const;

private:
  std::string allowed() const;
  std::string shapesText(const std::vector<Shape> &inputs) const;

  const Model &model;
  std::map<std::vector<Shape>, Choice> choices;
};

} // namespace ncc::neff

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Which smaller shapes each bucket may serve by padding. The sizes between buckets are finite: the model is imported at
// every one of them and related to its bucket's program, so nothing is assumed about sizes that were not looked at.
#pragma once

#include "compiler/driver/Options.h"
#include "passes/padding/Masks.h"
#include "runtime/neff/Model.h"

#include <string>
#include <vector>

namespace ncc::frontend {
class Model;
} // namespace ncc::frontend

namespace ncc::driver {

struct BucketPadding {
  padding::MaskPlan masks;
  std::vector<neff::PaddedShapes> shapes; // those proven, but for the lengths of masks
  std::string unpadded;                   // why others are not
};

/// One per bucket, of the options bucketOptions gave. Tries at most `options.padShapes` shapes, those nearest to their bucket.
std::vector<BucketPadding> provePadding(const frontend::Model &model, const std::vector<Options> &buckets, const Options &options);

} // namespace ncc::driver

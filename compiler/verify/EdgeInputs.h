// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Inputs drawn for a check. Ordinary numbers hide what goes wrong at the edges of a type, so a share of the runs draws
// those: every value a rewrite has to be equal for.
#pragma once

#include "runtime/neff/Model.h"

#include <random>
#include <string_view>
#include <vector>

namespace ncc::verify {

enum class InputKind {
  Ordinary, // floats in [-1, 1], integers 0 and 1
  Exact,    // whole numbers, halves, both zeros, subnormals: what rounding, division and comparison turn on
  Special,  // infinities, NaN and rows that a mask hides: all -inf, all lowest, all false
  Extreme,  // magnitudes whose products of four just do not overflow, and the least; integers over their whole range
};
std::string_view inputKindName(InputKind kind);

/// The kind of run `run` of `runs`, `edge` percent of which draw edge values, each kind in turn.
InputKind kindOfRun(uint64_t run, uint64_t runs, uint64_t edge);

/// One tensor per input. Without `wholeRange`, integers are 0 and 1 whatever the kind: a model that takes them as indices
/// or sizes refuses others.
std::vector<Tensor> drawInputs(const std::vector<neff::TensorInfo> &infos, InputKind kind, bool wholeRange, std::mt19937_64 &random);

} // namespace ncc::verify

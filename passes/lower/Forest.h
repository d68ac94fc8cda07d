// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The engine form of tree ensembles, for the table of what gathers.
#pragma once

#include "passes/lower/Emitters.h"

namespace ncc::lower {

bool supportsForest(Lowering &low, const Group &group);
void emitForest(Lowering &low, const Group &group);

} // namespace ncc::lower

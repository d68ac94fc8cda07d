// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The op of tree ensembles, which few passes look into.
#pragma once

#include "dialects/graph/Graph.h"

#define GET_OP_CLASSES
#include "dialects/graph/Forest.h.inc"

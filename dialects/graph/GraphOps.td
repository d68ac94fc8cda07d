// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// All op families of the graph dialect, for mlir-tblgen.
include "dialects/graph/Control.td"
include "dialects/graph/Elementwise.td"
include "dialects/graph/Forest.td"
include "dialects/graph/Indexing.td"
include "dialects/graph/Linear.td"
include "dialects/graph/Normalization.td"
include "dialects/graph/Quantize.td"
include "dialects/graph/Recurrent.td"
include "dialects/graph/Reduction.td"
include "dialects/graph/Sampling.td"
include "dialects/graph/Shape.td"
include "dialects/graph/Special.td"
include "dialects/graph/Structure.td"

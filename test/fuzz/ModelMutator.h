// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Mutations of ONNX models that keep them parsable: what a byte-wise fuzzer would need ages to find.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"

#include <random>

namespace ncc::fuzz {

/// Changes one thing: an operator, a name, an attribute, a dim, a type, the order or number of nodes.
void mutate(onnx::ModelProto &model, std::minstd_rand &random);

} // namespace ncc::fuzz

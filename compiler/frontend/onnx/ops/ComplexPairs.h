// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The handlers of complex numbers kept as pairs of floats in a last dim of 2.
#pragma once

#include "compiler/frontend/onnx/Handlers.h"

namespace ncc::frontend {

void addComplexPairHandlers(HandlerTable &table);

} // namespace ncc::frontend

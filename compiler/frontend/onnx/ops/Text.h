// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The handlers of text, which are part of the run-time table's family of values.
#pragma once

#include "compiler/frontend/onnx/Handlers.h"

namespace ncc::frontend {

void addTextHandlers(HandlerTable &table);

} // namespace ncc::frontend

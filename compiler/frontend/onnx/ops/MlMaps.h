// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The handlers of maps, which are part of ai.onnx.ml's family of encoders.
#pragma once

#include "compiler/frontend/onnx/Handlers.h"

namespace ncc::frontend {

void addMlMapHandlers(HandlerTable &table);

} // namespace ncc::frontend

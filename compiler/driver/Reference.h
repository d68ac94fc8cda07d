// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The reference evaluation of a model: its graph as imported, before any pass, in plain fixed-order C++.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/driver/Options.h"
#include "runtime/tensor/Tensor.h"

#include <optional>
#include <vector>

namespace ncc::frontend {
class Model;
} // namespace ncc::frontend

namespace ncc::driver {

std::optional<std::vector<Tensor>> referenceOutputs(const frontend::Model &model, const Options &options, const std::vector<Tensor> &inputs,
                                                    DiagnosticEngine &diagnostics);

} // namespace ncc::driver

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Gives every dimension of the graph's inputs a number: from the model, from the options, or, for an open first
// dimension, 1 with a note.
#pragma once

#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/onnx.pb.h"
#include "runtime/tensor/Tensor.h"

#include <optional>

namespace ncc::frontend {

/// The shapes of `inputs`, in order; nothing after an error has been reported.
std::optional<std::vector<Shape>> bindInputShapes(const std::vector<const onnx::ValueInfoProto *> &inputs,
                                                  const ImportOptions &options, DiagnosticEngine &diagnostics);

} // namespace ncc::frontend

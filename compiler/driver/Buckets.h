// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// From options that name several shapes to one set of options per bucket, each of which compiles like a model of its
// own.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/driver/Options.h"

#include <optional>
#include <vector>

namespace ncc::frontend {
class Model;
} // namespace ncc::frontend

namespace ncc::driver {

/// The options for every bucket, smallest first, with one shape per input and no lists or data sets left; a single one when the
/// options leave no choice. Dimensions of one symbol vary together, others independently. Nothing after an error.
std::optional<std::vector<Options>> bucketOptions(const frontend::Model &model, const Options &options, DiagnosticEngine &diagnostics);

/// For commands that work on one set of shapes: the options with it; an error when there are several.
std::optional<Options> onlyOptions(const frontend::Model &model, const Options &options, const std::string &command, DiagnosticEngine &diagnostics);

} // namespace ncc::driver

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// `ncc check`: what a model needs, without compiling it.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/driver/Options.h"

namespace ncc::driver {

/// Prints inputs, outputs, open dimensions, operators, every unsupported node, what would run where and whether the memory
/// of the target's cores holds it, to stdout, as text or JSON. True when the model can be imported and fits.
bool check(const std::string &path, const Options &options, bool json, DiagnosticEngine &diagnostics);

} // namespace ncc::driver

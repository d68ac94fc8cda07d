// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How a tool that runs or reads NEFFs ends when it cannot go on: a diagnostic of compiler/diagnostics/Codes.def on
// stderr, as text or as a line of JSON, and one of the exit codes all tools share.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "tools/support/Args.h"

#include "absl/status/status.h"

namespace ncc::tools {

/// Prints the diagnostic, in colour on a terminal unless NO_COLOR is set; returns `exit` for main to return.
ExitCode failure(ExitCode exit, Code code, const std::string &message, bool json = false);

/// The code follows from the exit code and the status: kBadModel with NotFound is NeffUnreadable, with Unimplemented
/// NeffForeign, with anything else NeffDamaged; kBadInput is BadInput, kRunFailed RunFailed (with NotFound NoBucket); whatever is short of
/// memory is MemoryShort.
ExitCode failure(ExitCode exit, const absl::Status &status, bool json = false);

} // namespace ncc::tools

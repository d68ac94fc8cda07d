// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "tools/support/Failure.h"

#include <unistd.h>

namespace ncc::tools {

static Code codeOf(ExitCode exit, absl::StatusCode status) {
  if (status == absl::StatusCode::kResourceExhausted) {
    return Code::MemoryShort;
  }
  if (exit == kBadInput) {
    return Code::BadInput;
  }
  if (exit == kRunFailed) {
    return status == absl::StatusCode::kNotFound ? Code::NoBucket : Code::RunFailed;
  }
  return status == absl::StatusCode::kNotFound        ? Code::NeffUnreadable
         : status == absl::StatusCode::kUnimplemented ? Code::NeffForeign
                                                      : Code::NeffDamaged;
}

ExitCode failure(ExitCode exit, Code code, const std::string &message, bool json) {
  const CodeInfo &info = codeInfo(code);
  Diagnostic diagnostic{code, info.severity, "", "", message, std::string(info.advice)};
  bool colour = isatty(STDERR_FILENO) && !std::getenv("NO_COLOR");
  std::fprintf(stderr, "%s\n", (json ? diagnostic.json() : diagnostic.str(colour)).c_str());
  return exit;
}

ExitCode failure(ExitCode exit, const absl::Status &status, bool json) {
  return failure(exit, codeOf(exit, status.code()), std::string(status.message()), json);
}

} // namespace ncc::tools

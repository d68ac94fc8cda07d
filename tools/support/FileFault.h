// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Model files and NEFFs are mapped. One that is cut off while it is in use makes the kernel send SIGBUS where the missing
// bytes are touched; a tool then ends with a diagnostic like any other. Outputs have no name until they are complete, so
// nothing is left behind.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace ncc::tools {

/// What the signal handler writes; set once, before any file is mapped.
struct FileFault {
  static inline char text[512];
  static inline int exitCode = 3;

  static void ends(int) {
    [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
    ::_exit(exitCode);
  }
};

inline void reportFileFaults(Code code, int exitCode, bool json) {
  const Diagnostic diagnostic{code, Severity::Error, "", "", "a file was cut off or changed while it was read", "leave the files alone until the command has ended"};
  std::snprintf(FileFault::text, sizeof FileFault::text, "%s\n", (json ? diagnostic.json() : diagnostic.str()).c_str());
  FileFault::exitCode = exitCode;
  struct sigaction action {};
  action.sa_handler = FileFault::ends;
  ::sigaction(SIGBUS, &action, nullptr);
}

/// Flushes standard output; `exitCode` where all of it has been written, else an error of its own.
inline int finished(int exitCode, int unwritable) {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) {
    return exitCode;
  }
  std::fprintf(stderr, "%s\n", Diagnostic{Code::OutputUnwritable, Severity::Error, "", "", "standard output cannot be written", "check the free space"}.str().c_str());
  return exitCode == 0 ? unwritable : exitCode;
}

} // namespace ncc::tools

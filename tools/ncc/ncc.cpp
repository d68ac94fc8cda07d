// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The compiler's command.
#include "compiler/diagnostics/Diagnostic.h"
#include "runtime/tensor/Printable.h"
#include "tools/ncc/CommandLine.h"
#include "tools/support/FileFault.h"

#include <csignal>
#include <cstdio>
#include <new>
#include <unistd.h>

/// Called where no memory is to be had: nothing here may ask for any.
template <bool kJson>
static void outOfMemory() {
  static_assert(static_cast<int>(ncc::Code::OutOfMemory) == 2004);
  static constexpr char kText[] = "error[NCC2004] compiling needs more memory than there is\n"
                                  "  compile on a machine with more memory, or raise the limit (ulimit -v)\n";
  static constexpr char kLine[] = "{\"severity\":\"error\",\"code\":\"NCC2004\",\"node\":\"\",\"op\":\"\",\"message\":\"compiling needs more memory than there is\","
                                  "\"advice\":\"compile on a machine with more memory, or raise the limit (ulimit -v)\"}\n";
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, kJson ? kLine : kText, (kJson ? sizeof kLine : sizeof kText) - 1);
  ::_exit(ncc::cli::kModelError);
}

int main(int argc, char **argv) {
  std::signal(SIGXFSZ, SIG_IGN); // a file size limit is an error of write(), not a death
  ncc::cli::CommandLine line;
  std::string error;
  if (!ncc::cli::parse({argv + 1, argv + argc}, line, error)) {
    std::fprintf(stderr, "ncc: %s; 'ncc help' lists commands and options\n", ncc::printable(error).c_str());
    return ncc::cli::kUsage;
  }
  std::set_new_handler(line.json ? outOfMemory<true> : outOfMemory<false>);
  ncc::tools::reportFileFaults(ncc::Code::ModelUnreadable, ncc::cli::kFileError, line.json);
  return ncc::tools::finished(ncc::cli::run(line), ncc::cli::kFileError);
}

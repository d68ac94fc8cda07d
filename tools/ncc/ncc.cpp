// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The compiler's command.
#include "tools/ncc/CommandLine.h"

#include <csignal>
#include <cstdio>

int main(int argc, char **argv) {
  std::signal(SIGXFSZ, SIG_IGN); // a file size limit is an error of write(), not a death
  ncc::cli::CommandLine line;
  std::string error;
  if (!ncc::cli::parse({argv + 1, argv + argc}, line, error)) {
    std::fprintf(stderr, "ncc: %s; 'ncc help' lists commands and options\n", error.c_str());
    return ncc::cli::kUsage;
  }
  return ncc::cli::run(line);
}

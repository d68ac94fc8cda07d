// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The command line of ncc, parsed into plain data.
#pragma once

#include "compiler/driver/Compile.h"

#include <string>
#include <vector>

namespace ncc::cli {

/// What a process returns. Documented in --help.
enum Exit { kOk = 0, kModelError = 1, kUsage = 2, kFileError = 3, kInternal = 4, kMismatch = 5 };

enum class Command { Compile, Check, Verify, Targets, Ops, Explain, Help, Version };

struct CommandLine {
  Command command = Command::Compile;
  std::string model;   // or the code to explain
  std::string output;
  std::string reportFile;
  Stage emit = Stage::Neff;
  bool timing = false, json = false, quiet = false, debugMap = true;
  uint64_t seed = 1;          // verify
  uint64_t runs = 4;          // verify: sets of inputs drawn
  uint64_t edge = 75;         // verify: percent of them with edge values
  double rtol = -1, atol = -1; // verify; negative: by precision
  std::string testData;        // verify: folder with inputs
  bool precise = false;        // verify: on the precise interpreter
  Options options;
};

/// False after an error, which `error` holds.
bool parse(const std::vector<std::string> &arguments, CommandLine &line, std::string &error);

std::string helpText();

int run(const CommandLine &line);
int runVerify(const CommandLine &line, DiagnosticEngine &diagnostics);
/// The exit code for what has been reported.
int exitCodeOf(const DiagnosticEngine &diagnostics);

} // namespace ncc::cli

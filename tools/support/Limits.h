// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The option --limit of the tools that load NEFFs, and a main that reports missing memory like any other failure.
#pragma once

#include "runtime/neff/Demand.h"
#include "runtime/tensor/Guard.h"
#include "tools/support/Failure.h"
#include "tools/support/FileFault.h"

namespace ncc::tools {

/// What --limit says; ends the process when it says nothing sensible.
inline neff::Limits limitsOf(const Args &args) {
  neff::Limits limits;
  for (const std::string &option : args.all("limit")) {
    const size_t equals = option.find('=');
    const std::string key = option.substr(0, equals), value = equals == std::string::npos ? "" : option.substr(equals + 1);
    char *end = nullptr;
    double number = std::strtod(value.c_str(), &end);
    const std::string unit = end, units = "kmgt";
    if (key == "memory" && unit.size() == 1 && units.find(unit[0]) != std::string::npos) {
      number *= static_cast<double>(uint64_t{1} << (10 * (units.find(unit[0]) + 1)));
    } else if (!unit.empty()) {
      number = 0;
    }
    double *limit = key == "work" ? &limits.work : key == "memory" ? &limits.memory : key == "steps" ? &limits.steps : nullptr;
    if (!limit || !(number > 0)) {
      Args::fail("--limit wants work=N, steps=N or memory=N[k|m|g|t], not `" + option + "`");
    }
    *limit = number;
  }
  return limits;
}

/// run(), or the failure of whatever it ran out of: memory, threads, a file that was cut off, room for standard output.
template <typename Run>
int guardedMain(bool json, Run &&run) {
  reportFileFaults(Code::NeffUnreadable, kBadModel, json);
  int exit = kOk;
  absl::Status status = guarded([&] {
    exit = run();
    return absl::OkStatus();
  });
  return finished(status.ok() ? exit : failure(kRunFailed, status, json), kBadInput);
}

} // namespace ncc::tools

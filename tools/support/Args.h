// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Command lines of the small runtime tools: `--name value`, `--name=value`, repeated options, flags and positional
// arguments. Unknown options are errors.
#pragma once

#include "runtime/tensor/Printable.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ncc::tools {

/// Exit codes shared by the tools (docs/runtime.md).
enum ExitCode { kOk = 0, kMismatch = 1, kUsage = 2, kBadInput = 3, kBadModel = 4, kRunFailed = 5 };

class Args {
public:
  Args(int argc, char **argv, std::set<std::string> valued, std::set<std::string> flags, const char *help) {
    for (int i = 1; i < argc; ++i) {
      std::string arg = argv[i];
      if (arg == "--help" || arg == "-h") {
        std::fputs(help, stdout);
        std::exit(kOk);
      }
      if (arg == "--version") {
        std::puts("ncc 0.1.0");
        std::exit(kOk);
      }
      if (arg.rfind("--", 0) != 0) {
        positional.push_back(arg);
        continue;
      }
      size_t equals = arg.find('=');
      std::string name = arg.substr(2, equals == std::string::npos ? equals : equals - 2);
      if (flags.count(name) && equals == std::string::npos) {
        options[name].push_back("");
      } else if (valued.count(name) && equals != std::string::npos) {
        options[name].push_back(arg.substr(equals + 1));
      } else if (valued.count(name) && i + 1 < argc) {
        options[name].push_back(argv[++i]);
      } else {
        fail("unknown option or missing value: " + arg);
      }
    }
  }
  bool has(const std::string &name) const { return options.count(name) > 0; }
  std::string text(const std::string &name, const std::string &fallback = "") const {
    auto it = options.find(name);
    return it == options.end() ? fallback : it->second.back();
  }
  std::vector<std::string> all(const std::string &name) const {
    auto it = options.find(name);
    return it == options.end() ? std::vector<std::string>() : it->second;
  }
  double number(const std::string &name, double fallback) const {
    if (!has(name)) {
      return fallback;
    }
    std::string value = text(name);
    char *end = nullptr;
    double result = std::strtod(value.c_str(), &end);
    if (value.empty() || *end) {
      fail("--" + name + " wants a number, not `" + value + "`");
    }
    return result;
  }
  [[noreturn]] static void fail(const std::string &what) {
    std::fprintf(stderr, "error: %s (see --help)\n", printable(what).c_str());
    std::exit(kUsage);
  }
  std::vector<std::string> positional;

private:
  std::map<std::string, std::vector<std::string>> options;
};

} // namespace ncc::tools

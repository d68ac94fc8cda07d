// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Runs ONNX's backend tests through the compiler and the host executor, and keeps the ledger of what passes.
#include "tools/conformance/Ledger.h"
#include "tools/conformance/Workers.h"
#include "tools/support/Args.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace ncc;
using namespace ncc::conformance;
using ncc::tools::Args;

namespace {

const char *kHelp = R"(usage: conformance --corpus DIR [--part NAME ...] [--filter TEXT] [--every N] [--jobs N] [--target T]
                   [--cores N] [--json FILE] [--ledger FILE | --update FILE] [--all-pass] [--quiet]
       conformance --support-table LEDGER
  --part NAME      a folder of the corpus; by default onnx-node, onnx-node-old and ml-node
  --filter TEXT    only tests whose part/name contains TEXT
  --every N        only every Nth test of each part
  --jobs N         processes (2)
  --cores N        cores to compile for (1)
  --json FILE      every test's outcome
  --all-pass       fail unless every test passes
  --ledger FILE    fail where outcomes differ from the ledger's
  --update FILE    write the ledger
  --support-table  print docs/onnx-support.md
exit: 0 as expected (or no ledger given), 1 outcomes differ, 2 bad command line, 3 a file cannot be read; without a corpus
the run is skipped with a message
)";

neff::Json readLedger(const std::string &path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto json = neff::parseJson(text, path);
  if (!json.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(json.status().message()).c_str());
    std::exit(3);
  }
  return *std::move(json);
}

std::vector<Case> selectCases(const Args &args) {
  std::vector<std::string> parts = args.all("part");
  if (parts.empty()) {
    parts = {"onnx-node", "onnx-node-old", "ml-node"};
  }
  std::vector<Case> chosen;
  for (const std::string &part : parts) {
    size_t index = 0, every = static_cast<size_t>(std::max(1.0, args.number("every", 1)));
    for (Case &test : listCases(args.text("corpus"), part)) {
      if (index++ % every == 0 && test.key().find(args.text("filter")) != std::string::npos) {
        chosen.push_back(std::move(test));
      }
    }
  }
  return chosen;
}

Results runAll(const std::vector<Case> &cases, const Args &args) {
  RunOptions run;
  run.target = args.has("target") ? args.text("target") : run.target;
  run.cores = static_cast<int>(args.number("cores", 1));
  WorkerOptions workers;
  workers.processes = static_cast<int>(args.number("jobs", 2));
  Results results;
  auto job = [&](size_t i) { return neff::dumpJson(toJson(runCase(cases[i], run))); };
  auto done = [&](size_t i, const std::string &text, const std::string &problem) {
    Result &result = results[cases[i].key()];
    auto json = neff::parseJson(text, "result");
    if (problem.empty() && json.ok()) {
      result = resultFromJson(*json);
    } else {
      result.inputs.reason = result.constants.reason = problem.empty() ? "no result" : problem;
    }
    for (const auto &[variant, outcome] : {std::pair("inputs", &result.inputs), std::pair("constants", &result.constants)}) {
      if (!outcome->pass && !args.has("quiet")) {
        std::printf("%s (%s): %s\n", cases[i].key().c_str(), variant, outcome->reason.c_str());
      }
    }
  };
  runJobs(cases.size(), workers, job, done);
  return results;
}

void writeJson(const std::string &path, const neff::Json &json) { std::ofstream(path) << neff::dumpJson(json, 1) << "\n"; }

} // namespace

int main(int argc, char **argv) {
  Args args(argc, argv, {"corpus", "part", "filter", "every", "jobs", "target", "cores", "json", "ledger", "update", "support-table"}, {"quiet", "all-pass"}, kHelp);
  if (args.has("support-table")) {
    std::fputs(supportTable(readLedger(args.text("support-table"))).c_str(), stdout);
    return 0;
  }
  if (!std::filesystem::is_directory(args.text("corpus"))) {
    std::printf("skipped: there is no corpus at '%s'\n", args.text("corpus").c_str());
    return 0;
  }
  Results results = runAll(selectCases(args), args);
  std::fputs(totals(results).c_str(), stdout);
  if (args.has("json")) {
    neff::Json all = neff::Json::object();
    for (const auto &[key, result] : results) {
      all[key] = toJson(result);
    }
    writeJson(args.text("json"), all);
  }
  if (args.has("update")) {
    writeJson(args.text("update"), makeLedger(results));
  }
  auto failed = [](const auto &entry) { return !entry.second.inputs.pass || !entry.second.constants.pass; };
  if (args.has("all-pass")) {
    return results.empty() || std::any_of(results.begin(), results.end(), failed) ? 1 : 0;
  }
  if (!args.has("ledger")) {
    return 0;
  }
  std::vector<std::string> lines = compareWithLedger(results, readLedger(args.text("ledger")));
  for (const std::string &line : lines) {
    std::printf("not as expected: %s\n", line.c_str());
  }
  return lines.empty() ? 0 : 1;
}

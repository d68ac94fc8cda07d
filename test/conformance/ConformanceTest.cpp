// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The parts of tools/conformance that need no corpus: comparison rules, workers that die, and the ledger.
#include "tools/conformance/Expected.h"
#include "tools/conformance/Ledger.h"
#include "tools/conformance/Workers.h"

#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <unistd.h>

using namespace ncc;
using namespace ncc::conformance;

namespace {

Tensor vectorOf(DType type, std::initializer_list<double> values) {
  Tensor tensor(type, {static_cast<int64_t>(values.size())});
  int64_t i = 0;
  for (double value : values) {
    tensor.setDouble(i++, value);
  }
  return tensor;
}

Result passing(const std::string &op) {
  Result result;
  result.op = op;
  result.type = "float";
  result.opset = 13;
  result.inputs.pass = result.constants.pass = true;
  return result;
}

} // namespace

using Allowed = std::map<std::string, std::set<std::string>>; // kernel -> operators

/// The sections of firmware-allowed.txt.
std::map<std::string, Allowed> allowedKernels() {
  std::ifstream file(NCC_SOURCE_DIR "/test/conformance/firmware-allowed.txt");
  std::map<std::string, Allowed> sections;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kernel, op;
    if (!(words >> kernel) || kernel[0] == '#') {
      continue;
    }
    if (kernel[0] == '[') {
      section = kernel.substr(1, kernel.size() - 2);
      continue;
    }
    kernel.pop_back(); // the colon
    while (words >> op) {
      sections[section][kernel].insert(op);
    }
  }
  return sections;
}

/// "kernel: operator" of floats that left the engines in a variant.
std::set<std::pair<std::string, std::string>> floatsOffEngines(const char *variant) {
  std::ifstream file(NCC_SOURCE_DIR "/test/conformance/expected.json");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto ledger = neff::parseJson(text, "expected.json");
  std::set<std::pair<std::string, std::string>> found;
  if (!ledger.ok()) {
    return found;
  }
  for (const auto &[key, kernels] : (*ledger)["off_engines"][variant].items()) {
    std::string op = key.substr(0, key.rfind(' ')), type = key.substr(key.rfind(' ') + 1);
    for (const neff::Json &kernel : kernels) {
      if (type == "float" || type == "float16" || type == "bfloat16") {
        found.insert({kernel.get<std::string>(), op});
      }
    }
  }
  return found;
}

TEST(Rule, FloatsRunOnTheEngines) {
  std::map<std::string, Allowed> allowed = allowedKernels();
  auto known = floatsOffEngines("constants"), runTime = floatsOffEngines("inputs");
  ASSERT_FALSE(known.empty() || runTime.empty());
  for (const auto &[kernel, op] : known) {
    EXPECT_TRUE(allowed["always"][kernel].count(op)) << op << " runs " << kernel << " off the engines";
  }
  for (const auto &[kernel, op] : runTime) {
    EXPECT_TRUE(allowed["always"][kernel].count(op) || allowed["run-time"][kernel].count(op)) << op << " runs " << kernel << " off the engines";
  }
  for (const auto &[section, kernels] : allowed) {
    for (const auto &[kernel, ops] : kernels) {
      for (const std::string &op : ops) {
        EXPECT_TRUE(known.count({kernel, op}) || (section == "run-time" && runTime.count({kernel, op}))) << kernel << ": " << op << " is not needed in [" << section << "]";
      }
    }
  }
}

TEST(Expected, IntegersAreExactUnlessQuantized) {
  std::vector<ops::Value> a{vectorOf(DType::I8, {1, 2})}, b{vectorOf(DType::I8, {1, 3})};
  EXPECT_NE(differences(a, b, {}), "");
  EXPECT_EQ(differences(a, b, {.random = false, .quantized = true, .coarse = false, .doubled = false}), "");
}

TEST(Expected, FloatsWithinTheToleranceOfTheirType) {
  EXPECT_NE(differences({vectorOf(DType::F32, {1.01})}, {vectorOf(DType::F32, {1})}, {}), "");
  EXPECT_EQ(differences({vectorOf(DType::F16, {1.01})}, {vectorOf(DType::F16, {1})}, {}), "");
}

TEST(Expected, AllOf64Bits) {
  std::vector<ops::Value> c{vectorOf(DType::F64, {1})}, d{vectorOf(DType::F64, {1 + 1e-9})};
  Tensor large(DType::I64, {1}), larger(DType::I64, {1});
  large.setInt(0, (int64_t{1} << 53));
  larger.setInt(0, (int64_t{1} << 53) + 1);
  EXPECT_NE(differences({ops::Value(large)}, {ops::Value(larger)}, {}), "");
  EXPECT_NE(differences(c, d, {}), "");
}

TEST(Expected, DrawnNumbersByShapeTypeAndRange) {
  Rules drawn{.random = true, .quantized = false, .coarse = false, .doubled = false};
  EXPECT_EQ(differences({vectorOf(DType::F32, {0.3, 0.9})}, {vectorOf(DType::F32, {0.1, 0.8})}, drawn), "");
  EXPECT_NE(differences({vectorOf(DType::F32, {0.3, 9})}, {vectorOf(DType::F32, {0.1, 0.8})}, drawn), "");
  EXPECT_NE(differences({vectorOf(DType::F64, {0.3, 0.9})}, {vectorOf(DType::F32, {0.1, 0.8})}, drawn), "");
}

TEST(Workers, ACrashCostsOneJob) {
  std::map<size_t, std::string> ends;
  auto job = [](size_t i) {
    if (i == 3) {
      ::raise(SIGKILL);
    }
    return "done " + std::to_string(i);
  };
  runJobs(8, {}, job, [&](size_t i, const std::string &text, const std::string &problem) { ends[i] = text + problem; });
  ASSERT_EQ(ends.size(), 8u);
  EXPECT_EQ(ends[3], "crash: Killed");
  EXPECT_EQ(ends[4], "done 4");
}

TEST(Workers, AHangEnds) {
  std::string end;
  auto job = [](size_t) {
    ::sleep(30);
    return std::string();
  };
  runJobs(1, {.processes = 1, .secondsPerJob = 1}, job, [&](size_t, const std::string &, const std::string &problem) { end = problem; });
  EXPECT_EQ(end, "took too long");
}

TEST(Ledger, TellsNewFailuresAndNewPasses) {
  Results results{{"p/a", passing("Add")}, {"p/b", passing("Mul")}};
  results["p/b"].inputs = {.pass = false, .reason = "no | form", .firmware = {}, .host = {}};
  neff::Json ledger = makeLedger(results);
  EXPECT_TRUE(compareWithLedger(results, ledger).empty());
  results["p/a"].constants.pass = false;
  results["p/b"].inputs.pass = true;
  EXPECT_EQ(compareWithLedger(results, ledger).size(), 2u);
  results["p/a"].constants = {.pass = true, .reason = "", .firmware = {"binary"}, .host = {}};
  std::vector<std::string> lines = compareWithLedger(results, ledger);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.front(), "p/a (constants): leaves the engines for binary");
  EXPECT_EQ(makeLedger({{"p/a", resultFromJson(toJson(passing("Add")))}}), makeLedger({{"p/a", passing("Add")}}));
  EXPECT_NE(supportTable(ledger).find("| p/b | inputs | no \\| form |"), std::string::npos);
}

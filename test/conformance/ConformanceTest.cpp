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

/// Kernel -> operators, of firmware-allowed.txt.
std::map<std::string, std::set<std::string>> allowedKernels() {
  std::ifstream file(NCC_SOURCE_DIR "/test/conformance/firmware-allowed.txt");
  std::map<std::string, std::set<std::string>> allowed;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kernel, op;
    if (words >> kernel && kernel[0] != '#') {
      kernel.pop_back(); // the colon
      while (words >> op) {
        allowed[kernel].insert(op);
      }
    }
  }
  return allowed;
}

TEST(Rule, FloatsRunOnTheEngines) {
  std::map<std::string, std::set<std::string>> allowed = allowedKernels();
  std::ifstream file(NCC_SOURCE_DIR "/test/conformance/expected.json");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto ledger = neff::parseJson(text, "expected.json");
  ASSERT_TRUE(ledger.ok());
  std::set<std::string> floats{"float", "float16", "bfloat16"};
  for (const auto &[key, kernels] : (*ledger)["off_engines"].items()) {
    std::string op = key.substr(0, key.rfind(' ')), type = key.substr(key.rfind(' ') + 1);
    for (const neff::Json &kernel : kernels) {
      if (floats.count(type)) {
        EXPECT_TRUE(allowed[kernel.get<std::string>()].count(op)) << key << " runs " << kernel << " off the engines";
      }
    }
  }
}

TEST(Expected, IntegersAreExactUnlessQuantized) {
  std::vector<ops::Value> a{vectorOf(DType::I8, {1, 2})}, b{vectorOf(DType::I8, {1, 3})};
  EXPECT_NE(differences(a, b, {}), "");
  EXPECT_EQ(differences(a, b, {.random = false, .quantized = true}), "");
}

TEST(Expected, FloatsWithinTheToleranceOfTheirType) {
  EXPECT_NE(differences({vectorOf(DType::F32, {1.01})}, {vectorOf(DType::F32, {1})}, {}), "");
  EXPECT_EQ(differences({vectorOf(DType::F16, {1.01})}, {vectorOf(DType::F16, {1})}, {}), "");
}

TEST(Expected, DrawnNumbersByShapeTypeAndRange) {
  Rules drawn{.random = true, .quantized = false};
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
  EXPECT_EQ(makeLedger({{"p/a", resultFromJson(toJson(passing("Add")))}}), makeLedger({{"p/a", passing("Add")}}));
  EXPECT_NE(supportTable(ledger).find("| p/b | inputs | no \\| form |"), std::string::npos);
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One test in ONNX's backend-test layout (model.onnx, test_data_set_K/{input,output}_J.pb): compiled, run on the host
// executor and compared with the expected outputs; once as it is, once with every input but the first a constant.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace ncc::conformance {

struct Case {
  std::string part, name, folder;
  std::string key() const { return part + "/" + name; }
};

/// The tests below `corpus`/`part`, sorted by name.
std::vector<Case> listCases(const std::string &corpus, const std::string &part);

/// What one way of running a test came to.
struct Outcome {
  bool pass = false;
  std::string reason; // of a failure
  std::set<std::string> firmware, host; // kernels that did not run on the engines
};

struct Result {
  std::string op;   // the operator under test, with its domain; "several" for a graph of different ones
  std::string type; // element type of the first input
  int opset = 0;
  Outcome inputs, constants;
};

struct RunOptions {
  std::string target = "trn2";
  int cores = 1;
};

/// Never throws; whatever goes wrong is the reason of the outcome.
Result runCase(const Case &test, const RunOptions &options);

} // namespace ncc::conformance

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Runs one case in ONNX's backend-test layout (model.onnx, test_data_set_K/{input,output}_J.pb): import with the
// shapes of the data, reference evaluation, comparison by the project's rule.
#pragma once

#include <string>
#include <vector>

namespace ncc::test {

enum class Outcome { Pass, ImportFailed, EvaluationFailed, Mismatch, BadCase };

struct CaseResult {
  Outcome outcome;
  std::string detail;
};

/// `pipeline` is a textual pass pipeline to run between import and evaluation, or "".
CaseResult runCase(const std::string &folder, const std::string &pipeline = {});

/// Imports only, with the model's own shapes.
CaseResult importCase(const std::string &folder);

/// The folders below `root` that hold a model.onnx, sorted.
std::vector<std::string> casesIn(const std::string &root);

/// The corpus: $NCC_CORPUS, or shared/corpus beside the repository; "" when neither is there.
std::string corpusRoot();

} // namespace ncc::test

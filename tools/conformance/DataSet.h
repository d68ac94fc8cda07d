// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Data sets as ONNX's backend tests keep them: FOLDER/test_data_set_K/{input_J.pb,output_J.pb}.
#pragma once

#include "compiler/frontend/onnx/Model.h"
#include "runtime/tensor/Value.h"

#include "absl/status/statusor.h"

namespace ncc::conformance {

/// The test_data_set_* folders, by name.
std::vector<std::string> dataSets(const std::string &folder);

/// Inputs and expected outputs of one data set.
struct DataSet {
  std::vector<ops::Value> inputs, outputs;
};
absl::StatusOr<DataSet> readDataSet(const frontend::Model &model, const std::string &set);

} // namespace ncc::conformance

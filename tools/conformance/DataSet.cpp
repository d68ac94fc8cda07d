// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "tools/conformance/DataSet.h"

#include "runtime/api/ValueFiles.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace fs = std::filesystem;

namespace ncc::conformance {

namespace {

/// STEM_0.pb, STEM_1.pb, ... of a set; `infos` says what kind of value each file holds.
absl::StatusOr<std::vector<ops::Value>> readSeries(const std::string &set, const std::string &stem, const std::vector<const onnx::ValueInfoProto *> &infos) {
  std::vector<ops::Value> values;
  for (size_t i = 0;; ++i) {
    std::string path = set + "/" + stem + "_" + std::to_string(i) + ".pb";
    if (!fs::exists(path)) {
      return values;
    }
    if (i < infos.size() && !infos[i]->type().has_tensor_type()) {
      absl::StatusOr<api::NamedValue> value = api::readValueFile(path, frontend::valueTypeOfProto(infos[i]->type()));
      if (!value.ok()) {
        return value.status();
      }
      values.push_back(std::move(value->value));
      continue;
    }
    absl::StatusOr<Tensor> tensor = frontend::readTensorFile(path);
    if (!tensor.ok()) {
      return tensor.status();
    }
    values.emplace_back(*std::move(tensor));
  }
}

/// Old files hold one element for an operand whose type alone matters: it is repeated in the declared shape.
ops::Value fitted(const ops::Value &value, const onnx::ValueInfoProto &info) {
  if (!value.isTensor() || !info.type().has_tensor_type() || value.tensor().size() != 1 || value.tensor().dtype() == DType::String) {
    return value;
  }
  Shape shape;
  for (const auto &dim : info.type().tensor_type().shape().dim()) {
    shape.push_back(dim.dim_value());
  }
  if (shape.size() == value.tensor().shape().size() || numElements(shape) < 1) {
    return value;
  }
  Tensor whole(value.tensor().dtype(), shape);
  const size_t size = dtypeSize(whole.dtype());
  for (int64_t i = 0; i < whole.size(); ++i) {
    std::memcpy(static_cast<char *>(whole.mutableData()) + static_cast<size_t>(i) * size, value.tensor().data(), size);
  }
  return whole;
}

} // namespace

std::vector<std::string> dataSets(const std::string &folder) {
  std::vector<std::string> sets;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory() && entry.path().filename().string().starts_with("test_data_set_")) {
      sets.push_back(entry.path().string());
    }
  }
  std::sort(sets.begin(), sets.end());
  return sets;
}

absl::StatusOr<DataSet> readDataSet(const frontend::Model &model, const std::string &set) {
  std::vector<const onnx::ValueInfoProto *> wanted;
  for (const auto &output : model.proto().graph().output()) {
    wanted.push_back(&output);
  }
  absl::StatusOr<std::vector<ops::Value>> inputs = readSeries(set, "input", model.openInputs()), outputs = readSeries(set, "output", wanted);
  if (!inputs.ok() || !outputs.ok()) {
    return inputs.ok() ? outputs.status() : inputs.status();
  }
  std::vector<const onnx::ValueInfoProto *> open = model.openInputs();
  for (size_t i = 0; i < open.size() && i < inputs->size(); ++i) {
    (*inputs)[i] = fitted((*inputs)[i], *open[i]);
  }
  return DataSet{*std::move(inputs), *std::move(outputs)};
}

} // namespace ncc::conformance

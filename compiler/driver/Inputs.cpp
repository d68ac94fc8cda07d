// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reads the tensors of a test data set for their shapes, the target from a name or a file, and the model file.
#include "compiler/driver/Inputs.h"

#include "compiler/driver/Compile.h"
#include "compiler/frontend/onnx/Model.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace ncc;

bool driver::shapesFromFolder(const std::string &folder, const frontend::Model &model, std::map<std::string, std::vector<int64_t>> &shapes,
                              DiagnosticEngine &diagnostics) {
  int index = 0;
  for (const onnx::ValueInfoProto *info : model.openInputs()) {
    const onnx::ValueInfoProto &input = *info;
    std::string path = folder + "/input_" + std::to_string(index++) + ".pb";
    if (!std::filesystem::exists(path)) {
      if (index == 1) {
        diagnostics.report(Code::BadOption, "--shapes-from: there is no file " + path);
        return false;
      }
      break;
    }
    if (!input.type().has_tensor_type()) {
      continue; // sequences and optionals have no shape to bind
    }
    absl::StatusOr<Tensor> tensor = frontend::readTensorFile(path);
    if (!tensor.ok()) {
      diagnostics.report(Code::BadOption, "--shapes-from: " + path + ": " + std::string(tensor.status().message()));
      return false;
    }
    shapes.try_emplace(input.name(), tensor->shape().begin(), tensor->shape().end());
  }
  return true;
}

static std::vector<std::string> setsWithin(const std::string &folder) {
  std::vector<std::string> folders;
  std::error_code error;
  if (std::filesystem::exists(folder + "/input_0.pb", error)) {
    return {folder};
  }
  for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
    if (std::filesystem::exists(entry.path() / "input_0.pb", error)) {
      folders.push_back(entry.path().string());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<std::string> driver::setsIn(const std::string &folder) {
  std::vector<std::string> folders = setsWithin(folder);
  return folders.empty() ? std::vector<std::string>{folder} : folders;
}

bool driver::readSamples(const std::string &folder, size_t inputs, std::vector<std::vector<Tensor>> &samples, DiagnosticEngine &diagnostics) {
  const std::vector<std::string> folders = setsWithin(folder);
  if (folders.empty()) {
    diagnostics.report(Code::BadOption, "--calibration-data: '" + folder + "' holds no input_0.pb, nor does a folder in it");
    return false;
  }
  for (const std::string &sample : folders) {
    std::vector<Tensor> tensors;
    for (size_t i = 0; i < inputs; ++i) {
      absl::StatusOr<Tensor> tensor = frontend::readTensorFile(sample + "/input_" + std::to_string(i) + ".pb");
      if (!tensor.ok()) {
        diagnostics.report(Code::BadOption, "--calibration-data: " + sample + ": " + std::string(tensor.status().message()));
        return false;
      }
      tensors.push_back(*std::move(tensor));
    }
    samples.push_back(std::move(tensors));
  }
  return true;
}

std::optional<hw::DeviceSpec> ncc::resolveTarget(const std::string &nameOrFile, DiagnosticEngine &diagnostics) {
  if (const hw::DeviceSpec *device = hw::findDevice(nameOrFile)) {
    return *device;
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(nameOrFile, ignored)) {
    std::string names;
    for (const hw::DeviceSpec &device : hw::knownDevices()) {
      names += (names.empty() ? "" : ", ") + device.name;
    }
    diagnostics.report(Code::UnknownTarget, "'" + nameOrFile + "' is neither a built-in target (" + names + ") nor a file");
    return std::nullopt;
  }
  std::ifstream file(nameOrFile);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  absl::StatusOr<hw::DeviceSpec> device = hw::parseDevice(text);
  if (!device.ok()) {
    diagnostics.report(Code::UnknownTarget, nameOrFile + ": " + std::string(device.status().message()));
    return std::nullopt;
  }
  return *std::move(device);
}

std::unique_ptr<frontend::Model> ncc::loadModel(const std::string &path, DiagnosticEngine &diagnostics, DefaultInputs defaults) {
  absl::StatusOr<std::unique_ptr<frontend::Model>> model = frontend::Model::load(path, defaults);
  if (model.ok()) {
    return *std::move(model);
  }
  bool unreadable = model.status().code() == absl::StatusCode::kNotFound || model.status().code() == absl::StatusCode::kPermissionDenied;
  diagnostics.report(unreadable ? Code::ModelUnreadable : Code::ModelMalformed, std::string(model.status().message()));
  return nullptr;
}

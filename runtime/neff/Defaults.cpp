// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/neff/Defaults.h"

namespace ncc::neff {

std::optional<Tensor> defaultOf(const Model &model, size_t input) {
  for (const InputDefault &one : model.defaults) {
    if (one.input == input && model.weightData) {
      const TensorInfo &info = model.inputs[input];
      return Tensor(info.dtype, info.shape, model.weightData + one.offset, model.weightOwner);
    }
  }
  return std::nullopt;
}

void defaultsToJson(const Model &model, Json &json) {
  for (const InputDefault &one : model.defaults) {
    json["defaults"].push_back({{"input", one.input}, {"offset", one.offset}});
  }
  if (!model.frozen.empty()) {
    json["frozen"] = model.frozen;
  }
}

void defaultsFromJson(const Json &json, Model &model, JsonReader &reader) {
  if (reader.find(json, "defaults")) {
    for (const Json &item : reader.array(json, "defaults", 65536)) {
      model.defaults.push_back({static_cast<uint32_t>(reader.natural(item, "input", UINT32_MAX)), reader.natural(item, "offset", uint64_t{1} << 50)});
    }
  }
  if (reader.find(json, "frozen")) {
    for (const Json &item : reader.array(json, "frozen", 65536)) {
      if (item.is_string()) {
        model.frozen.push_back(item.get<std::string>());
      } else {
        reader.fail("a frozen input is no name");
      }
    }
  }
}

absl::Status verifyDefaults(const Model &model) {
  for (const InputDefault &one : model.defaults) {
    if (one.input >= model.inputs.size()) {
      return absl::InvalidArgumentError("a default belongs to no input");
    }
    const TensorInfo &info = model.inputs[one.input];
    __int128 bytes = info.dtype == DType::String ? -1 : static_cast<__int128>(dtypeSize(info.dtype));
    for (int64_t dim : info.shape) {
      bytes = dim < 0 || bytes > (__int128{1} << 60) ? -1 : bytes * dim;
    }
    if (bytes < 0 || one.offset % 64 != 0 || one.offset > model.weightBytes || bytes > static_cast<__int128>(model.weightBytes - one.offset)) {
      return absl::InvalidArgumentError("the default of input " + info.name + " lies outside the weights");
    }
  }
  return absl::OkStatus();
}

} // namespace ncc::neff

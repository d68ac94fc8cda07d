// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// C++ over the C API: owners for models, tensors and sets. Header only; needs nothing but nrt.h and libnrt.
#pragma once

#include "nrt.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nrt {

struct Error {
  NRT_STATUS code = NRT_SUCCESS;
  std::string message;
  explicit operator bool() const { return code != NRT_SUCCESS; }
  static Error from(NRT_STATUS status) { return {status, status == NRT_SUCCESS ? "" : ncc_nrt_last_error()}; }
};

struct TensorInfo {
  std::string name;
  bool input = false;
  size_t size = 0;
  nrt_dtype_t dtype = NRT_DTYPE_UNKNOWN;
  std::vector<uint32_t> shape;
};

class Model {
public:
  static Model load(const std::string &path, Error *error, const ncc_nrt_options_t *options = nullptr) {
    nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", "");
    nrt_model_t *raw = nullptr;
    Error status = Error::from(ncc_nrt_load_file(path.c_str(), options, &raw));
    Model model(raw);
    if (!status) {
      model.describe();
    }
    if (error) {
      *error = status;
    }
    return model;
  }
  bool valid() const { return handle != nullptr; }
  const std::vector<TensorInfo> &tensors() const { return infos; }

  /// Buffers in the order of the inputs and of the outputs of tensors().
  Error execute(const std::vector<const void *> &inputs, const std::vector<void *> &outputs) const {
    Set in, out;
    size_t i = 0, o = 0;
    for (const TensorInfo &info : infos) {
      void *buffer = nullptr;
      if (info.input) {
        buffer = i < inputs.size() ? const_cast<void *>(inputs[i]) : nullptr;
        ++i;
      } else {
        buffer = o < outputs.size() ? outputs[o] : nullptr;
        ++o;
      }
      (info.input ? in : out).add(info, buffer);
    }
    return Error::from(nrt_execute(handle.get(), in.set, out.set));
  }

private:
  struct Unload {
    void operator()(nrt_model_t *model) const { nrt_unload(model); }
  };
  struct Set {
    nrt_tensor_set_t *set = nullptr;
    std::vector<nrt_tensor_t *> owned;
    Set() { nrt_allocate_tensor_set(&set); }
    Set(const Set &) = delete;
    Set &operator=(const Set &) = delete;
    ~Set() {
      nrt_destroy_tensor_set(&set);
      for (nrt_tensor_t *tensor : owned) {
        nrt_tensor_free(&tensor);
      }
    }
    void add(const TensorInfo &info, void *buffer) {
      nrt_tensor_t *tensor = nullptr;
      nrt_tensor_allocate_empty(info.name.c_str(), &tensor);
      nrt_tensor_attach_buffer(tensor, buffer, info.size);
      nrt_add_tensor_to_tensor_set(set, info.name.c_str(), tensor);
      owned.push_back(tensor);
    }
  };
  explicit Model(nrt_model_t *raw) : handle(raw) {}
  void describe() {
    nrt_tensor_info_array_t *array = nullptr;
    if (nrt_get_model_tensor_info(handle.get(), &array) != NRT_SUCCESS) {
      return;
    }
    for (uint64_t i = 0; i < array->tensor_count; ++i) {
      const nrt_tensor_info_t &t = array->tensor_array[i];
      infos.push_back({t.name, t.usage == NRT_TENSOR_USAGE_INPUT, t.size, t.dtype, {t.shape, t.shape + t.ndim}});
    }
    nrt_free_model_tensor_info(array);
  }
  std::unique_ptr<nrt_model_t, Unload> handle;
  std::vector<TensorInfo> infos;
};

} // namespace nrt

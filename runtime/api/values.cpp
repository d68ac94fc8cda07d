// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The C API's values: tensors of any type and shape, sequences, optionals, maps. A value never changes once it is made.
#include "runtime/api/Handles.h"

#include "runtime/ops/host/HostKernel.h"

#include <cstring>

using namespace ncc;
using namespace ncc::api;

struct ncc_nrt_value {
  ops::Value value;
};

static NRT_STATUS give(ops::Value value, ncc_nrt_value_t **out) {
  *out = new ncc_nrt_value{std::move(value)};
  return NRT_SUCCESS;
}

static absl::StatusOr<Tensor> emptyTensor(DType dtype, const int64_t *shape, uint32_t ndim) {
  return ops::allocateTensor(dtype, ndim > 0 ? Shape(shape, shape + ndim) : Shape());
}

extern "C" {

NRT_STATUS ncc_nrt_value_from_bytes(nrt_dtype_t dtype, const int64_t *shape, uint32_t ndim, const void *data, size_t size, ncc_nrt_value_t **value) try {
  std::optional<DType> type = dtypeOfCode(dtype);
  if (!value || (!shape && ndim > 0) || (!data && size > 0) || !type || *type == DType::String || ndim > 32) {
    return fail(NRT_INVALID, "a null argument, or a type whose elements are no bytes");
  }
  absl::StatusOr<Tensor> tensor = emptyTensor(*type, shape, ndim);
  if (!tensor.ok()) {
    return fromStatus(tensor.status(), NRT_INVALID);
  }
  if (tensor->byteSize() != size) {
    return fail(NRT_INVALID, "the shape needs " + std::to_string(tensor->byteSize()) + " bytes, " + std::to_string(size) + " were given");
  }
  if (size > 0) {
    std::memcpy(tensor->mutableData(), data, size);
  }
  return give(*std::move(tensor), value);
} catch (...) {
  return caught();
}

NRT_STATUS ncc_nrt_value_from_strings(const int64_t *shape, uint32_t ndim, const char *const *strings, size_t count, ncc_nrt_value_t **value) try {
  if (!value || (!shape && ndim > 0) || (!strings && count > 0) || ndim > 32) {
    return fail(NRT_INVALID, "null argument");
  }
  absl::StatusOr<Tensor> tensor = emptyTensor(DType::String, shape, ndim);
  if (!tensor.ok() || tensor->size() != static_cast<int64_t>(count)) {
    return fail(NRT_INVALID, "the shape does not have that many elements");
  }
  for (size_t i = 0; i < count; ++i) {
    tensor->mutableStrings()[i] = strings[i] ? strings[i] : "";
  }
  return give(*std::move(tensor), value);
} catch (...) {
  return caught();
}

NRT_STATUS ncc_nrt_value_from_items(ncc_nrt_value_kind_t kind, ncc_nrt_value_t *const *items, size_t count, ncc_nrt_value_t **value) try {
  const bool optional = kind == NCC_NRT_VALUE_OPTIONAL;
  if (!value || (!items && count > 0) || (kind != NCC_NRT_VALUE_SEQUENCE && !optional) || (optional && count > 1)) {
    return fail(NRT_INVALID, "only sequences, and optionals of at most one, are made of items");
  }
  std::vector<ops::Value> list;
  for (size_t i = 0; i < count; ++i) {
    if (!items[i]) {
      return fail(NRT_INVALID, "null item");
    }
    list.push_back(items[i]->value);
  }
  return give(!optional ? ops::Value::sequence(std::move(list)) : list.empty() ? ops::Value::none() : ops::Value::some(list[0]), value);
} catch (...) {
  return caught();
}

void ncc_nrt_value_free(ncc_nrt_value_t **value) {
  if (value) {
    delete *value;
    *value = nullptr;
  }
}

ncc_nrt_value_kind_t ncc_nrt_value_get_kind(const ncc_nrt_value_t *value) {
  return value ? static_cast<ncc_nrt_value_kind_t>(value->value.kind()) : NCC_NRT_VALUE_NONE;
}

NRT_STATUS ncc_nrt_value_get_tensor(const ncc_nrt_value_t *value, nrt_dtype_t *dtype, int64_t *shape, uint32_t *ndim, const void **data, size_t *size) try {
  if (!value || !dtype || !shape || !ndim || !data || !size) {
    return fail(NRT_INVALID, "null argument");
  }
  if (!value->value.isTensor() && value->value.kind() != ValueKind::Map) {
    return fail(NRT_INVALID, "the value is no tensor");
  }
  const Tensor &tensor = value->value.tensor();
  if (*ndim < tensor.shape().size()) {
    return fail(NRT_RESOURCE, "no room for the shape");
  }
  *dtype = dtypeCode(tensor.dtype());
  std::copy(tensor.shape().begin(), tensor.shape().end(), shape);
  *ndim = static_cast<uint32_t>(tensor.shape().size());
  *data = tensor.data();
  *size = tensor.byteSize();
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}

const char *ncc_nrt_value_get_string(const ncc_nrt_value_t *value, size_t i, size_t *length) {
  const bool text = value && (value->value.isTensor() || value->value.kind() == ValueKind::Map) && value->value.tensor().dtype() == DType::String;
  if (!text || static_cast<int64_t>(i) >= value->value.tensor().size()) {
    fail(NRT_INVALID, "no such string");
    return nullptr;
  }
  const std::string &string = value->value.tensor().strings()[i];
  if (length) {
    *length = string.size();
  }
  return string.c_str();
}

size_t ncc_nrt_value_get_count(const ncc_nrt_value_t *value) { return value ? value->value.items().size() : 0; }

NRT_STATUS ncc_nrt_value_get_item(const ncc_nrt_value_t *value, size_t i, ncc_nrt_value_t **item) try {
  if (!value || !item || i >= value->value.items().size()) {
    return fail(NRT_INVALID, "no such item");
  }
  return give(value->value.items()[i], item);
} catch (...) {
  return caught();
}

NRT_STATUS ncc_nrt_execute_values(nrt_model_t *model, ncc_nrt_value_t *const *inputs, size_t input_count, ncc_nrt_value_t **outputs, size_t output_count) try {
  if (!model || (!inputs && input_count > 0) || (!outputs && output_count > 0)) {
    return fail(NRT_INVALID, "null argument");
  }
  if (output_count != model->session->model().outputs.size()) {
    return fail(NRT_INVALID, "the model has " + std::to_string(model->session->model().outputs.size()) + " outputs");
  }
  std::vector<ops::Value> values;
  for (size_t i = 0; i < input_count; ++i) {
    if (!inputs[i]) {
      return fail(NRT_INVALID, "null input");
    }
    values.push_back(inputs[i]->value);
  }
  absl::StatusOr<std::vector<ops::Value>> results = model->session->runValues(values);
  if (!results.ok()) {
    return fromStatus(results.status(), NRT_EXEC_COMPLETED_WITH_ERR);
  }
  for (size_t i = 0; i < output_count; ++i) {
    give(std::move((*results)[i]), &outputs[i]);
  }
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}
}

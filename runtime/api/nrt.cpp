// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The C API over api::Session. Nothing throws across it; every failure leaves a sentence for ncc_nrt_last_error.

#include "runtime/neff/Defaults.h"
#include "runtime/api/Handles.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <string>

using namespace ncc;

struct nrt_tensor {
  std::string name;
  std::shared_ptr<uint8_t> storage; // empty when attached
  uint8_t *data = nullptr;
  size_t size = 0;
  std::optional<Shape> shape; // as the caller says it
};
struct nrt_tensor_set {
  std::map<std::string, nrt_tensor *> tensors;
};

using namespace ncc::api;

namespace {

std::atomic<bool> initialised{false};
thread_local const nrt_model *lastModel = nullptr;
thread_local std::vector<std::optional<Shape>> lastShapes;

size_t bytesOf(const neff::TensorInfo &info) { return static_cast<size_t>(numElements(info.shape)) * dtypeSize(info.dtype); }

/// The most bytes a tensor may have: those of its largest bucket.
size_t mostBytes(const neff::Model &model, size_t i, bool input) {
  size_t most = model.buckets.empty() ? bytesOf((input ? model.inputs : model.outputs)[i]) : 0;
  for (const neff::Model &bucket : model.buckets) {
    most = std::max(most, mostBytes(bucket, i, input));
  }
  return most;
}

size_t coresOf(const neff::Model &model) {
  size_t cores = model.programs.size();
  for (const auto *parts : {&model.segments, &model.buckets}) {
    for (const neff::Model &part : *parts) {
      cores = std::max(cores, coresOf(part));
    }
  }
  return cores;
}

/// The shape of an input whose type leaves dims open: what the caller says, or, of a single open dim, what its bytes say.
std::optional<Shape> shapeOf(const nrt_tensor &tensor, const ValueType &type) {
  if (tensor.shape || !type.ranked) {
    return tensor.shape;
  }
  Shape shape = type.shape;
  const auto open = std::find(shape.begin(), shape.end(), kUnknownDim);
  if (open == shape.end()) {
    return shape;
  }
  *open = 1;
  const bool single = std::find(shape.begin(), shape.end(), kUnknownDim) == shape.end();
  const size_t unit = single ? static_cast<size_t>(numElements(shape)) * dtypeSize(type.dtype) : 0;
  if (unit == 0 || tensor.size % unit != 0) {
    return std::nullopt;
  }
  *open = static_cast<int64_t>(tensor.size / unit);
  return shape;
}

NRT_STATUS load(absl::StatusOr<neff::Model> read, const api::SessionOptions &options, nrt_model_t **model) {
  if (!read.ok()) {
    return fromStatus(read.status(), NRT_FAILURE);
  }
  auto session = api::Session::open(std::make_shared<const neff::Model>(*std::move(read)), options);
  if (!session.ok()) {
    return fromStatus(session.status(), NRT_FAILURE);
  }
  *model = new nrt_model{*std::move(session)};
  return NRT_SUCCESS;
}

/// The memory of each tensor of the list; of an input that the set lacks, its default in `instead`.
template <typename Pointer>
NRT_STATUS collect(const std::vector<neff::TensorInfo> &list, const nrt_tensor_set_t *set, std::vector<Pointer> &out, const neff::Model *instead = nullptr) {
  for (const neff::TensorInfo &info : list) {
    auto it = set->tensors.find(info.name);
    if (it == set->tensors.end() && instead) {
      if (std::optional<Tensor> value = neff::defaultOf(*instead, static_cast<size_t>(&info - list.data()))) {
        out.push_back(const_cast<void *>(value->data()));
        continue;
      }
    }
    if (it == set->tensors.end()) {
      return fail(NRT_EXEC_BAD_INPUT, "the tensor set has no tensor named " + info.name);
    }
    if (it->second->size != bytesOf(info) || !it->second->data) {
      return fail(NRT_EXEC_BAD_INPUT, "tensor " + info.name + " has " + std::to_string(it->second->size) + " bytes, the model wants " +
                                          std::to_string(bytesOf(info)));
    }
    out.push_back(it->second->data);
  }
  return NRT_SUCCESS;
}

/// For a model with host stages or buckets: shapes are part of the inputs, and an output's buffer may be larger than what
/// there is of it.
NRT_STATUS executeValues(nrt_model_t *model, const nrt_tensor_set_t *inputs, nrt_tensor_set_t *outputs) {
  const neff::Model &m = model->session->model();
  std::vector<ops::Value> values;
  for (size_t i = 0; i < m.inputs.size(); ++i) {
    const std::string &name = m.inputs[i].name;
    const ValueType type = m.typeOfInput(i);
    auto it = inputs->tensors.find(name);
    if (std::optional<Tensor> value = it == inputs->tensors.end() ? neff::defaultOf(m, i) : std::nullopt) {
      values.emplace_back(*std::move(value));
      continue;
    }
    if (it == inputs->tensors.end()) {
      return fail(NRT_EXEC_BAD_INPUT, "the tensor set has no tensor named " + name);
    }
    if (!type.isTensor() || type.dtype == DType::String) {
      return fail(NRT_EXEC_BAD_INPUT, "input " + name + " is " + type.str() + "; use ncc_nrt_execute_values");
    }
    const std::optional<Shape> shape = shapeOf(*it->second, type);
    if (!shape) {
      return fail(NRT_EXEC_BAD_INPUT, "input " + name + " is " + type.str() + "; say its shape with ncc_nrt_tensor_set_shape");
    }
    const size_t bytes = static_cast<size_t>(numElements(*shape)) * dtypeSize(type.dtype);
    if (it->second->size < bytes || (type.isStatic() && it->second->size != bytes) || (!it->second->data && bytes > 0)) {
      return fail(NRT_EXEC_BAD_INPUT, "tensor " + name + " has " + std::to_string(it->second->size) + " bytes, the model wants " + std::to_string(bytes));
    }
    values.emplace_back(Tensor(type.dtype, *shape, it->second->data, nullptr));
  }
  absl::StatusOr<std::vector<ops::Value>> results = model->session->runValues(values);
  if (absl::IsNotFound(results.status())) { // no bucket for these shapes
    return fail(NRT_EXEC_BAD_INPUT, std::string(results.status().message()));
  }
  if (!results.ok()) {
    return fromStatus(results.status(), NRT_EXEC_COMPLETED_WITH_ERR);
  }
  std::vector<std::optional<Shape>> shapes;
  for (size_t i = 0; i < results->size(); ++i) {
    const ops::Value &value = (*results)[i];
    auto it = outputs->tensors.find(m.outputs[i].name);
    if (it == outputs->tensors.end() || !value.isTensor() || value.tensor().dtype() == DType::String) {
      return fail(NRT_EXEC_BAD_INPUT, "output " + m.outputs[i].name + " is missing from the set, or no plain tensor; use ncc_nrt_execute_values");
    }
    const Tensor &tensor = value.tensor();
    if (it->second->size < tensor.byteSize() || (!it->second->data && tensor.byteSize() > 0)) {
      return fail(NRT_RESOURCE, "output " + m.outputs[i].name + " has " + std::to_string(tensor.byteSize()) + " bytes, its buffer " + std::to_string(it->second->size));
    }
    if (tensor.byteSize() > 0) {
      std::memcpy(it->second->data, tensor.data(), tensor.byteSize());
    }
    shapes.emplace_back(tensor.shape());
  }
  lastModel = model;
  lastShapes = std::move(shapes);
  return NRT_SUCCESS;
}

} // namespace

extern "C" {

NRT_STATUS nrt_init(nrt_framework_type_t, const char *, const char *) {
  initialised = true;
  return NRT_SUCCESS;
}
void nrt_close(void) { initialised = false; }

NRT_STATUS nrt_load(const void *bytes, size_t size, int32_t, int32_t, nrt_model_t **model) try {
  if (!initialised) {
    return fail(NRT_UNINITIALIZED, "nrt_init has not been called");
  }
  if (!bytes || !model) {
    return fail(NRT_INVALID, "null argument");
  }
  std::shared_ptr<uint8_t> copy(static_cast<uint8_t *>(std::aligned_alloc(neff::kWeightAlignment, (size + 65536) / 65536 * 65536)),
                                [](uint8_t *p) { std::free(p); });
  if (!copy) {
    return fail(NRT_RESOURCE, "no memory for the NEFF");
  }
  std::memcpy(copy.get(), bytes, size);
  return load(neff::readModel(neff::Bytes(copy.get(), size), copy), {}, model);
} catch (...) {
  return caught();
}

NRT_STATUS ncc_nrt_load_file(const char *path, const ncc_nrt_options_t *options, nrt_model_t **model) try {
  if (!initialised) {
    return fail(NRT_UNINITIALIZED, "nrt_init has not been called");
  }
  if (!path || !model) {
    return fail(NRT_INVALID, "null argument");
  }
  api::SessionOptions session;
  if (options && options->struct_size >= offsetof(ncc_nrt_options_t, work_limit)) {
    ncc_nrt_options_t given{};
    std::memcpy(&given, options, std::min(options->struct_size, sizeof given));
    session.executor = given.executor == NCC_NRT_EXECUTOR_PRECISE ? api::ExecutorKind::Precise : api::ExecutorKind::Host;
    session.host.threads = given.threads;
    session.read.checkWeightHash = !given.skip_weight_hash;
    session.limits.work = given.work_limit > 0 ? given.work_limit : session.limits.work;
    session.limits.steps = given.step_limit > 0 ? given.step_limit : session.limits.steps;
    session.limits.memory = session.read.memoryBytes = static_cast<double>(given.memory_limit);
  }
  return load(neff::readModel(path, session.read), session, model);
} catch (...) {
  return caught();
}

NRT_STATUS nrt_unload(nrt_model_t *model) {
  if (!model) {
    return fail(NRT_INVALID_HANDLE, "null model");
  }
  delete model;
  return NRT_SUCCESS;
}

NRT_STATUS nrt_get_model_nc_count(const nrt_model_t *model, uint32_t *count) {
  if (!model || !count) {
    return fail(NRT_INVALID, "null argument");
  }
  *count = static_cast<uint32_t>(coresOf(model->session->model()));
  return NRT_SUCCESS;
}

NRT_STATUS nrt_get_model_tensor_info(nrt_model_t *model, nrt_tensor_info_array_t **out) try {
  if (!model || !out) {
    return fail(NRT_INVALID, "null argument");
  }
  const neff::Model &m = model->session->model();
  const size_t count = m.inputs.size() + m.outputs.size();
  auto *info = static_cast<nrt_tensor_info_array_t *>(std::calloc(1, sizeof(nrt_tensor_info_array_t) + count * sizeof(nrt_tensor_info_t)));
  if (!info) {
    return fail(NRT_RESOURCE, "no memory");
  }
  info->tensor_count = count;
  for (size_t i = 0; i < count; ++i) {
    const bool input = i < m.inputs.size();
    const neff::TensorInfo &from = input ? m.inputs[i] : m.outputs[i - m.inputs.size()];
    nrt_tensor_info_t &to = info->tensor_array[i];
    std::strncpy(to.name, from.name.c_str(), sizeof to.name - 1);
    to.usage = input ? NRT_TENSOR_USAGE_INPUT : NRT_TENSOR_USAGE_OUTPUT;
    to.size = mostBytes(m, input ? i : i - m.inputs.size(), input);
    to.dtype = dtypeCode(from.dtype);
    to.ndim = static_cast<uint32_t>(from.shape.size());
    to.shape = static_cast<uint32_t *>(std::calloc(std::max<size_t>(1, from.shape.size()), sizeof(uint32_t)));
    for (size_t d = 0; to.shape && d < from.shape.size(); ++d) {
      to.shape[d] = static_cast<uint32_t>(from.shape[d]);
    }
  }
  *out = info;
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}

NRT_STATUS nrt_free_model_tensor_info(nrt_tensor_info_array_t *info) {
  for (uint64_t i = 0; info && i < info->tensor_count; ++i) {
    std::free(info->tensor_array[i].shape);
  }
  std::free(info);
  return NRT_SUCCESS;
}

NRT_STATUS nrt_allocate_tensor_set(nrt_tensor_set_t **set) try {
  if (!set) {
    return fail(NRT_INVALID, "null argument");
  }
  *set = new nrt_tensor_set();
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}
void nrt_destroy_tensor_set(nrt_tensor_set_t **set) {
  if (set) {
    delete *set;
    *set = nullptr;
  }
}
NRT_STATUS nrt_add_tensor_to_tensor_set(nrt_tensor_set_t *set, const char *name, nrt_tensor_t *tensor) try {
  if (!set || !name || !tensor) {
    return fail(NRT_INVALID, "null argument");
  }
  set->tensors[name] = tensor;
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}
NRT_STATUS nrt_get_tensor_from_tensor_set(nrt_tensor_set_t *set, const char *name, nrt_tensor_t **tensor) try {
  if (!set || !name || !tensor) {
    return fail(NRT_INVALID, "null argument");
  }
  auto it = set->tensors.find(name);
  if (it == set->tensors.end()) {
    return fail(NRT_INVALID, "the tensor set has no tensor named " + std::string(name));
  }
  *tensor = it->second;
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}

NRT_STATUS nrt_tensor_allocate(nrt_tensor_placement_t, int, size_t size, const char *name, nrt_tensor_t **tensor) try {
  if (!tensor) {
    return fail(NRT_INVALID, "null argument");
  }
  auto *t = new nrt_tensor();
  t->name = name ? name : "";
  void *memory = std::aligned_alloc(64, (size + 64) / 64 * 64);
  if (!memory) {
    delete t;
    return fail(NRT_RESOURCE, "no memory for the tensor");
  }
  std::memset(memory, 0, (size + 64) / 64 * 64);
  t->storage = std::shared_ptr<uint8_t>(static_cast<uint8_t *>(memory), [](uint8_t *p) { std::free(p); });
  t->data = t->storage.get();
  t->size = size;
  *tensor = t;
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}
NRT_STATUS nrt_tensor_allocate_empty(const char *name, nrt_tensor_t **tensor) try {
  if (!tensor) {
    return fail(NRT_INVALID, "null argument");
  }
  *tensor = new nrt_tensor();
  (*tensor)->name = name ? name : "";
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}
NRT_STATUS nrt_tensor_attach_buffer(nrt_tensor_t *tensor, void *buffer, size_t size) {
  if (!tensor) {
    return fail(NRT_INVALID_HANDLE, "null tensor");
  }
  tensor->storage.reset();
  tensor->data = static_cast<uint8_t *>(buffer);
  tensor->size = size;
  return NRT_SUCCESS;
}
NRT_STATUS nrt_tensor_allocate_slice(const nrt_tensor_t *source, size_t offset, size_t size, const char *name, nrt_tensor_t **slice) try {
  if (!source || !slice || offset > source->size || size > source->size - offset) {
    return fail(NRT_INVALID, "the slice is outside of its tensor");
  }
  *slice = new nrt_tensor{name ? name : "", source->storage, source->data + offset, size, std::nullopt};
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}
void nrt_tensor_free(nrt_tensor_t **tensor) {
  if (tensor) {
    delete *tensor;
    *tensor = nullptr;
  }
}
NRT_STATUS nrt_tensor_read(const nrt_tensor_t *tensor, void *buffer, size_t offset, size_t size) {
  if (!tensor || !buffer || offset > tensor->size || size > tensor->size - offset) {
    return fail(NRT_INVALID, "read outside of the tensor");
  }
  std::memcpy(buffer, tensor->data + offset, size);
  return NRT_SUCCESS;
}
NRT_STATUS nrt_tensor_write(nrt_tensor_t *tensor, const void *buffer, size_t offset, size_t size) {
  if (!tensor || !buffer || offset > tensor->size || size > tensor->size - offset) {
    return fail(NRT_INVALID, "write outside of the tensor");
  }
  std::memcpy(tensor->data + offset, buffer, size);
  return NRT_SUCCESS;
}
NRT_STATUS ncc_nrt_tensor_set_shape(nrt_tensor_t *tensor, const int64_t *shape, uint32_t ndim) try {
  if (!tensor || (!shape && ndim > 0) || ndim > 32) {
    return fail(NRT_INVALID, "null argument, or more than 32 dims");
  }
  double elements = 1;
  for (uint32_t d = 0; d < ndim; ++d) {
    elements *= static_cast<double>(shape[d]);
    if (shape[d] < 0 || elements > 1e14) {
      return fail(NRT_INVALID, "a shape is negative or too large");
    }
  }
  tensor->shape = ndim > 0 ? Shape(shape, shape + ndim) : Shape();
  return NRT_SUCCESS;
} catch (...) {
  return caught();
}
size_t nrt_tensor_get_size(const nrt_tensor_t *tensor) { return tensor ? tensor->size : 0; }
void *nrt_tensor_get_va(const nrt_tensor_t *tensor) { return tensor ? tensor->data : nullptr; }

NRT_STATUS nrt_execute(nrt_model_t *model, const nrt_tensor_set_t *inputs, nrt_tensor_set_t *outputs) try {
  if (!initialised) {
    return fail(NRT_UNINITIALIZED, "nrt_init has not been called");
  }
  if (!model || !inputs || !outputs) {
    return fail(NRT_INVALID_HANDLE, "null argument");
  }
  const neff::Model &m = model->session->model();
  if (m.hasPlan() || !m.buckets.empty()) {
    return executeValues(model, inputs, outputs);
  }
  std::vector<const void *> in;
  std::vector<void *> out;
  if (NRT_STATUS status = collect(m.inputs, inputs, in, &m); status != NRT_SUCCESS) {
    return status;
  }
  if (NRT_STATUS status = collect(m.outputs, outputs, out); status != NRT_SUCCESS) {
    return status;
  }
  sim::InferenceReport report;
  absl::Status status = model->session->execute({in, out}, &report);
  if (!status.ok()) {
    return fromStatus(status, NRT_EXEC_COMPLETED_WITH_ERR);
  }
  lastModel = model;
  lastShapes = std::move(report.shapes);
  return report.outOfBounds ? fail(NRT_EXEC_OOB, sim::outOfBoundsText(model->session->model(), report)) : NRT_SUCCESS;
} catch (...) {
  return caught();
}

NRT_STATUS nrt_execute_repeat(nrt_model_t *model, const nrt_tensor_set_t *inputs, nrt_tensor_set_t *outputs, int count) {
  NRT_STATUS status = NRT_SUCCESS;
  for (int i = 0; i < count && status == NRT_SUCCESS; ++i) {
    status = nrt_execute(model, inputs, outputs);
  }
  return status;
}

NRT_STATUS ncc_nrt_get_output_shape(nrt_model_t *model, const char *name, int64_t *shape, uint32_t *ndim) try {
  if (!model || !name || !shape || !ndim) {
    return fail(NRT_INVALID, "null argument");
  }
  const std::vector<neff::TensorInfo> &list = model->session->model().outputs;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].name != name) {
      continue;
    }
    const bool dynamic = lastModel == model && i < lastShapes.size() && lastShapes[i];
    const Shape &from = dynamic ? *lastShapes[i] : list[i].shape;
    if (*ndim < from.size()) {
      return fail(NRT_RESOURCE, "no room for the shape");
    }
    std::copy(from.begin(), from.end(), shape);
    *ndim = static_cast<uint32_t>(from.size());
    return NRT_SUCCESS;
  }
  return fail(NRT_INVALID, "no output named " + std::string(name));
} catch (...) {
  return caught();
}

const char *ncc_nrt_last_error(void) { return lastErrorText().c_str(); }
const char *ncc_nrt_version(void) { return "0.1.0"; }
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of gathers and scatters. An index outside the data is an error.
#include "runtime/ops/Support.h"

#include <cstring>

namespace ncc::ops {

namespace {

absl::Status outside(int64_t index, int64_t size) {
  return absl::OutOfRangeError(absl::StrCat("index ", index, " is outside a dim of size ", size));
}

/// Copies `count` elements between tensors of one dtype.
void copyElements(const Tensor &from, int64_t at, Tensor &to, int64_t target, int64_t count) {
  if (to.dtype() == DType::String) {
    std::copy_n(from.strings().begin() + at, count, to.mutableStrings().begin() + target);
    return;
  }
  size_t bytes = dtypeSize(to.dtype());
  std::memcpy(static_cast<char *>(to.mutableData()) + target * bytes,
              static_cast<const char *>(from.data()) + at * bytes, count * bytes);
}

/// A copy whose buffer is its own.
Tensor clone(const Tensor &tensor) {
  Tensor copy(tensor.dtype(), tensor.shape());
  copyElements(tensor, 0, copy, 0, tensor.size());
  return copy;
}

/// Combines one element the way ONNX scatters do.
template <typename T>
T combine(T old, T update, std::string_view kind) {
  using Wrapping = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;
  if (kind == "add") {
    return static_cast<T>(static_cast<Wrapping>(old) + static_cast<Wrapping>(update));
  }
  if (kind == "mul") {
    return static_cast<T>(static_cast<Wrapping>(old) * static_cast<Wrapping>(update));
  }
  if (kind == "max") {
    return old > update ? old : update;
  }
  return kind == "min" ? (old < update ? old : update) : update;
}

/// Complex numbers are moved; nothing adds or compares them.
absl::Status checkCombines(DType type, std::string_view kind) {
  return kind == "none" || !isComplex(type) ? absl::OkStatus() : absl::UnimplementedError("complex numbers are moved, not combined");
}

void combineElements(const Tensor &updates, int64_t at, Tensor &out, int64_t target, int64_t count,
                     std::string_view kind) {
  if (kind == "none") {
    copyElements(updates, at, out, target, count);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (isFloat(out.dtype())) {
      out.setDouble(target + i, combine(out.asDouble(target + i), updates.asDouble(at + i), kind));
    } else if (out.dtype() == DType::U64) {
      out.setInt(target + i, static_cast<int64_t>(combine(static_cast<uint64_t>(out.asInt(target + i)), static_cast<uint64_t>(updates.asInt(at + i)), kind)));
    } else {
      out.setInt(target + i, combine(out.asInt(target + i), updates.asInt(at + i), kind));
    }
  }
}

} // namespace

absl::Status gather(KernelContext &context) {
  const Tensor &data = context.inputs[0], &indices = context.inputs[1];
  AxisView view = axisView(data.shape(), context.attrs.getInt("axis", 0));
  int64_t count = indices.size();
  std::vector<int64_t> rows(count);
  for (int64_t i = 0; i < count; ++i) {
    rows[i] = wrapIndex(indices.asInt(i), view.size);
    if (rows[i] < 0) {
      return outside(indices.asInt(i), view.size);
    }
  }
  for (int64_t o = 0; o < view.outer && view.inner > 0; ++o) {
    for (int64_t i = 0; i < count; ++i) {
      copyElements(data, (o * view.size + rows[i]) * view.inner, context.outputs[0], (o * count + i) * view.inner,
                   view.inner);
    }
  }
  return absl::OkStatus();
}

absl::Status gatherElements(KernelContext &context) {
  const Tensor &data = context.inputs[0], &indices = context.inputs[1];
  int64_t axis = context.attrs.getInt("axis", 0), size = data.shape()[axis];
  Shape strides = stridesOf(data.shape()), own = stridesOf(indices.shape());
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t row = wrapIndex(indices.asInt(i), size), at = 0;
    if (row < 0) {
      return outside(indices.asInt(i), size);
    }
    for (int64_t d = 0; d < data.rank(); ++d) {
      at += (d == axis ? row : i / own[d] % indices.shape()[d]) * strides[d];
    }
    copyElements(data, at, context.outputs[0], i, 1);
  }
  return absl::OkStatus();
}

absl::Status scatterElements(KernelContext &context) {
  const Tensor &data = context.inputs[0], &indices = context.inputs[1], &updates = context.inputs[2];
  std::string kind = context.attrs.getString("reduction", "none");
  if (absl::Status status = checkCombines(data.dtype(), kind); !status.ok()) {
    return status;
  }
  Tensor out = clone(data);
  int64_t axis = context.attrs.getInt("axis", 0), size = data.shape()[axis];
  Shape strides = stridesOf(data.shape()), own = stridesOf(indices.shape());
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t row = wrapIndex(indices.asInt(i), size), at = 0;
    if (row < 0) {
      return outside(indices.asInt(i), size);
    }
    for (int64_t d = 0; d < data.rank(); ++d) {
      at += (d == axis ? row : i / own[d] % indices.shape()[d]) * strides[d];
    }
    combineElements(updates, i, out, at, 1, kind);
  }
  context.outputs[0] = out;
  return absl::OkStatus();
}

namespace {

/// The flat offset that the index tuple at `at` addresses inside dims [first, first + depth) of `shape`.
absl::StatusOr<int64_t> tupleOffset(const Tensor &indices, int64_t at, int64_t depth, int64_t first,
                                    const Shape &shape, const Shape &strides) {
  int64_t offset = 0;
  for (int64_t d = 0; d < depth; ++d) {
    int64_t index = wrapIndex(indices.asInt(at + d), shape[first + d]);
    if (index < 0) {
      return outside(indices.asInt(at + d), shape[first + d]);
    }
    offset += index * strides[first + d];
  }
  return offset;
}

} // namespace

absl::Status gatherNd(KernelContext &context) {
  const Tensor &data = context.inputs[0], &indices = context.inputs[1];
  int64_t batch = context.attrs.getInt("batch_dims", 0), depth = indices.shape()[indices.rank() - 1];
  Shape strides = stridesOf(data.shape());
  int64_t batches = 1, run = 1;
  for (int64_t d = 0; d < batch; ++d) {
    batches *= data.shape()[d];
  }
  for (int64_t d = batch + depth; d < data.rank(); ++d) {
    run *= data.shape()[d];
  }
  int64_t tuples = depth ? indices.size() / depth : context.outputs[0].size() / std::max<int64_t>(run, 1);
  int64_t perBatch = batches ? tuples / batches : 0, block = batches ? data.size() / batches : 0;
  for (int64_t i = 0; i < tuples; ++i) {
    absl::StatusOr<int64_t> at = tupleOffset(indices, i * depth, depth, batch, data.shape(), strides);
    if (!at.ok()) {
      return at.status();
    }
    copyElements(data, i / perBatch * block + *at, context.outputs[0], i * run, run);
  }
  return absl::OkStatus();
}

absl::Status scatterNd(KernelContext &context) {
  const Tensor &data = context.inputs[0], &indices = context.inputs[1], &updates = context.inputs[2];
  std::string kind = context.attrs.getString("reduction", "none");
  if (absl::Status status = checkCombines(data.dtype(), kind); !status.ok()) {
    return status;
  }
  Tensor out = clone(data);
  int64_t depth = indices.shape()[indices.rank() - 1], run = 1;
  Shape strides = stridesOf(data.shape());
  for (int64_t d = depth; d < data.rank(); ++d) {
    run *= data.shape()[d];
  }
  int64_t tuples = run ? updates.size() / run : 0;
  for (int64_t i = 0; i < tuples; ++i) {
    absl::StatusOr<int64_t> at = tupleOffset(indices, i * depth, depth, 0, data.shape(), strides);
    if (!at.ok()) {
      return at.status();
    }
    combineElements(updates, i * run, out, *at, run, kind);
  }
  context.outputs[0] = out;
  return absl::OkStatus();
}

absl::Status oneHot(KernelContext &context) {
  const Tensor &indices = context.inputs[0], &values = context.inputs[1];
  Tensor &out = context.outputs[0];
  AxisView view = axisView(out.shape(), context.attrs.getInt("axis", 0));
  for (int64_t i = 0; i < out.size(); ++i) {
    copyElements(values, 0, out, i, 1);
  }
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t index = wrapIndex(indices.asInt(i), view.size);
    if (index >= 0) {
      copyElements(values, 1, out, (i / view.inner * view.size + index) * view.inner + i % view.inner, 1);
    }
  }
  return absl::OkStatus();
}

absl::Status nonzero(KernelContext &context) {
  const Tensor &x = context.inputs[0];
  std::vector<int64_t> found;
  for (int64_t i = 0; i < x.size(); ++i) {
    if (x.dtype() == DType::String ? !x.strings()[i].empty() : x.asDouble(i) != 0 || x.imaginary(i) != 0) {
      found.push_back(i);
    }
  }
  int64_t count = static_cast<int64_t>(found.size());
  Shape strides = stridesOf(x.shape());
  Tensor out(DType::I64, {x.rank(), count});
  for (int64_t d = 0; d < x.rank(); ++d) {
    for (int64_t i = 0; i < count; ++i) {
      out.mutableAs<int64_t>()[d * count + i] = found[i] / strides[d] % x.shape()[d];
    }
  }
  context.outputs[0] = out;
  return absl::OkStatus();
}

} // namespace ncc::ops

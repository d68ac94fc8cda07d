// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Sparse tensors (lists of values and of their places) written out: engines have no form for them.
#include "compiler/frontend/onnx/Model.h"

#include "absl/strings/str_cat.h"

#include <cstring>

namespace ncc::frontend {

/// A file of a few bytes must not claim gigabytes.
static constexpr int64_t kMostElements = int64_t{1} << 28;

absl::StatusOr<Tensor> Model::tensor(const onnx::SparseTensorProto &sparse) const {
  absl::StatusOr<Tensor> values = tensor(sparse.values()), indices = tensor(sparse.indices());
  if (!values.ok() || !indices.ok()) {
    return values.ok() ? indices.status() : values.status();
  }
  auto wrong = [&](const char *what) {
    return absl::InvalidArgumentError(absl::StrCat("sparse tensor '", sparse.values().name(), "' ", what));
  };
  Shape shape(sparse.dims().begin(), sparse.dims().end());
  __int128 total = 1;
  for (int64_t dim : shape) {
    total *= dim;
    if (dim < 0 || total > kMostElements) {
      return wrong("is too large to be written out");
    }
  }
  const int64_t rank = static_cast<int64_t>(shape.size()), count = values->size();
  const bool flat = indices->rank() == 1;
  if (indices->dtype() != DType::I64 || indices->size() != (flat ? count : count * rank)) {
    return wrong("has another number of places than of values");
  }
  if (values->dtype() == DType::String) {
    return wrong("holds strings, which have no zero");
  }
  Tensor dense(values->dtype(), shape);
  const size_t size = dtypeSize(values->dtype());
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = flat ? indices->asInt(i) : 0;
    for (int64_t d = 0; !flat && d < rank; ++d) {
      const int64_t index = indices->asInt(i * rank + d);
      if (index < 0 || index >= shape[static_cast<size_t>(d)]) {
        return wrong("has a place outside of its shape");
      }
      at = at * shape[static_cast<size_t>(d)] + index;
    }
    if (at < 0 || at >= dense.size()) {
      return wrong("has a place outside of its shape");
    }
    std::memcpy(static_cast<char *>(dense.mutableData()) + static_cast<size_t>(at) * size, static_cast<const char *>(values->data()) + static_cast<size_t>(i) * size, size);
  }
  return dense;
}

} // namespace ncc::frontend

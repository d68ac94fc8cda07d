// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/tensor/Aligned.h"

#include <cstdint>
#include <cstring>

namespace ncc {

Tensor aligned(const Tensor &tensor) {
  size_t size = dtypeSize(tensor.dtype());
  if (size <= 1 || reinterpret_cast<uintptr_t>(tensor.data()) % size == 0) {
    return tensor;
  }
  Tensor copy(tensor.dtype(), tensor.shape());
  std::memcpy(copy.mutableData(), tensor.data(), tensor.byteSize());
  return copy;
}

} // namespace ncc

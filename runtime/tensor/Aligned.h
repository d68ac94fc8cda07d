// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Kernels read elements through typed pointers. Data in a mapped file or in a caller's buffer may lie anywhere.
#pragma once

#include "runtime/tensor/Tensor.h"

namespace ncc {

/// The tensor itself, or a copy of it where its data is less aligned than its type.
Tensor aligned(const Tensor &tensor);

} // namespace ncc

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the reference kernels share: dispatch on element types, index arithmetic, broadcasting rows, and running a
// kernel written for float on the narrow float types.
#pragma once

#include "runtime/ops/Kernel.h"
#include "runtime/tensor/Tensor.h"

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include <array>
#include <type_traits>

namespace ncc::ops {

template <typename T>
struct Tag {
  using type = T;
};

/// Calls fn(Tag<T>) with the C++ type of a native dtype (not the 8- and 16-bit floats, not strings).
template <typename Fn>
absl::Status dispatch(DType type, Fn &&fn) {
  switch (type) {
  case DType::F32: return fn(Tag<float>());
  case DType::F64: return fn(Tag<double>());
  case DType::I8: return fn(Tag<int8_t>());
  case DType::I16: return fn(Tag<int16_t>());
  case DType::I32: return fn(Tag<int32_t>());
  case DType::I64: return fn(Tag<int64_t>());
  case DType::U8: return fn(Tag<uint8_t>());
  case DType::U16: return fn(Tag<uint16_t>());
  case DType::U32: return fn(Tag<uint32_t>());
  case DType::U64: return fn(Tag<uint64_t>());
  case DType::Bool: return fn(Tag<bool>());
  default: return absl::UnimplementedError(absl::StrCat("no kernel for element type ", std::string(dtypeName(type))));
  }
}

/// The same for float and double only.
template <typename Fn>
absl::Status dispatchFloat(DType type, Fn &&fn) {
  switch (type) {
  case DType::F32: return fn(Tag<float>());
  case DType::F64: return fn(Tag<double>());
  default: return absl::UnimplementedError(absl::StrCat("needs floats, has ", std::string(dtypeName(type))));
  }
}

/// Calls fn(Tag<uintN_t>) for kernels that only move elements of that many bytes.
template <typename Fn>
absl::Status dispatchBytes(DType type, Fn &&fn) {
  switch (dtypeSize(type)) {
  case 1: return fn(Tag<uint8_t>());
  case 2: return fn(Tag<uint16_t>());
  case 4: return fn(Tag<uint32_t>());
  case 8: return fn(Tag<uint64_t>());
  case 16: return fn(Tag<std::array<uint64_t, 2>>());
  default: return absl::UnimplementedError(absl::StrCat("no kernel for element type ", std::string(dtypeName(type))));
  }
}

/// An optional input that was given.
inline bool present(const Tensor &tensor) { return tensor.data() != nullptr || tensor.dtype() == DType::String; }
inline bool present(const KernelContext &context, size_t i) {
  return i < context.inputs.size() && present(context.inputs[i]);
}

constexpr bool isNarrowFloat(DType type) { return isFloat(type) && dtypeSize(type) <= 2; }
/// A float copy of a narrow float tensor; anything else as it is.
Tensor widen(const Tensor &tensor);
/// Rounds a float tensor into `out`, which has a narrow float type.
void narrow(const Tensor &wide, Tensor &out);
/// Runs `kernel` on widened inputs and rounds its results; directly when no narrow float is involved.
absl::Status runWidened(KernelContext &context, absl::FunctionRef<absl::Status(KernelContext &)> kernel);

/// Row-major strides, in elements.
Shape stridesOf(absl::Span<const int64_t> shape);
/// Strides that walk `shape` as if broadcast to `out` (0 where it repeats).
Shape broadcastStrides(absl::Span<const int64_t> shape, absl::Span<const int64_t> out);

/// Splits a shape around an axis: `outer` x `size` x `inner`.
struct AxisView {
  int64_t outer = 1, size = 1, inner = 1;
};
AxisView axisView(absl::Span<const int64_t> shape, int64_t axis);

/// Walks the rows (last dim) of `shape` in order: fn(first output element, offsets of N strided operands).
template <size_t N, typename Fn>
void forEachRow(absl::Span<const int64_t> shape, const std::array<Shape, N> &strides, Fn &&fn) {
  int64_t rank = static_cast<int64_t>(shape.size());
  int64_t total = numElements(shape), row = rank ? shape[rank - 1] : 1;
  if (total == 0) {
    return;
  }
  Shape index(rank, 0);
  std::array<int64_t, N> offsets{};
  for (int64_t first = 0; first < total; first += row) {
    fn(first, offsets);
    for (int64_t d = rank - 2; d >= 0; --d) {
      for (size_t i = 0; i < N; ++i) {
        offsets[i] += strides[i][d];
      }
      if (++index[d] < shape[d]) {
        break;
      }
      for (size_t i = 0; i < N; ++i) {
        offsets[i] -= strides[i][d] * shape[d];
      }
      index[d] = 0;
    }
  }
}

/// `index` with negatives counted from the end; -1 when outside.
inline int64_t wrapIndex(int64_t index, int64_t size) {
  index = index < 0 ? index + size : index;
  return index >= 0 && index < size ? index : -1;
}

} // namespace ncc::ops

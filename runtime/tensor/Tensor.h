// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A dense row-major host tensor. Copies share the buffer; `mutableData` is for whoever has just made it.
#pragma once

#include "runtime/tensor/DType.h"

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

#include <memory>
#include <string>
#include <vector>

namespace ncc {

using Shape = absl::InlinedVector<int64_t, 6>;

/// Product of the dimensions; 1 for a scalar.
int64_t numElements(absl::Span<const int64_t> shape);
/// "1x3x224x224", "scalar" for rank 0.
std::string shapeString(absl::Span<const int64_t> shape);

class Tensor {
public:
  Tensor() = default;
  /// Allocates zeroed, 64-byte-aligned storage (or empty strings).
  Tensor(DType type, Shape shape);
  /// Refers to memory that `owner` keeps alive (a mapped file, a larger buffer).
  Tensor(DType type, Shape shape, const void *data, std::shared_ptr<const void> owner);

  DType dtype() const { return type; }
  const Shape &shape() const { return dims; }
  int64_t rank() const { return static_cast<int64_t>(dims.size()); }
  int64_t size() const { return count; }
  size_t byteSize() const { return static_cast<size_t>(count) * dtypeSize(type); }
  bool valid() const { return storage != nullptr || count == 0; }

  const void *data() const { return bytes; }
  void *mutableData() { return const_cast<void *>(bytes); }
  template <typename T>
  absl::Span<const T> as() const { return absl::Span<const T>(static_cast<const T *>(bytes), static_cast<size_t>(count)); }
  template <typename T>
  absl::Span<T> mutableAs() { return absl::Span<T>(static_cast<T *>(mutableData()), static_cast<size_t>(count)); }
  const std::vector<std::string> &strings() const { return *text; }
  std::vector<std::string> &mutableStrings() { return *text; }

  /// The same buffer under another shape of equal size.
  Tensor reshaped(Shape shape) const;

  /// Element `i` as a double or int64, whatever the numeric type (bool: 0 or 1). For tests and reference code.
  /// Of a complex number it is the real part.
  double asDouble(int64_t i) const;
  /// 0 for all but complex numbers.
  double imaginary(int64_t i) const;
  int64_t asInt(int64_t i) const;
  /// Rounds to nearest even for floats, saturates nothing for integers (two's complement wrap).
  void setDouble(int64_t i, double value);
  void setInt(int64_t i, int64_t value);

private:
  DType type = DType::F32;
  Shape dims{0};
  int64_t count = 0;
  const void *bytes = nullptr;
  std::shared_ptr<const void> storage;
  std::shared_ptr<std::vector<std::string>> text;
};

/// The real and imaginary parts of complex numbers, along a new last dim, in the same buffer; any other tensor as it is.
Tensor realPairs(const Tensor &tensor);

/// Types of 4 and 2 bits between ONNX's packed form (the first value in the low bits) and one value per byte.
Tensor unpackBits(const void *packed, DType type, Shape shape);
std::string packBits(const Tensor &tensor);

} // namespace ncc

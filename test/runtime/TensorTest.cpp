// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Values of tensors: a double becomes a narrow float by one rounding.
#include "runtime/tensor/Difference.h"
#include "runtime/tensor/Tensor.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace ncc;

static double stored(DType type, double value) {
  Tensor tensor(type, {1});
  tensor.setDouble(0, value);
  return tensor.asDouble(0);
}

TEST(Tensor, NarrowFloatsAreRoundedOnce) {
  // Just above the middle of two neighbours, by less than a float shows.
  EXPECT_EQ(stored(DType::F16, 1 + 0x1p-11 + 0x1p-40), 1 + 0x1p-10);
  EXPECT_EQ(stored(DType::F16, 1 + 0x1p-11), 1);
  EXPECT_EQ(stored(DType::BF16, 1 + 0x1p-8 + 0x1p-40), 1 + 0x1p-7);
  EXPECT_EQ(stored(DType::F8E4M3, -(1 + 0x1p-4 + 0x1p-40)), -(1 + 0x1p-3));
  EXPECT_EQ(stored(DType::F16, 1e300), INFINITY);
  EXPECT_TRUE(std::isnan(stored(DType::F16, NAN)));
  EXPECT_EQ(stored(DType::F16, 0x1p-24), 0x1p-24);
}

TEST(Complex, IsAPairOfFloats) {
  for (DType type : {DType::C64, DType::C128}) {
    Tensor tensor(type, {2});
    EXPECT_EQ(tensor.byteSize(), type == DType::C64 ? 16u : 32u);
    Tensor pairs = realPairs(tensor);
    EXPECT_EQ(pairs.shape(), (Shape{2, 2}));
    pairs.setDouble(2, 1.5);
    pairs.setDouble(3, -2);
    EXPECT_EQ(tensor.asDouble(1), 1.5);
    EXPECT_EQ(tensor.imaginary(1), -2);
    EXPECT_EQ(tensor.asInt(1), 1);
    tensor.setInt(1, 7);
    EXPECT_EQ(tensor.asDouble(1), 7);
    EXPECT_EQ(tensor.imaginary(1), 0);
    EXPECT_EQ(dtypeFromName(dtypeName(type)), type);
  }
}

namespace {

template <typename T>
Tensor vectorOf(DType type, std::initializer_list<T> values) {
  Tensor tensor(type, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.mutableAs<T>().begin());
  return tensor;
}

} // namespace

TEST(Difference, ComparesIntegersAsIntegers) {
  const int64_t big = int64_t{1} << 53;
  const Tensor a = vectorOf<int64_t>(DType::I64, {big, INT64_MAX, INT64_MIN, 5}), b = vectorOf<int64_t>(DType::I64, {big + 1, INT64_MAX - 1, INT64_MAX, 5});
  EXPECT_EQ(difference(a, b, 0, 0, 1).failures, 3);
  EXPECT_EQ(difference(a, b, 0, 1, 1).failures, 1);
  EXPECT_EQ(difference(a, a, 0, 0, 1).failures, 0);
  const Tensor c = vectorOf<uint64_t>(DType::U64, {UINT64_MAX, 0}), d = vectorOf<uint64_t>(DType::U64, {UINT64_MAX - 1, 0});
  EXPECT_EQ(difference(c, d, 0, 0, 1).failures, 1);
}

TEST(Difference, AnInfinityIsCloseToItselfOnly) {
  const float inf = INFINITY;
  const Tensor a = vectorOf<float>(DType::F32, {inf, -inf, 1, NAN, inf}), b = vectorOf<float>(DType::F32, {inf, inf, inf, NAN, 1});
  EXPECT_EQ(difference(a, b, 1e-3, 1e-5, 1).failures, 3);
}

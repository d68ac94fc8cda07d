// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Host kernels of strings, tables and maps: what they give, and that they refuse what does not fit.

#include "runtime/ops/host/HostKernel.h"
#include "runtime/ops/host/Regex.h"
#include "runtime/ops/host/Rules.h"

#include <gtest/gtest.h>

namespace ncc::ops {
namespace {

Tensor strings(std::vector<std::string> texts) {
  Tensor tensor(DType::String, {static_cast<int64_t>(texts.size())});
  tensor.mutableStrings() = std::move(texts);
  return tensor;
}

Tensor scalar(double value) {
  Tensor tensor(DType::F32, {});
  tensor.setDouble(0, value);
  return tensor;
}

TEST(Regex, FindsLeftmostLongest) {
  auto found = [](const char *pattern, std::string_view text, size_t from) {
    absl::StatusOr<Regex> regex = Regex::compile(pattern);
    EXPECT_TRUE(regex.ok()) << regex.status();
    auto match = regex->search(text, from);
    return match ? std::pair<int, int>(static_cast<int>(match->begin), static_cast<int>(match->end)) : std::pair(-1, -1);
  };
  EXPECT_EQ(found("a|ab|abc", "xabcd", 0), std::pair(1, 4));
  EXPECT_EQ(found("b+", "abbabbb", 0), std::pair(1, 3));
  EXPECT_EQ(found("b+", "abbabbb", 2), std::pair(2, 3));
  EXPECT_EQ(found("z*", "ab", 1), std::pair(1, 1));
  EXPECT_EQ(found("z", "ab", 0), std::pair(-1, -1));
  EXPECT_EQ(found("^b", "ab", 1), std::pair(-1, -1));
  EXPECT_EQ(found("\\bb", "ab b", 1), std::pair(3, 4));
  EXPECT_EQ(found("b$", "ab", 0), std::pair(1, 2));
  EXPECT_EQ(found("ü", "aüb", 0), std::pair(1, 3));
}

TEST(HostKernels, LookUp) {
  Tensor values = listOf({10, 20, 30});
  Tensor none(DType::I64, {});
  none.setInt(0, -1);
  auto out = runHostKernel("lookup", {}, {strings({"b", "?", "a"}), strings({"a", "b", "a"}), values, none}, {});
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_EQ((*out)[0].tensor().asInt(0), 20);
  EXPECT_EQ((*out)[0].tensor().asInt(1), -1);
  EXPECT_EQ((*out)[0].tensor().asInt(2), 10); // the first of equal keys
  out = runHostKernel("lookup", {}, {strings({"?"}), strings({"a", "b", "a"}), values}, {});
  EXPECT_NE(out.status().message().find("'?'"), std::string_view::npos) << out.status();
  EXPECT_FALSE(runHostKernel("lookup", {}, {strings({"a"}), strings({"a", "b"}), values, none}, {}).ok());
  EXPECT_FALSE(runHostKernel("lookup", {}, {values, strings({"a", "b", "c"}), values, none}, {}).ok());
  EXPECT_FALSE(runHostKernel("lookup", {}, {strings({"a"}), strings({"a", "b", "a"}), values, scalar(1)}, {}).ok());
}

TEST(HostKernels, MapsAndBack) {
  Attributes keys;
  keys.set("keys", std::vector<std::string>{"z", "a"});
  Tensor rows(DType::F32, {2, 2});
  for (int i = 0; i < 4; ++i) {
    rows.setDouble(i, i);
  }
  auto zipped = runHostKernel("zip_map", keys, {rows}, {});
  ASSERT_TRUE(zipped.ok()) << zipped.status();
  ASSERT_EQ((*zipped)[0].items().size(), 2u);
  const Value map = (*zipped)[0].items()[1];
  EXPECT_EQ(map.tensor().strings(), (std::vector<std::string>{"a", "z"})); // in the order of the keys
  EXPECT_EQ(map.items()[0].tensor().asDouble(0), 3);
  Attributes wanted;
  wanted.set("keys", std::vector<std::string>{"q", "z"});
  auto row = runHostKernel("dict_vectorize", wanted, {map}, {});
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ((*row)[0].tensor().shape(), (Shape{1, 2}));
  EXPECT_EQ((*row)[0].tensor().asDouble(1), 2);
  Attributes numbers;
  numbers.set("keys", std::vector<int64_t>{1});
  EXPECT_FALSE(runHostKernel("dict_vectorize", numbers, {map}, {}).ok());
  EXPECT_FALSE(runHostKernel("zip_map", numbers, {rows}, {}).ok());
  EXPECT_FALSE(runHostKernel("zip_map", {}, {rows}, {}).ok());
  EXPECT_FALSE(runHostKernel("dict_vectorize", wanted, {rows}, {}).ok());
}

TEST(HostKernels, CastMap) {
  Attributes sparse;
  sparse.set("to", std::string("i64"));
  sparse.set("columns", int64_t{4});
  auto out = runHostKernel("cast_map", sparse, {Value::map(listOf({9, 2}), {scalar(5), scalar(-1.75)})}, {});
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_EQ((*out)[0].tensor().asInt(2), -1);
  EXPECT_EQ((*out)[0].tensor().asInt(3), 0);
  EXPECT_FALSE(runHostKernel("cast_map", sparse, {Value::map(listOf({-1}), {scalar(5)})}, {}).ok());
  EXPECT_FALSE(runHostKernel("cast_map", sparse, {Value::map(listOf({1}), {Value::sequence({})})}, {}).ok());
  EXPECT_FALSE(runHostKernel("cast_map", sparse, {Value::map(listOf({1}), {Value(strings({"x"}))})}, {}).ok());
  EXPECT_FALSE(runHostKernel("cast_map", {}, {Value::map(listOf({1}), {scalar(5)})}, {}).ok());
}

TEST(HostKernels, Tokenize) {
  Attributes attrs;
  attrs.set("separators", std::vector<std::string>{" ", ","});
  attrs.set("pad", std::string("#"));
  attrs.set("min_chars", int64_t{2});
  auto out = runHostKernel("tokenize", attrs, {strings({"ab c,de", "", "üü"})}, {});
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_EQ((*out)[0].tensor().shape(), (Shape{3, 2}));
  EXPECT_EQ((*out)[0].tensor().strings(), (std::vector<std::string>{"ab", "de", "#", "#", "üü", "#"}));
  EXPECT_FALSE(runHostKernel("tokenize", {}, {strings({"a"})}, {}).ok());
  attrs.set("separators", std::vector<std::string>{"("});
  EXPECT_FALSE(runHostKernel("tokenize", attrs, {strings({"a"})}, {}).ok());
}

TEST(HostKernels, UnreachableIsAnError) {
  Attributes attrs;
  attrs.set("reason", std::string("never for these shapes"));
  auto out = runHostKernel("unreachable", attrs, {}, {ValueType::tensor(DType::F32, {2})});
  EXPECT_NE(out.status().message().find("never for these shapes"), std::string_view::npos);
}

} // namespace
} // namespace ncc::ops

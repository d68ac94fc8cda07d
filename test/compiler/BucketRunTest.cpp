// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Whole way: a model compiled for several shapes and run at all of them and between, against the same model compiled for
// exactly that shape.
#include "compiler/driver/Compile.h"
#include "runtime/api/Session.h"
#include "test/frontend/ModelBuilder.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace ncc;

namespace {

struct Loaded {
  std::unique_ptr<api::Session> session;
  std::shared_ptr<neff::Model> model;
};

Loaded load(const std::string &path, const std::string &input, const std::string &shape) {
  Options options;
  options.autoCast = AutoCast::None;
  options.shapeBuckets[input] = *parseShape(shape);
  DiagnosticEngine diagnostics;
  std::optional<Compilation> compilation = compileFile(path, options, diagnostics);
  EXPECT_TRUE(compilation) << (diagnostics.all().empty() ? "" : diagnostics.all().front().message);
  Loaded loaded;
  if (!compilation) {
    return loaded;
  }
  loaded.model = std::make_shared<neff::Model>(std::move(compilation->model));
  auto keep = loaded.model->weightOwner; // of the pieces, until they are copied
  EXPECT_TRUE(neff::materializeWeights(*loaded.model).ok());
  auto session = api::Session::open(loaded.model);
  EXPECT_TRUE(session.ok()) << session.status();
  loaded.session = session.ok() ? *std::move(session) : nullptr;
  return loaded;
}

Tensor wave(Shape shape, DType type = DType::F32) {
  Tensor tensor(type, std::move(shape));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const double value = std::sin(static_cast<double>(i) * 0.7) + 0.1;
    isFloat(type) ? tensor.setDouble(i, value) : tensor.setInt(i, i % 3);
  }
  return tensor;
}

/// All lengths the NEFF serves give what an exact NEFF gives; `served` says how many there must be.
void checkLengths(const test::ModelBuilder &builder, const std::string &input, const std::string &before, const std::string &sizes, const std::string &after,
                  int64_t longest, int served) {
  const std::string path = builder.save();
  Loaded whole = load(path, input, before + sizes + after);
  ASSERT_TRUE(whole.session);
  int count = 0;
  for (int64_t n = 1; n <= longest; ++n) {
    Loaded exact = load(path, input, before + std::to_string(n) + after);
    ASSERT_TRUE(exact.session);
    const Tensor x = wave(exact.model->inputs[0].shape);
    auto actual = whole.session->run({x});
    if (!actual.ok()) {
      EXPECT_NE(std::string(actual.status().message()).find("was not compiled for"), std::string::npos);
      continue;
    }
    ++count;
    auto expected = exact.session->run({x});
    ASSERT_TRUE(expected.ok()) << expected.status();
    for (size_t o = 0; o < expected->size(); ++o) {
      ASSERT_EQ((*actual)[o].shape(), (*expected)[o].shape()) << "output " << o << ", size " << n;
      for (int64_t i = 0; i < (*expected)[o].size(); ++i) {
        ASSERT_NEAR((*actual)[o].asDouble(i), (*expected)[o].asDouble(i), 1e-4) << "output " << o << ", size " << n << ", element " << i;
      }
    }
  }
  EXPECT_EQ(count, served);
}

TEST(BucketRun, Attention) {
  test::ModelBuilder b;
  b.input("x", {1, -1, 8});
  std::vector<float> weights(64);
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::cos(static_cast<float>(i));
  }
  b.floats("w", {8, 8}, weights);
  b.node("MatMul", {"x", "w"}, {"k"}, "key");
  test::setInts(b.node("Transpose", {"k"}, {"t"}, "turn"), "perm", {0, 2, 1});
  b.node("MatMul", {"x", "t"}, {"s"}, "scores");
  test::setInt(b.node("Softmax", {"s"}, {"p"}, "softmax"), "axis", -1);
  b.node("MatMul", {"p", "k"}, {"y"}, "mix");
  auto &mean = b.node("ReduceMean", {"y"}, {"m"}, "pool");
  test::setInts(mean, "axes", {1});
  b.output("y");
  b.output("m");
  checkLengths(b, "x", "1x", "{3,8}", "x8", 8, 8);
}

TEST(BucketRun, Convolutions) {
  test::ModelBuilder b;
  b.input("x", {1, 2, -1, 8});
  b.floats("w", {4, 2, 3, 3}, std::vector<float>(72, 0.25f));
  test::setInts(b.node("Conv", {"x", "w"}, {"c"}, "conv"), "pads", {1, 1, 1, 1});
  b.node("Exp", {"c"}, {"e"}, "exp");
  auto &pool = b.node("MaxPool", {"e"}, {"p"}, "pool");
  test::setInts(pool, "kernel_shape", {2, 2});
  test::setInts(pool, "strides", {2, 2});
  test::setInt(pool, "ceil_mode", 1);
  b.node("GlobalAveragePool", {"p"}, {"y"}, "mean");
  b.output("p");
  b.output("y");
  checkLengths(b, "x", "1x2x", "{4,8}", "x8", 8, 8);
}

/// The last row is another one at every size: exact buckets only.
TEST(BucketRun, WhatCannotBePaddedIsRefused) {
  test::ModelBuilder b;
  b.input("x", {-1, 4});
  b.ints("last", {-1}, true);
  test::setInt(b.node("Gather", {"x", "last"}, {"y"}, "last_row"), "axis", 0);
  b.output("y");
  const std::string path = b.save();
  Loaded whole = load(path, "x", "{3,6}x4");
  ASSERT_TRUE(whole.session);
  EXPECT_TRUE(whole.session->run({wave({6, 4})}).ok());
  auto outputs = whole.session->run({wave({5, 4})});
  ASSERT_FALSE(outputs.ok());
  EXPECT_NE(std::string(outputs.status().message()).find("last_row"), std::string::npos) << outputs.status();
}

/// What only a run knows comes back with its true shape, in every bucket.
TEST(BucketRun, DataDependentShapes) {
  test::ModelBuilder b;
  b.input("x", {-1});
  b.node("NonZero", {"x"}, {"positions"}, "nonzero");
  b.node("Greater", {"x", "half"}, {"large"}, "greater");
  b.floats("half", {}, {0.5f});
  test::setInt(b.node("Compress", {"x", "large"}, {"kept"}, "compress"), "axis", 0);
  b.node("Unique", {"x"}, {"different"}, "unique");
  b.output("positions");
  b.output("kept");
  b.output("different");
  Loaded whole = load(b.save(), "x", "{3,6}");
  ASSERT_TRUE(whole.session);
  for (int64_t n : {3, 6}) {
    Tensor x(DType::F32, {n});
    for (int64_t i = 0; i < n; ++i) {
      x.setDouble(i, i == 1 ? 0.0 : 1.0);
    }
    auto outputs = whole.session->run({x});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_EQ((*outputs)[0].shape(), (Shape{1, n - 1}));
    EXPECT_EQ((*outputs)[1].shape(), (Shape{n - 1}));
    EXPECT_EQ((*outputs)[2].shape(), (Shape{2}));
  }
  EXPECT_FALSE(whole.session->run({wave({5})}).ok());
}

} // namespace

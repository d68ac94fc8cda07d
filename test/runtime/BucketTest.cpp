// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Buckets by hand: the right one is chosen, inputs are padded and outputs cut, the file keeps them, and broken tables are
// refused.

#include "runtime/api/Session.h"
#include "runtime/neff/Info.h"
#include "runtime/neff/Writer.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace ncc::neff {
namespace {

using ops::Value;

/// y [n][3] = x [n][3] copied, plus the mask as a second output's bytes when there is one.
Model copyBucket(int64_t n, bool mask) {
  test::ModelBuilder b;
  const auto size = static_cast<uint32_t>(n);
  const uint16_t x = b.input("x", DType::F32, {n, 3});
  const uint16_t m = mask ? b.input("ncc.valid.0", DType::Bool, {n}) : uint16_t{0};
  const uint16_t y = b.output("y", DType::F32, {n, 3});
  const uint16_t z = b.output("z", DType::Bool, {n});
  b.copy(test::dram(y, DType::F32, 0, {{1, 3 * size}}), test::dram(x, DType::F32, 0, {{1, 3 * size}}));
  if (mask) {
    b.copy(test::dram(z, DType::Bool, 0, {{1, size}}), test::dram(m, DType::Bool, 0, {{1, size}}));
  }
  Model model = *b.model;
  model.weights.clear();
  return model;
}

/// Buckets [2, 3] and [6, 3]; the second also serves [4, 3] and [5, 3].
std::shared_ptr<Model> bucketed() {
  auto model = std::make_shared<Model>();
  model->buckets = {copyBucket(2, false), copyBucket(6, true)};
  model->device = model->buckets[0].device;
  model->provenance = model->buckets[0].provenance;
  model->inputs = {{"x", DType::F32, {0, 3}}};
  model->outputs = {{"y", DType::F32, {0, 3}}, {"z", DType::Bool, {0}}};
  for (int64_t n : {5, 4}) {
    model->buckets[1].padded.push_back({{{n, 3}}, {{n, 3}, {6}}, {n}});
  }
  model->buckets[0].unpadded = "node 'q' mixes a padded dimension with others";
  shareWithParts(*model);
  return model;
}

Tensor rows(int64_t n) {
  Tensor tensor(DType::F32, {n, 3});
  for (int64_t i = 0; i < tensor.size(); ++i) {
    tensor.setDouble(i, static_cast<double>(i) + 1);
  }
  return tensor;
}

TEST(Buckets, ExactThenPadded) {
  auto model = bucketed();
  ASSERT_TRUE(verifyModel(*model).ok()) << verifyModel(*model);
  EXPECT_EQ(model->typeOfInput(0).str(), "f32 ?x3");
  for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    api::SessionOptions options;
    options.executor = kind;
    auto session = api::Session::open(model, options);
    ASSERT_TRUE(session.ok()) << session.status();
    for (int64_t n : {2, 6, 5, 4}) {
      auto outputs = (*session)->run({rows(n)});
      ASSERT_TRUE(outputs.ok()) << outputs.status();
      ASSERT_EQ((*outputs)[0].shape(), (Shape{n, 3}));
      for (int64_t i = 0; i < 3 * n; ++i) {
        EXPECT_EQ((*outputs)[0].asDouble(i), i + 1);
      }
      for (int64_t i = 0; n > 2 && i < 6; ++i) { // the mask, whole
        EXPECT_EQ((*outputs)[1].asInt(i), i < n);
      }
    }
  }
}

TEST(Buckets, RefusesOtherShapesWithWhatIsPossible) {
  auto session = api::Session::open(bucketed());
  ASSERT_TRUE(session.ok());
  auto message = [&](int64_t n) { return std::string((*session)->run({rows(n)}).status().message()); };
  EXPECT_NE(message(7).find("x=2x3, x=6x3; padded to one of these, 2 smaller ones"), std::string::npos) << message(7);
  EXPECT_NE(message(1).find("node 'q' mixes"), std::string::npos) << message(1);
  EXPECT_NE(message(3).find("x=3x3"), std::string::npos) << message(3);
  EXPECT_FALSE((*session)->run({Tensor(DType::I32, {2, 3})}).ok());
  EXPECT_FALSE((*session)->run({}).ok());
  EXPECT_FALSE((*session)->execute({}).ok());
}

TEST(Buckets, SurviveTheFile) {
  auto model = bucketed();
  const std::string file = ::testing::TempDir() + "/ncc_buckets_" + std::to_string(::getpid()) + ".neff";
  ASSERT_TRUE(writeModel(*model, file).ok());
  auto read = readModel(file);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->buckets.size(), 2u);
  EXPECT_EQ(dumpJson(bucketToJson(read->buckets[1])), dumpJson(bucketToJson(model->buckets[1])));
  EXPECT_EQ(read->buckets[0].unpadded, model->buckets[0].unpadded);
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  auto header = FileHeader::unpack(Bytes(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->featureBits, kFeatureBuckets);
  EXPECT_EQ(header->cores, 1u);
  ::unlink(file.c_str());
}

TEST(Buckets, BrokenTablesAreRefused) {
  auto broken = [](auto change) {
    auto model = bucketed();
    change(*model);
    shareWithParts(*model);
    return !verifyModel(*model).ok();
  };
  EXPECT_FALSE(broken([](Model &) {}));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].inputs[0] = {7, 3}; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].inputs[0] = {-1, 3}; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].inputs[0] = {5}; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].inputs.clear(); }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].outputs[0] = {7, 3}; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].outputs[0] = {-1, 3}; })); // it is known
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].outputs.pop_back(); }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].lengths = {7}; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[0].lengths = {}; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[1] = m.buckets[1].padded[0]; })); // served twice
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].padded[1].inputs[0] = {2, 3}; }));       // the other bucket's
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1] = m.buckets[0]; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[0].inputs[0].name = "other"; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[0].outputs.pop_back(); }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[1].inputs.pop_back(); }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[0].buckets.push_back(m.buckets[1]); }));
  EXPECT_TRUE(broken([](Model &m) { m.programs = m.buckets[0].programs; }));
  EXPECT_TRUE(broken([](Model &m) { m.buckets[0].programs[0].buffers[0].bytes = 8; }));
}

TEST(Buckets, JsonIsNotTrusted) {
  const Json good = bucketToJson(bucketed()->buckets[1]);
  auto reads = [](const Json &json) {
    Model bucket;
    return bucketFromJson(json, bucket).ok();
  };
  EXPECT_TRUE(reads(good));
  for (const char *key : {"inputs", "padded", "unpadded", "useful_macs"}) {
    Json damaged = good;
    damaged.erase(key);
    EXPECT_FALSE(reads(damaged)) << key;
  }
  Json damaged = good;
  damaged["padded"][0]["lengths"] = "five";
  EXPECT_FALSE(reads(damaged));
  damaged = good;
  damaged["padded"][0]["inputs"] = {{"a"}};
  EXPECT_FALSE(reads(damaged));
  damaged = good;
  damaged["segments"] = 1e9;
  EXPECT_FALSE(reads(damaged));
}

TEST(Buckets, PadsAndCutsAnyRank) {
  Tensor tensor(DType::I16, {2, 1, 3});
  for (int64_t i = 0; i < 6; ++i) {
    tensor.setInt(i, i + 1);
  }
  const Tensor padded = api::padTensor(tensor, {3, 2, 4});
  EXPECT_EQ(padded.asInt(0), 1);
  EXPECT_EQ(padded.asInt(3), 0);
  EXPECT_EQ(padded.asInt(8 + 2), 6);
  const Tensor cut = api::cutTensor(padded, {2, 1, 3});
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(cut.asInt(i), i + 1);
  }
  EXPECT_EQ(api::cutTensor(padded, {2, 0, 3}).size(), 0);
  EXPECT_EQ(api::padTensor(Tensor(DType::F32, {}), {}).size(), 1);
  EXPECT_EQ(api::padTensor(Tensor(DType::F32, {0, 3}), {2, 3}).asDouble(5), 0);
}

} // namespace
} // namespace ncc::neff

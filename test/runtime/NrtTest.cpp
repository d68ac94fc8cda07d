// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The C API and its C++ wrapper, through the shared library.

#include "runtime/api/TensorFiles.h"
#include "runtime/api/nrt.hpp"
#include "runtime/neff/Writer.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <unistd.h>

namespace ncc {
namespace {

using namespace test;

class Nrt : public ::testing::Test {
protected:
  void SetUp() override {
    path = ::testing::TempDir() + "/ncc_nrt_" + std::to_string(::getpid()) + ".neff";
    ASSERT_TRUE(neff::writeModel(*makeMlp({128, 128}, 4, DType::F32, isa::ActFunc::relu).model, path).ok());
    nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", "");
  }
  void TearDown() override { ::unlink(path.c_str()); }
  std::string path;
};

TEST_F(Nrt, LoadsExecutesAndReports) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  nrt_model_t *model = nullptr;
  ASSERT_EQ(nrt_load(bytes.data(), bytes.size(), 0, 1, &model), NRT_SUCCESS) << ncc_nrt_last_error();
  nrt_tensor_info_array_t *info = nullptr;
  ASSERT_EQ(nrt_get_model_tensor_info(model, &info), NRT_SUCCESS);
  ASSERT_EQ(info->tensor_count, 2u);
  EXPECT_STREQ(info->tensor_array[0].name, "x");
  EXPECT_EQ(info->tensor_array[1].usage, NRT_TENSOR_USAGE_OUTPUT);
  EXPECT_EQ(info->tensor_array[0].size, 128u * 4 * 4);
  EXPECT_EQ(info->tensor_array[0].shape[1], 4u);
  nrt_free_model_tensor_info(info);

  nrt_tensor_set_t *inputs = nullptr, *outputs = nullptr;
  nrt_tensor_t *x = nullptr, *y = nullptr;
  nrt_allocate_tensor_set(&inputs);
  nrt_allocate_tensor_set(&outputs);
  ASSERT_EQ(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 2048, "x", &x), NRT_SUCCESS);
  ASSERT_EQ(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 2048, "y", &y), NRT_SUCCESS);
  EXPECT_EQ(nrt_execute(model, inputs, outputs), NRT_EXEC_BAD_INPUT);
  EXPECT_STRNE(ncc_nrt_last_error(), "");
  nrt_add_tensor_to_tensor_set(inputs, "x", x);
  nrt_add_tensor_to_tensor_set(outputs, "y", y);
  std::vector<float> values(512, 0.5f), result(512, -1);
  EXPECT_EQ(nrt_tensor_write(x, values.data(), 0, 2048), NRT_SUCCESS);
  EXPECT_EQ(nrt_tensor_write(x, values.data(), 4, 2048), NRT_INVALID);
  EXPECT_EQ(nrt_execute_repeat(model, inputs, outputs, 3), NRT_SUCCESS);
  EXPECT_EQ(nrt_tensor_read(y, result.data(), 0, 2048), NRT_SUCCESS);
  for (float v : result) {
    EXPECT_GE(v, 0);
  }
  int64_t shape[4];
  uint32_t rank = 4;
  EXPECT_EQ(ncc_nrt_get_output_shape(model, "y", shape, &rank), NRT_SUCCESS);
  EXPECT_EQ(rank, 2u);
  nrt_destroy_tensor_set(&inputs);
  nrt_destroy_tensor_set(&outputs);
  nrt_tensor_free(&x);
  nrt_tensor_free(&y);
  EXPECT_EQ(nrt_unload(model), NRT_SUCCESS);
  EXPECT_EQ(nrt_load("garbage", 7, 0, 1, &model), NRT_INVALID);
  nrt_close();
  EXPECT_EQ(nrt_load(bytes.data(), bytes.size(), 0, 1, &model), NRT_UNINITIALIZED);
}

TEST_F(Nrt, WrapperAndExecutorsAgree) {
  std::vector<float> x = randomValues(512, 1, 5), host(512), precise(512);
  nrt::Error error;
  nrt::Model one = nrt::Model::load(path, &error);
  ASSERT_FALSE(error) << error.message;
  EXPECT_FALSE(one.execute({x.data()}, {host.data()}));
  ncc_nrt_options_t options{sizeof(ncc_nrt_options_t), NCC_NRT_EXECUTOR_PRECISE, 0, 0};
  nrt::Model two = nrt::Model::load(path, &error, &options);
  ASSERT_FALSE(error) << error.message;
  EXPECT_FALSE(two.execute({x.data()}, {precise.data()}));
  for (size_t i = 0; i < host.size(); ++i) {
    EXPECT_NEAR(host[i], precise[i], 1e-4);
  }
  nrt::Model none = nrt::Model::load("/nonexistent.neff", &error);
  EXPECT_TRUE(error);
  EXPECT_FALSE(none.valid());
}

TEST(TensorFiles, RoundTripsEveryType) {
  for (DType type : {DType::F32, DType::F16, DType::BF16, DType::F64, DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64, DType::Bool}) {
    Tensor t(type, {2, 3});
    for (int i = 0; i < 6; ++i) {
      t.setInt(i, type == DType::Bool ? i % 2 : i * 3);
    }
    std::string proto = api::serializeTensorProto({"name", t});
    auto back = api::parseTensorProto({reinterpret_cast<const uint8_t *>(proto.data()), proto.size()});
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->name, "name");
    EXPECT_EQ(back->tensor.shape(), t.shape());
    EXPECT_EQ(std::memcmp(back->tensor.data(), t.data(), t.byteSize()), 0);
    std::string npy = api::serializeNpy(t);
    auto array = api::parseNpy({reinterpret_cast<const uint8_t *>(npy.data()), npy.size()});
    ASSERT_TRUE(array.ok()) << array.status() << dtypeName(type);
    EXPECT_EQ(array->dtype(), type);
    EXPECT_EQ(std::memcmp(array->data(), t.data(), t.byteSize()), 0);
  }
  Tensor s(DType::String, {2});
  s.mutableStrings() = {"a", "bc"};
  std::string proto = api::serializeTensorProto({"", s});
  auto back = api::parseTensorProto({reinterpret_cast<const uint8_t *>(proto.data()), proto.size()});
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->tensor.strings()[1], "bc");
}

TEST(TensorFiles, GarbageIsRefused) {
  Tensor t(DType::F32, {4, 4});
  const std::string good = api::serializeTensorProto({"x", t}), npy = api::serializeNpy(t);
  std::mt19937 rng(2);
  for (int round = 0; round < 5000; ++round) {
    for (const std::string &base : {good, npy}) {
      std::string bytes = base.substr(0, rng() % (base.size() + 1));
      if (!bytes.empty()) {
        bytes[rng() % bytes.size()] = static_cast<char>(rng());
      }
      absl::Span<const uint8_t> span(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
      api::parseTensorProto(span).status().IgnoreError();
      api::parseNpy(span).status().IgnoreError();
    }
  }
}

} // namespace
} // namespace ncc

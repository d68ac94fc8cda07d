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
  ncc_nrt_options_t options{sizeof(ncc_nrt_options_t), NCC_NRT_EXECUTOR_PRECISE, 0, 0, 0, 0, 0};
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
  for (DType type : {DType::F32, DType::F16, DType::BF16, DType::F64, DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64, DType::C64, DType::C128, DType::Bool}) {
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
/// A model with a plan: strings compared, and the positions of what differs.
static std::string planFile() {
  neff::Model model;
  model.device = hw::findDevice("trn1")->text;
  model.provenance = {"ncc test", "", "trn1", "", "plan", "f32"};
  model.inputs = {{"a", DType::String, {3}}, {"b", DType::String, {}}};
  model.outputs = {{"where", DType::I64, {1, 0}}, {"pair", DType::F32, {0}}};
  const ValueType text = ValueType::tensor(DType::String, {3}), one = ValueType::tensor(DType::String, {});
  for (const ValueType &type : {text, one, ValueType::tensor(DType::Bool, {3}), ValueType::tensor(DType::I64, {1, kUnknownDim}),
                                ValueType::of(ValueKind::Sequence, ValueType::unranked(DType::String))}) {
    model.plan.values.push_back({type, std::nullopt});
  }
  neff::PlanStep compare, nonzero, pair;
  compare.kernel = "compare";
  compare.attributes.set("kind", std::string("ne"));
  compare.inputs = {0, 1};
  compare.outputs = {2};
  nonzero.kernel = "nonzero";
  nonzero.inputs = {2};
  nonzero.outputs = {3};
  pair.kernel = "sequence_construct";
  pair.inputs = {0, 1};
  pair.outputs = {4};
  model.plan.main = {{0, 1}, {3, 4}, {compare, nonzero, pair}};
  const std::string file = ::testing::TempDir() + "/ncc_nrt_plan_" + std::to_string(::getpid()) + ".neff";
  EXPECT_TRUE(neff::writeModel(model, file).ok());
  return file;
}

TEST(NrtValues, OfAnyKind) {
  nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", "");
  const std::string file = planFile();
  nrt_model_t *model = nullptr;
  ASSERT_EQ(ncc_nrt_load_file(file.c_str(), nullptr, &model), NRT_SUCCESS) << ncc_nrt_last_error();
  const char *words[] = {"x", "y", "x"};
  const int64_t three = 3;
  ncc_nrt_value_t *in[2] = {}, *out[2] = {};
  EXPECT_EQ(ncc_nrt_value_from_strings(&three, 1, words, 2, &in[0]), NRT_INVALID);
  ASSERT_EQ(ncc_nrt_value_from_strings(&three, 1, words, 3, &in[0]), NRT_SUCCESS);
  ASSERT_EQ(ncc_nrt_value_from_strings(nullptr, 0, words, 1, &in[1]), NRT_SUCCESS);
  ASSERT_EQ(ncc_nrt_execute_values(model, in, 2, out, 2), NRT_SUCCESS) << ncc_nrt_last_error();
  nrt_dtype_t dtype;
  int64_t shape[4];
  uint32_t rank = 4;
  const void *data = nullptr;
  size_t size = 0;
  ASSERT_EQ(ncc_nrt_value_get_tensor(out[0], &dtype, shape, &rank, &data, &size), NRT_SUCCESS);
  EXPECT_EQ(dtype, NRT_DTYPE_INT64);
  ASSERT_EQ(rank, 2u);
  EXPECT_EQ(shape[1], 1); // the true shape
  EXPECT_EQ(*static_cast<const int64_t *>(data), 1);
  EXPECT_EQ(ncc_nrt_value_get_kind(out[1]), NCC_NRT_VALUE_SEQUENCE);
  ASSERT_EQ(ncc_nrt_value_get_count(out[1]), 2u);
  ncc_nrt_value_t *item = nullptr;
  ASSERT_EQ(ncc_nrt_value_get_item(out[1], 0, &item), NRT_SUCCESS);
  EXPECT_STREQ(ncc_nrt_value_get_string(item, 1, nullptr), "y");
  EXPECT_EQ(ncc_nrt_value_get_string(item, 3, nullptr), nullptr);
  EXPECT_EQ(ncc_nrt_value_get_item(out[1], 2, &item), NRT_INVALID);
  EXPECT_NE(ncc_nrt_execute_values(model, in, 1, out, 2), NRT_SUCCESS);
  EXPECT_NE(ncc_nrt_execute_values(model, in, 2, out, 1), NRT_SUCCESS);
  for (ncc_nrt_value_t **value : {&in[0], &in[1], &out[0], &out[1], &item}) {
    ncc_nrt_value_free(value);
  }
  nrt_unload(model);
  ::unlink(file.c_str());
}

/// A model with buckets through the C API: shapes from bytes or from the caller, true shapes of outputs.
TEST(NrtBuckets, ShapesComeWithTheTensors) {
  neff::Model whole;
  for (int64_t n : {2, 5}) {
    ModelBuilder b;
    const uint16_t x = b.input("x", DType::F32, {n, 3}), y = b.output("y", DType::F32, {n, 3});
    b.copy(dram(y, DType::F32, 0, {{1, 3 * static_cast<uint32_t>(n)}}), dram(x, DType::F32, 0, {{1, 3 * static_cast<uint32_t>(n)}}));
    whole.device = b.model->device;
    whole.provenance = b.model->provenance;
    whole.buckets.push_back(*b.model);
  }
  whole.buckets[1].padded = {{{{4, 3}}, {{4, 3}}, {}}};
  whole.inputs = {{"x", DType::F32, {0, 3}}};
  whole.outputs = {{"y", DType::F32, {0, 3}}};
  neff::shareWithParts(whole);
  const std::string path = ::testing::TempDir() + "/ncc_nrt_buckets_" + std::to_string(::getpid()) + ".neff";
  ASSERT_TRUE(neff::writeModel(whole, path).ok());
  nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", "");
  nrt_model_t *model = nullptr;
  ASSERT_EQ(ncc_nrt_load_file(path.c_str(), nullptr, &model), NRT_SUCCESS) << ncc_nrt_last_error();
  nrt_tensor_info_array_t *info = nullptr;
  ASSERT_EQ(nrt_get_model_tensor_info(model, &info), NRT_SUCCESS);
  EXPECT_EQ(info->tensor_array[0].shape[0], 0u);
  EXPECT_EQ(info->tensor_array[1].size, 60u); // of the largest bucket
  nrt_free_model_tensor_info(info);
  uint32_t cores = 0;
  EXPECT_EQ(nrt_get_model_nc_count(model, &cores), NRT_SUCCESS);
  EXPECT_EQ(cores, 1u);
  std::vector<float> in(15, 2), out(15, -1);
  nrt_tensor_set_t *inputs = nullptr, *outputs = nullptr;
  nrt_allocate_tensor_set(&inputs);
  nrt_allocate_tensor_set(&outputs);
  nrt_tensor_t *x = nullptr, *y = nullptr;
  nrt_tensor_allocate_empty("x", &x);
  nrt_tensor_allocate_empty("y", &y);
  nrt_tensor_attach_buffer(y, out.data(), 60);
  nrt_add_tensor_to_tensor_set(inputs, "x", x);
  nrt_add_tensor_to_tensor_set(outputs, "y", y);
  int64_t shape[4];
  for (int64_t n : {2, 4, 5}) { // one open dim follows from the bytes
    nrt_tensor_attach_buffer(x, in.data(), static_cast<size_t>(n) * 12);
    ASSERT_EQ(nrt_execute(model, inputs, outputs), NRT_SUCCESS) << ncc_nrt_last_error();
    uint32_t rank = 4;
    ASSERT_EQ(ncc_nrt_get_output_shape(model, "y", shape, &rank), NRT_SUCCESS);
    EXPECT_EQ(shape[0], n);
  }
  nrt_tensor_attach_buffer(x, in.data(), 36);
  EXPECT_EQ(nrt_execute(model, inputs, outputs), NRT_EXEC_BAD_INPUT); // 3 rows: of no bucket
  nrt_tensor_attach_buffer(x, in.data(), 60);
  const int64_t four[] = {4, 3}, bad[] = {-4, 3};
  EXPECT_EQ(ncc_nrt_tensor_set_shape(x, bad, 2), NRT_INVALID);
  EXPECT_EQ(ncc_nrt_tensor_set_shape(x, four, 2), NRT_SUCCESS);
  EXPECT_EQ(nrt_execute(model, inputs, outputs), NRT_SUCCESS) << ncc_nrt_last_error();
  nrt_destroy_tensor_set(&inputs);
  nrt_destroy_tensor_set(&outputs);
  nrt_tensor_free(&x);
  nrt_tensor_free(&y);
  nrt_unload(model);
  ::unlink(path.c_str());
}

} // namespace ncc

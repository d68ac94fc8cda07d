// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reading files: mapped weights, external data, hostile sizes.
#include "compiler/frontend/onnx/Model.h"
#include "test/frontend/ModelBuilder.h"

using namespace ncc;
using namespace ncc::frontend;
using ncc::test::ModelBuilder;

TEST(Model, MapsLargeWeightsWithoutCopying) {
  ModelBuilder builder;
  builder.floats("w", {64, 64}, std::vector<float>(64 * 64, 1.5f));
  absl::StatusOr<std::unique_ptr<Model>> model = Model::load(builder.save());
  ASSERT_TRUE(model.ok()) << model.status();
  absl::StatusOr<Tensor> tensor = (*model)->tensor((*model)->proto().graph().initializer(0));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  std::string_view file = (*model)->bytes();
  const char *data = static_cast<const char *>(tensor->data());
  EXPECT_GE(data, file.data());
  EXPECT_LE(data + tensor->byteSize(), file.data() + file.size());
  EXPECT_EQ(tensor->asDouble(4095), 1.5);
  EXPECT_FALSE((*model)->proto().graph().initializer(0).has_raw_data());
}

TEST(Model, RejectsTruncatedAndForeignFiles) {
  ModelBuilder builder;
  builder.floats("w", {64}, std::vector<float>(64, 1.0f));
  std::string bytes = builder.model.SerializeAsString(), path = ModelBuilder::folder() + "/bad.onnx";
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() - 7);
  EXPECT_FALSE(Model::load(path).ok());
  std::ofstream(path, std::ios::binary) << "not a model at all, only text";
  EXPECT_FALSE(Model::load(path).ok());
  EXPECT_EQ(Model::load(path + ".missing").status().code(), absl::StatusCode::kNotFound);
}

TEST(Model, RefusesShapesLargerThanTheirData) {
  ModelBuilder builder;
  builder.floats("w", {4}, {1, 2, 3, 4});
  auto *tensor = builder.model.mutable_graph()->mutable_initializer(0);
  tensor->set_dims(0, int64_t(1) << 39);
  absl::StatusOr<std::unique_ptr<Model>> model = Model::load(builder.save());
  ASSERT_TRUE(model.ok());
  EXPECT_FALSE((*model)->tensor((*model)->proto().graph().initializer(0)).ok());
}

namespace {

absl::StatusOr<Tensor> external(const std::string &location, const std::string &offset, const std::string &length) {
  ModelBuilder builder;
  auto *tensor = builder.model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(1);
  tensor->add_dims(2);
  tensor->set_data_location(1);
  for (auto [key, value] : {std::pair("location", location), std::pair("offset", offset), std::pair("length", length)}) {
    if (!value.empty()) {
      auto *entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
  }
  float data[4] = {1, 2, 3, 4};
  std::ofstream(ModelBuilder::folder() + "/weights.bin", std::ios::binary)
      .write(reinterpret_cast<const char *>(data), sizeof data);
  absl::StatusOr<std::unique_ptr<Model>> model = Model::load(builder.save());
  return model.ok() ? (*model)->tensor((*model)->proto().graph().initializer(0)) : model.status();
}

} // namespace

TEST(Model, ReadsExternalData) {
  absl::StatusOr<Tensor> tensor = external("weights.bin", "8", "8");
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->asDouble(0), 3);
  EXPECT_EQ(tensor->asDouble(1), 4);
}

TEST(Model, KeepsExternalDataInsideTheFolder) {
  EXPECT_FALSE(external("../weights.bin", "", "").ok());
  EXPECT_FALSE(external("/etc/hostname", "", "").ok());
  EXPECT_FALSE(external("", "", "").ok());
  EXPECT_FALSE(external("weights.bin", "12", "8").ok());
  EXPECT_FALSE(external("weights.bin", "18446744073709551615", "8").ok());
  EXPECT_FALSE(external("weights.bin", "x", "").ok());
  EXPECT_FALSE(external("weights.bin", "0", "16").ok()); // more than the shape holds
}

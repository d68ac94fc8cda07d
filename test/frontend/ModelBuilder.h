// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Builds small ONNX models for tests, in memory and as files of the test's own folder.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace ncc::test {

class ModelBuilder {
public:
  explicit ModelBuilder(int64_t opset = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name("test");
  }

  /// Dims: numbers as they are; a negative one becomes the symbolic dim "d<i>".
  ModelBuilder &input(const std::string &name, const std::vector<int64_t> &dims, int type = 1) {
    auto *tensor = model.mutable_graph()->add_input();
    tensor->set_name(name);
    tensor->mutable_type()->mutable_tensor_type()->set_elem_type(type);
    auto *shape = tensor->mutable_type()->mutable_tensor_type()->mutable_shape();
    for (size_t i = 0; i < dims.size(); ++i) {
      auto *dim = shape->add_dim();
      dims[i] < 0 ? dim->set_dim_param("d" + std::to_string(i)) : dim->set_dim_value(dims[i]);
    }
    return *this;
  }

  onnx::NodeProto &node(const std::string &op, const std::vector<std::string> &inputs,
                        const std::vector<std::string> &outputs, const std::string &name = {}) {
    auto *added = model.mutable_graph()->add_node();
    added->set_op_type(op);
    added->set_name(name);
    for (const std::string &value : inputs) {
      added->add_input(value);
    }
    for (const std::string &value : outputs) {
      added->add_output(value);
    }
    return *added;
  }

  ModelBuilder &floats(const std::string &name, const std::vector<int64_t> &dims, const std::vector<float> &values) {
    auto *tensor = model.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(1);
    tensor->mutable_dims()->Add(dims.begin(), dims.end());
    tensor->set_raw_data(values.data(), values.size() * sizeof(float));
    return *this;
  }

  ModelBuilder &ints(const std::string &name, const std::vector<int64_t> &values, bool scalar = false) {
    auto *tensor = model.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(7);
    if (!scalar) {
      tensor->add_dims(static_cast<int64_t>(values.size()));
    }
    tensor->mutable_int64_data()->Add(values.begin(), values.end());
    return *this;
  }

  ModelBuilder &output(const std::string &name) {
    model.mutable_graph()->add_output()->set_name(name);
    return *this;
  }

  /// Writes the model below the test's temporary folder and returns its path.
  std::string save(const std::string &name = "model") const {
    std::string path = folder() + "/" + name + ".onnx";
    std::ofstream(path, std::ios::binary) << model.SerializeAsString();
    return path;
  }

  static std::string folder() {
    const auto *info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string path = ::testing::TempDir() + "ncc_" + info->test_suite_name() + "_" + info->name();
    std::filesystem::create_directories(path);
    return path;
  }

  onnx::ModelProto model;
};

inline void setInt(onnx::NodeProto &node, const std::string &name, int64_t value) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(2);
  attribute->set_i(value);
}
inline void setInts(onnx::NodeProto &node, const std::string &name, const std::vector<int64_t> &values) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(7);
  attribute->mutable_ints()->Add(values.begin(), values.end());
}
inline void setString(onnx::NodeProto &node, const std::string &name, const std::string &value) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(3);
  attribute->set_s(value);
}
inline onnx::GraphProto &setGraph(onnx::NodeProto &node, const std::string &name) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(5);
  return *attribute->mutable_g();
}
inline void setFloat(onnx::NodeProto &node, const std::string &name, float value) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(1);
  attribute->set_f(value);
}

} // namespace ncc::test

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// An ONNX file in memory: the parsed skeleton and, mapped, the bytes of its tensors and external data files. Every
// size is checked against what the file holds before anything is allocated.
#pragma once

#include "compiler/frontend/onnx/DefaultInputs.h"
#include "compiler/frontend/onnx/onnx.pb.h"
#include "runtime/tensor/Value.h"

#include "absl/status/statusor.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ncc::frontend {

/// A read-only mapping of a whole file.
class MappedFile {
public:
  static absl::StatusOr<std::shared_ptr<const MappedFile>> open(const std::string &path);
  MappedFile(const char *bytes, size_t length) : bytes(bytes), length(length) {}
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  std::string_view view() const { return {bytes, length}; }

private:
  const char *bytes;
  size_t length;
};

class Model {
public:
  static absl::StatusOr<std::unique_ptr<Model>> load(const std::string &path, DefaultInputs defaults = DefaultInputs::Auto);

  const onnx::ModelProto &proto() const { return message; }
  const std::string &path() const { return file; }
  std::string_view bytes() const { return mapping->view(); }
  /// The model's file and those its tensors have been read from.
  std::vector<std::string> files() const;

  /// The opset version the model imports for a domain ("" is ai.onnx), or 0.
  int64_t opsetVersion(std::string_view domain) const;

  /// The graph inputs that no initializer makes a constant, in order: what data sets and callers provide.
  std::vector<const onnx::ValueInfoProto *> openInputs() const;
  /// The default of an open input, or nothing.
  const onnx::TensorProto *defaultOf(const std::string &input) const;
  /// Inputs whose defaults are constants although the file lets callers override them.
  const std::vector<std::string> &frozenInputs() const { return frozen; }

  /// The value of a TensorProto. Raw and external data are views into mapped files; typed fields are converted.
  absl::StatusOr<Tensor> tensor(const onnx::TensorProto &proto) const;
  /// The same, written out: zero wherever the proto lists no value.
  absl::StatusOr<Tensor> tensor(const onnx::SparseTensorProto &sparse) const;

private:
  void sortDefaults(DefaultInputs defaults);
  absl::StatusOr<Tensor> externalTensor(const onnx::TensorProto &proto, DType dtype, Shape shape) const;

  std::string file;
  std::shared_ptr<const MappedFile> mapping;
  onnx::ModelProto message;
  std::map<std::string, const onnx::TensorProto *> kept; // defaults by input
  std::vector<std::string> frozen;
  mutable std::map<std::string, std::shared_ptr<const MappedFile>> external;
};

/// ONNX's element type number as ours. Nothing for types ncc does not have.
std::optional<DType> dtypeOfOnnx(int32_t dataType);
/// "float16", "complex64": ONNX's name of an element type number, for messages.
std::string onnxTypeName(int32_t dataType);

/// The type a TypeProto means; None for types ncc does not have.
ValueType valueTypeOfProto(const onnx::TypeProto &proto, int depth = 0);

/// What messages call a node: its name, or its operator and first result.
std::string displayName(const onnx::NodeProto &node);

/// A tensor in a file of its own (test data, calibration data): serialized TensorProto.
absl::StatusOr<Tensor> readTensorFile(const std::string &path);

} // namespace ncc::frontend

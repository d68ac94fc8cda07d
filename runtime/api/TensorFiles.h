// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Tensors on disk for the tools: ONNX TensorProto (.pb; the wire format parsed by hand, so that nothing here
// needs protobuf) and NumPy .npy.
#pragma once

#include "runtime/tensor/Tensor.h"

#include "absl/status/statusor.h"

namespace ncc::api {

struct NamedTensor {
  std::string name; // empty when the file has none
  Tensor tensor;
};

absl::StatusOr<NamedTensor> parseTensorProto(absl::Span<const uint8_t> bytes);
std::string serializeTensorProto(const NamedTensor &tensor);
absl::StatusOr<Tensor> parseNpy(absl::Span<const uint8_t> bytes);
std::string serializeNpy(const Tensor &tensor);

/// By the ending of the name: .npy, else TensorProto.
absl::StatusOr<NamedTensor> readTensorFile(const std::string &path);
absl::Status writeTensorFile(const std::string &path, const NamedTensor &tensor);

/// input_0.pb, input_1.pb, ... (or output_): as many as there are in a row.
absl::StatusOr<std::vector<NamedTensor>> readTensorSeries(const std::string &directory, const std::string &prefix);

} // namespace ncc::api

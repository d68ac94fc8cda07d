// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/Model.h"

#include "compiler/frontend/onnx/WireScan.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ncc::frontend {

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) {
    return absl::NotFoundError(absl::StrCat("cannot open '", path, "': ", std::strerror(errno)));
  }
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not a regular file"));
  }
  size_t size = static_cast<size_t>(info.st_size);
  void *memory = size ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  ::close(descriptor);
  if (memory == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot map '", path, "': ", std::strerror(errno)));
  }
  return std::make_shared<const MappedFile>(static_cast<const char *>(memory), size);
}

MappedFile::~MappedFile() {
  if (length) {
    ::munmap(const_cast<char *>(bytes), length);
  }
}

template <typename Message>
static absl::Status parse(std::string_view bytes, WireMessage kind, Message &message) {
  absl::StatusOr<std::string> skeleton = scanWire(bytes, kind);
  if (!skeleton.ok()) {
    return skeleton.status();
  }
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(skeleton->data()),
                                                static_cast<int>(std::min<size_t>(skeleton->size(), INT32_MAX)));
  stream.SetRecursionLimit(200);
  if (skeleton->size() > INT32_MAX || !message.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return absl::InvalidArgumentError("not a valid ONNX message");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Model>> Model::load(const std::string &path, DefaultInputs defaults) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> mapping = MappedFile::open(path);
  if (!mapping.ok()) {
    return mapping.status();
  }
  auto model = std::make_unique<Model>();
  model->file = path;
  model->mapping = *mapping;
  if (model->bytes().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is empty"));
  }
  if (absl::Status status = parse(model->bytes(), WireMessage::Model, model->message); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is ", std::string(status.message())));
  }
  if (!model->message.has_graph()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' holds no graph"));
  }
  model->sortDefaults(defaults);
  return model;
}

void Model::sortDefaults(DefaultInputs defaults) {
  // Before IR version 4 every initializer had to be listed among the inputs.
  if (message.ir_version() < 4) {
    return;
  }
  // Exporters that list all initializers list their weights: many, or large. Sizes and axes are integer vectors.
  constexpr int kMostDefaults = 16;
  constexpr int64_t kMostElements = 1 << 14;
  std::map<std::string, onnx::ValueInfoProto *> inputs;
  for (onnx::ValueInfoProto &input : *message.mutable_graph()->mutable_input()) {
    inputs.emplace(input.name(), &input);
  }
  std::vector<const onnx::TensorProto *> listed;
  int64_t elements = 0;
  for (const onnx::TensorProto &initializer : message.graph().initializer()) {
    if (inputs.count(initializer.name())) {
      listed.push_back(&initializer);
      __int128 size = 1;
      for (int64_t dim : initializer.dims()) {
        size = std::min<__int128>(size * std::max<int64_t>(dim, 0), kMostElements + 1);
      }
      elements = std::min<int64_t>(elements + static_cast<int64_t>(size), kMostElements + 1);
    }
  }
  const bool weights = listed.size() > kMostDefaults || elements > kMostElements;
  for (const onnx::TensorProto *initializer : listed) {
    const std::optional<DType> type = dtypeOfOnnx(initializer->data_type());
    const bool sizes = type == DType::I64 && initializer->dims_size() <= 1;
    if (!type || type == DType::String || defaults == DefaultInputs::Freeze || (defaults == DefaultInputs::Auto && (weights || sizes))) {
      frozen.push_back(initializer->name());
      continue;
    }
    kept.emplace(initializer->name(), initializer);
    // The default says what the input leaves open of its shape. What contradicts it is reported elsewhere.
    onnx::TypeProto::Tensor *tensor = inputs[initializer->name()]->mutable_type()->mutable_tensor_type();
    if (!tensor->has_shape()) {
      for (int64_t dim : initializer->dims()) {
        tensor->mutable_shape()->add_dim()->set_dim_value(dim);
      }
    }
    for (int i = 0; i < std::min(tensor->shape().dim_size(), initializer->dims_size()); ++i) {
      onnx::TensorShapeProto::Dimension *dim = tensor->mutable_shape()->mutable_dim(i);
      if (!dim->has_dim_value() || dim->dim_value() < 0) {
        dim->clear_dim_param();
        dim->set_dim_value(initializer->dims(i));
      }
    }
  }
}

std::vector<std::string> Model::files() const {
  std::vector<std::string> all{file};
  for (const auto &[path, mapped] : external) {
    all.push_back(path);
  }
  return all;
}

const onnx::TensorProto *Model::defaultOf(const std::string &input) const {
  auto found = kept.find(input);
  return found == kept.end() ? nullptr : found->second;
}

std::vector<const onnx::ValueInfoProto *> Model::openInputs() const {
  std::set<std::string_view> given;
  for (const onnx::TensorProto &initializer : message.graph().initializer()) {
    given.insert(initializer.name());
  }
  for (const onnx::SparseTensorProto &initializer : message.graph().sparse_initializer()) {
    given.insert(initializer.values().name());
  }
  std::vector<const onnx::ValueInfoProto *> inputs;
  for (const onnx::ValueInfoProto &input : message.graph().input()) {
    if (!given.count(input.name()) || kept.count(input.name())) {
      inputs.push_back(&input);
    }
  }
  return inputs;
}

int64_t Model::opsetVersion(std::string_view domain) const {
  bool standard = domain.empty() || domain == "ai.onnx";
  for (const onnx::OperatorSetIdProto &entry : message.opset_import()) {
    bool same = standard ? entry.domain().empty() || entry.domain() == "ai.onnx" : entry.domain() == domain;
    if (same) {
      return entry.version();
    }
  }
  // Files older than opset imports (IR version 1, 2) mean opset 1.
  return standard && message.opset_import_size() == 0 && message.ir_version() < 3 ? 1 : 0;
}

std::optional<DType> dtypeOfOnnx(int32_t dataType) {
  switch (dataType) {
  case 1: return DType::F32;
  case 2: return DType::U8;
  case 3: return DType::I8;
  case 4: return DType::U16;
  case 5: return DType::I16;
  case 6: return DType::I32;
  case 7: return DType::I64;
  case 8: return DType::String;
  case 9: return DType::Bool;
  case 10: return DType::F16;
  case 11: return DType::F64;
  case 12: return DType::U32;
  case 13: return DType::U64;
  case 14: return DType::C64;
  case 15: return DType::C128;
  case 16: return DType::BF16;
  case 17: return DType::F8E4M3;
  case 18: return DType::F8E4M3Fnuz;
  case 19: return DType::F8E5M2;
  case 20: return DType::F8E5M2Fnuz;
  case 21: return DType::U4;
  case 22: return DType::I4;
  case 23: return DType::F4E2M1;
  case 24: return DType::F8E8M0;
  case 25: return DType::U2;
  case 26: return DType::I2;
  default: return std::nullopt;
  }
}

std::string onnxTypeName(int32_t dataType) {
  static constexpr const char *kNames[] = {
      "undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
      "double", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz",
      "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2"};
  if (dataType < 0 || dataType >= static_cast<int32_t>(std::size(kNames))) {
    return absl::StrCat("type ", dataType);
  }
  return kNames[dataType];
}

namespace {

bool isPacked(DType dtype) { return packedBits(dtype) < static_cast<int>(8 * dtypeSize(dtype)); }
int64_t packedBytes(DType dtype, int64_t count) { return (count * packedBits(dtype) + 7) / 8; }

absl::Status wrongSize(const onnx::TensorProto &proto, int64_t have, int64_t need) {
  return absl::InvalidArgumentError(
      absl::StrCat("tensor '", proto.name(), "' holds ", have, " of the ", need, " values its shape needs"));
}

/// Copies `count` values of a repeated field; `field` has been checked to hold as many.
template <typename Field>
void fill(const Field &field, Tensor &tensor) {
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (isFloat(tensor.dtype())) {
      tensor.setDouble(i, static_cast<double>(field.Get(static_cast<int>(i))));
    } else {
      tensor.setInt(i, static_cast<int64_t>(field.Get(static_cast<int>(i))));
    }
  }
}

absl::StatusOr<Tensor> typedTensor(const onnx::TensorProto &proto, DType dtype, Shape shape, int64_t count) {
  auto take = [&](const auto &field) -> absl::StatusOr<Tensor> {
    if (field.size() != count) {
      return wrongSize(proto, field.size(), count);
    }
    Tensor tensor(dtype, shape);
    fill(field, tensor);
    return tensor;
  };
  auto takePairs = [&](const auto &field) -> absl::StatusOr<Tensor> { // real and imaginary parts in turn
    if (field.size() != 2 * count) {
      return wrongSize(proto, field.size() / 2, count);
    }
    Tensor tensor(dtype, shape);
    std::memcpy(tensor.mutableData(), field.data(), tensor.byteSize());
    return tensor;
  };
  switch (dtype) {
  case DType::F32: return take(proto.float_data());
  case DType::F64: return take(proto.double_data());
  case DType::C64: return takePairs(proto.float_data());
  case DType::C128: return takePairs(proto.double_data());
  case DType::I64: return take(proto.int64_data());
  case DType::U32: case DType::U64: return take(proto.uint64_data());
  case DType::String: {
    if (proto.string_data_size() != count) {
      return wrongSize(proto, proto.string_data_size(), count);
    }
    Tensor tensor(dtype, shape);
    tensor.mutableStrings().assign(proto.string_data().begin(), proto.string_data().end());
    return tensor;
  }
  default: break;
  }
  if (isPacked(dtype)) { // packed bytes, one per int32
    if (proto.int32_data_size() != packedBytes(dtype, count)) {
      return wrongSize(proto, proto.int32_data_size() * 8 / packedBits(dtype), count);
    }
    std::string bytes(proto.int32_data().begin(), proto.int32_data().end());
    return unpackBits(bytes.data(), dtype, std::move(shape));
  }
  if (!isFloat(dtype)) {
    return take(proto.int32_data());
  }
  if (proto.int32_data_size() != count) { // 8- and 16-bit floats: their bits in an int32
    return wrongSize(proto, proto.int32_data_size(), count);
  }
  Tensor tensor(dtype, shape);
  for (int64_t i = 0; i < count; ++i) {
    int32_t bits = proto.int32_data(static_cast<int>(i));
    std::memcpy(static_cast<char *>(tensor.mutableData()) + i * dtypeSize(dtype), &bits, dtypeSize(dtype));
  }
  return tensor;
}

/// A view of `bytes` once its length is known to fit.
absl::StatusOr<Tensor> rawTensor(const onnx::TensorProto &proto, DType dtype, Shape shape, int64_t count,
                                 std::string_view bytes, std::shared_ptr<const void> owner) {
  if (dtype == DType::String && count == 0 && bytes.empty()) {
    return Tensor(dtype, std::move(shape));
  }
  if (dtype == DType::String) {
    return absl::InvalidArgumentError(absl::StrCat("tensor '", proto.name(), "' stores strings as raw data"));
  }
  int64_t need = packedBytes(dtype, count);
  if (static_cast<int64_t>(bytes.size()) != need) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor '", proto.name(), "' holds ", bytes.size(), " bytes, its shape needs ", need));
  }
  if (isPacked(dtype)) {
    return unpackBits(bytes.data(), dtype, std::move(shape));
  }
  if (owner) {
    return Tensor(dtype, std::move(shape), bytes.data(), std::move(owner));
  }
  Tensor tensor(dtype, std::move(shape));
  if (!bytes.empty()) {
    std::memcpy(tensor.mutableData(), bytes.data(), bytes.size());
  }
  return tensor;
}

absl::StatusOr<int64_t> checkedCount(const onnx::TensorProto &proto) {
  __int128 count = 1;
  for (int64_t dim : proto.dims()) {
    count *= dim;
    if (dim < 0 || count > (int64_t(1) << 40)) {
      return absl::InvalidArgumentError(absl::StrCat("tensor '", proto.name(), "' has an impossible shape"));
    }
  }
  return static_cast<int64_t>(count);
}

} // namespace

static absl::StatusOr<Tensor> readTensor(const onnx::TensorProto &proto, DType dtype, Shape shape, int64_t count,
                                         const std::shared_ptr<const MappedFile> &mapping) {
  if (proto.has_mapped_length()) {
    return rawTensor(proto, dtype, std::move(shape), count,
                     mapping->view().substr(proto.mapped_offset(), proto.mapped_length()), mapping);
  }
  // An empty tensor may say its emptiness either way.
  if (proto.has_raw_data() || count == 0) {
    return rawTensor(proto, dtype, std::move(shape), count, proto.raw_data(), nullptr);
  }
  return typedTensor(proto, dtype, std::move(shape), count);
}

absl::StatusOr<Tensor> Model::tensor(const onnx::TensorProto &proto) const {
  std::optional<DType> dtype = dtypeOfOnnx(proto.data_type());
  if (!dtype) {
    return absl::UnimplementedError(
        absl::StrCat("tensor '", proto.name(), "' has element type ", onnxTypeName(proto.data_type())));
  }
  absl::StatusOr<int64_t> count = checkedCount(proto);
  if (!count.ok()) {
    return count.status();
  }
  Shape shape(proto.dims().begin(), proto.dims().end());
  if (proto.data_location() == 1) {
    return externalTensor(proto, *dtype, std::move(shape));
  }
  return readTensor(proto, *dtype, std::move(shape), *count, mapping);
}

absl::StatusOr<Tensor> Model::externalTensor(const onnx::TensorProto &proto, DType dtype, Shape shape) const {
  std::string location;
  uint64_t offset = 0, length = UINT64_MAX;
  for (const onnx::StringStringEntryProto &entry : proto.external_data()) {
    bool good = true;
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset") {
      good = absl::SimpleAtoi(entry.value(), &offset);
    } else if (entry.key() == "length") {
      good = absl::SimpleAtoi(entry.value(), &length);
    }
    if (!good) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", proto.name(), "': external ", entry.key(), " '", entry.value(), "' is no number"));
    }
  }
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path folder = fs::weakly_canonical(fs::path(file).parent_path().empty() ? "." : fs::path(file).parent_path(), error);
  fs::path target = fs::weakly_canonical(folder / location, error);
  auto [inside, rest] = std::mismatch(folder.begin(), folder.end(), target.begin(), target.end());
  if (location.empty() || location.find('\0') != std::string::npos || fs::path(location).is_absolute() || error || inside != folder.end() || rest == target.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor '", proto.name(), "': external location '", location, "' is not inside the model's folder"));
  }
  auto &cached = external[target.string()];
  if (!cached) {
    absl::StatusOr<std::shared_ptr<const MappedFile>> opened = MappedFile::open(target.string());
    if (!opened.ok()) {
      return absl::NotFoundError(absl::StrCat("tensor '", proto.name(), "': ", std::string(opened.status().message())));
    }
    cached = *opened;
  }
  std::string_view bytes = cached->view();
  int64_t count = numElements(shape);
  auto need = static_cast<uint64_t>(packedBytes(dtype, count));
  length = length == UINT64_MAX ? need : length;
  if (offset > bytes.size() || length > bytes.size() - offset) {
    return absl::OutOfRangeError(absl::StrCat("tensor '", proto.name(), "': external data ", offset, "+", length,
                                              " reaches beyond '", location, "' of ", bytes.size(), " bytes"));
  }
  return rawTensor(proto, dtype, std::move(shape), count, bytes.substr(offset, length), cached);
}

ValueType valueTypeOfProto(const onnx::TypeProto &proto, int depth) {
  if (proto.has_tensor_type()) {
    std::optional<DType> dtype = dtypeOfOnnx(proto.tensor_type().elem_type());
    if (!dtype || !proto.tensor_type().has_shape()) {
      return dtype ? ValueType::unranked(*dtype) : ValueType();
    }
    Shape shape;
    for (const auto &dim : proto.tensor_type().shape().dim()) {
      shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : kUnknownDim);
    }
    return ValueType::tensor(*dtype, shape);
  }
  if (proto.has_map_type() && depth <= 6) {
    std::optional<DType> key = dtypeOfOnnx(proto.map_type().key_type());
    ValueType value = valueTypeOfProto(proto.map_type().value_type(), depth + 1);
    if (value.isTensor() && !value.ranked) { // files say nothing about the shape of a scalar
      value = ValueType::tensor(value.dtype, {});
    }
    bool usable = key && (*key == DType::String || isInteger(*key)) && value.kind != ValueKind::None;
    return usable ? ValueType::map(*key, value) : ValueType();
  }
  bool sequence = proto.has_sequence_type();
  if (depth > 6 || (!sequence && !proto.has_optional_type())) {
    return {};
  }
  ValueType element = valueTypeOfProto(sequence ? proto.sequence_type().elem_type() : proto.optional_type().elem_type(), depth + 1);
  return element.kind == ValueKind::None ? element : ValueType::of(sequence ? ValueKind::Sequence : ValueKind::Optional, element);
}

std::string displayName(const onnx::NodeProto &node) {
  if (!node.name().empty()) {
    return node.name();
  }
  std::string output = node.output_size() ? node.output(0) : "";
  return node.op_type() + (output.empty() ? "" : "_" + output);
}

absl::StatusOr<Tensor> readTensorFile(const std::string &path) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> mapping = MappedFile::open(path);
  if (!mapping.ok()) {
    return mapping.status();
  }
  onnx::TensorProto proto;
  if (absl::Status status = parse((*mapping)->view(), WireMessage::Tensor, proto); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is ", std::string(status.message())));
  }
  std::optional<DType> dtype = dtypeOfOnnx(proto.data_type());
  absl::StatusOr<int64_t> count = checkedCount(proto);
  if (!dtype || !count.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' holds no tensor ncc can read"));
  }
  return readTensor(proto, *dtype, Shape(proto.dims().begin(), proto.dims().end()), *count, *mapping);
}

} // namespace ncc::frontend

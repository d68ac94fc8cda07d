// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/api/TensorFiles.h"

#include "runtime/neff/InputFile.h"
#include "runtime/neff/OutputFile.h"

#include "runtime/api/Wire.h"

#include <cctype>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

namespace ncc::api {

namespace {

struct OnnxType {
  int code;
  DType type;
};
constexpr OnnxType kTypes[] = {{1, DType::F32}, {2, DType::U8}, {3, DType::I8}, {4, DType::U16}, {5, DType::I16}, {6, DType::I32},
                               {7, DType::I64}, {8, DType::String}, {9, DType::Bool}, {10, DType::F16}, {11, DType::F64},
                               {12, DType::U32}, {13, DType::U64}, {14, DType::C64}, {15, DType::C128}, {16, DType::BF16}, {17, DType::F8E4M3},
                               {18, DType::F8E4M3Fnuz}, {19, DType::F8E5M2}, {20, DType::F8E5M2Fnuz}, {21, DType::U4}, {22, DType::I4},
                               {23, DType::F4E2M1}, {24, DType::F8E8M0}, {25, DType::U2}, {26, DType::I2}};

absl::Status bad(const std::string &what) { return absl::InvalidArgumentError("tensor file: " + what); }

struct Proto {
  std::vector<int64_t> dims;
  int type = 0;
  std::string name;
  std::vector<std::string> strings;
  std::vector<int64_t> integers; // int32_data, int64_data, uint64_data
  std::string fixed;             // float_data, double_data: raw little-endian
  Span raw;
  bool hasRaw = false, external = false;
};

void varints(Wire &in, int wireType, std::vector<int64_t> &out) {
  if (wireType == 2) {
    Wire packed{in.chunk()};
    while (packed.ok && !packed.bytes.empty()) {
      out.push_back(static_cast<int64_t>(packed.varint()));
    }
    in.ok = in.ok && packed.ok;
  } else {
    out.push_back(static_cast<int64_t>(in.varint()));
  }
}

void fixedWidth(Wire &in, int wireType, std::string &out) {
  Span chunk = wireType == 2 ? in.chunk() : in.take(wireType == 5 ? 4 : 8);
  out.append(reinterpret_cast<const char *>(chunk.data()), chunk.size());
}

absl::StatusOr<Proto> parseProto(Span bytes) {
  Proto p;
  Wire in{bytes};
  while (in.ok && !in.bytes.empty()) {
    uint64_t tag = in.varint();
    const int wireType = static_cast<int>(tag & 7);
    switch (tag >> 3) {
    case 1:
      varints(in, wireType, p.dims);
      break;
    case 2:
      p.type = static_cast<int>(in.varint());
      break;
    case 4:
    case 10:
      fixedWidth(in, wireType, p.fixed);
      break;
    case 5:
    case 7:
    case 11:
      varints(in, wireType, p.integers);
      break;
    case 6: {
      Span s = in.chunk();
      p.strings.emplace_back(reinterpret_cast<const char *>(s.data()), s.size());
      break;
    }
    case 8: {
      Span s = in.chunk();
      p.name.assign(reinterpret_cast<const char *>(s.data()), s.size());
      break;
    }
    case 9:
      p.raw = in.chunk();
      p.hasRaw = true;
      break;
    case 14:
      p.external = in.varint() == 1;
      break;
    default:
      in.skip(wireType);
    }
  }
  if (!in.ok) {
    return bad("not a TensorProto");
  }
  return p;
}

} // namespace

absl::StatusOr<NamedTensor> parseTensorProto(Span bytes) {
  absl::StatusOr<Proto> parsed = parseProto(bytes);
  if (!parsed.ok()) {
    return parsed.status();
  }
  const Proto &p = *parsed;
  std::optional<DType> type;
  for (const OnnxType &t : kTypes) {
    if (t.code == p.type) {
      type = t.type;
    }
  }
  if (!type || p.external) {
    return bad(p.external ? "external data is not supported here" : "element type " + std::to_string(p.type) + " is not supported");
  }
  double size = 1;
  Shape shape;
  for (int64_t dim : p.dims) {
    size *= static_cast<double>(dim);
    shape.push_back(dim);
    if (dim < 0 || size > 1e12 || shape.size() > 64) {
      return bad("bad dims");
    }
  }
  const auto count = static_cast<size_t>(numElements(shape));
  const size_t have = p.hasRaw ? p.raw.size() : std::max({p.fixed.size(), p.integers.size(), p.strings.size()});
  const size_t perEntry = 8 * dtypeSize(*type) / static_cast<size_t>(std::max(1, packedBits(*type))); // several values to a byte
  if (count > have * std::max<size_t>(1, perEntry)) { // refuse before allocating
    return bad("fewer elements than its dims say");
  }
  NamedTensor result{p.name, Tensor(*type, shape)};
  Tensor &tensor = result.tensor;
  if (*type == DType::String) {
    if (p.strings.size() != count) {
      return bad("wrong number of strings");
    }
    tensor.mutableStrings() = p.strings;
  } else if (perEntry > 1) {
    std::string packed = p.hasRaw ? std::string(p.raw.begin(), p.raw.end()) : std::string(p.integers.begin(), p.integers.end());
    if (packed.size() != (count + perEntry - 1) / perEntry) {
      return bad("data and dims differ in size");
    }
    tensor = unpackBits(packed.data(), *type, shape);
  } else if (p.hasRaw || *type == DType::F32 || *type == DType::F64 || isComplex(*type)) {
    const void *from = p.hasRaw ? static_cast<const void *>(p.raw.data()) : p.fixed.data();
    if ((p.hasRaw ? p.raw.size() : p.fixed.size()) != tensor.byteSize()) {
      return bad("data and dims differ in size");
    }
    std::memcpy(tensor.mutableData(), from, tensor.byteSize());
  } else {
    if (p.integers.size() != count) {
      return bad("wrong number of elements");
    }
    const size_t width = dtypeSize(*type); // narrow floats are stored as their bits
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(static_cast<char *>(tensor.mutableData()) + i * width, &p.integers[i], width);
    }
  }
  return result;
}

std::string serializeTensorProto(const NamedTensor &named) {
  const Tensor &tensor = named.tensor;
  std::string out;
  for (int64_t dim : tensor.shape()) {
    putVarint(out, 1 << 3);
    putVarint(out, static_cast<uint64_t>(dim));
  }
  int code = 0;
  for (const OnnxType &t : kTypes) {
    code = t.type == tensor.dtype() ? t.code : code;
  }
  putVarint(out, 2 << 3);
  putVarint(out, static_cast<uint64_t>(code));
  if (tensor.dtype() == DType::String) {
    for (const std::string &s : tensor.strings()) {
      putChunk(out, 6, s.data(), s.size());
    }
  }
  if (!named.name.empty()) {
    putChunk(out, 8, named.name.data(), named.name.size());
  }
  if (tensor.dtype() != DType::String) {
    bool packed = packedBits(tensor.dtype()) < static_cast<int>(8 * dtypeSize(tensor.dtype()));
    std::string bytes = packed ? packBits(tensor) : std::string(static_cast<const char *>(tensor.data()), tensor.byteSize());
    putChunk(out, 9, bytes.data(), bytes.size());
  }
  return out;
}

namespace {
struct NpyType {
  const char *text;
  DType type;
};
constexpr NpyType kNpyTypes[] = {{"f4", DType::F32}, {"f8", DType::F64}, {"f2", DType::F16}, {"i1", DType::I8}, {"i2", DType::I16},
                                 {"i4", DType::I32}, {"i8", DType::I64}, {"u1", DType::U8}, {"u2", DType::U16}, {"u4", DType::U32},
                                 {"u8", DType::U64}, {"b1", DType::Bool}, {"c8", DType::C64}, {"c16", DType::C128}, {"V2", DType::BF16}};

/// The value after 'key': in the header's Python dict, up to the closing quote or bracket.
std::string npyField(const std::string &header, const std::string &key) {
  size_t at = header.find("'" + key + "'");
  at = at == std::string::npos ? at : header.find(':', at);
  if (at == std::string::npos) {
    return "";
  }
  at = header.find_first_not_of(" :", at);
  if (at == std::string::npos) {
    return "";
  }
  const char close = header[at] == '(' ? ')' : header[at] == '\'' ? '\'' : ',';
  size_t end = header.find(close, at + 1);
  return end == std::string::npos ? "" : header.substr(at, end - at);
}
} // namespace

absl::StatusOr<Tensor> parseNpy(Span bytes) {
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) {
    return bad("not a .npy file");
  }
  const bool wide = bytes[6] >= 2;
  const size_t length = wide ? bytes[8] | bytes[9] << 8 | bytes[10] << 16 | static_cast<size_t>(bytes[11]) << 24 : bytes[8] | bytes[9] << 8;
  const size_t start = (wide ? 12 : 10) + length;
  if (start > bytes.size()) {
    return bad("truncated .npy header");
  }
  std::string header(reinterpret_cast<const char *>(bytes.data()) + (wide ? 12 : 10), length);
  std::string descr = npyField(header, "descr"), shapeText = npyField(header, "shape");
  if (npyField(header, "fortran_order").rfind("True", 0) == 0 || descr.size() < 4 || descr[1] == '>' || shapeText.empty()) {
    return bad(".npy must be little-endian and in C order");
  }
  std::optional<DType> type;
  for (const NpyType &t : kNpyTypes) {
    if (descr.substr(2) == t.text) {
      type = t.type;
    }
  }
  if (!type) {
    return bad("unsupported .npy type " + descr.substr(1));
  }
  Shape shape;
  double size = 1;
  for (size_t at = 1; at < shapeText.size();) {
    if (!std::isdigit(static_cast<unsigned char>(shapeText[at]))) {
      ++at;
      continue;
    }
    int64_t dim = 0;
    for (; at < shapeText.size() && std::isdigit(static_cast<unsigned char>(shapeText[at])) && dim < (int64_t{1} << 40); ++at) {
      dim = dim * 10 + (shapeText[at] - '0');
    }
    shape.push_back(dim);
    size *= static_cast<double>(dim);
  }
  if (size * static_cast<double>(dtypeSize(*type)) != static_cast<double>(bytes.size() - start)) {
    return bad(".npy data and shape differ in size");
  }
  Tensor tensor(*type, shape);
  std::memcpy(tensor.mutableData(), bytes.data() + start, tensor.byteSize());
  return tensor;
}

std::string serializeNpy(const Tensor &tensor) {
  const char *descr = "V1";
  for (const NpyType &t : kNpyTypes) {
    descr = t.type == tensor.dtype() ? t.text : descr;
  }
  std::string shape;
  for (int64_t dim : tensor.shape()) {
    shape += std::to_string(dim) + ",";
  }
  std::string header = std::string("{'descr': '") + (dtypeSize(tensor.dtype()) == 1 ? "|" : "<") + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out.push_back(static_cast<char>(header.size()));
  out.push_back(static_cast<char>(header.size() >> 8));
  out += header;
  out.append(static_cast<const char *>(tensor.data()), tensor.byteSize());
  return out;
}

absl::StatusOr<NamedTensor> readTensorFile(const std::string &path) {
  absl::StatusOr<std::string> bytes = neff::readWholeFile(path);
  if (!bytes.ok()) {
    return bytes.status();
  }
  Span span(reinterpret_cast<const uint8_t *>(bytes->data()), bytes->size());
  absl::Status status;
  if (path.size() > 4 && path.substr(path.size() - 4) == ".npy") {
    absl::StatusOr<Tensor> tensor = parseNpy(span);
    if (tensor.ok()) {
      return NamedTensor{"", *std::move(tensor)};
    }
    status = tensor.status();
  } else {
    absl::StatusOr<NamedTensor> tensor = parseTensorProto(span);
    if (tensor.ok()) {
      return tensor;
    }
    status = tensor.status();
  }
  return absl::Status(status.code(), path + ": " + std::string(status.message()));
}

absl::Status writeTensorFile(const std::string &path, const NamedTensor &tensor) {
  const bool npy = path.size() > 4 && path.substr(path.size() - 4) == ".npy";
  std::string bytes = npy ? serializeNpy(tensor.tensor) : serializeTensorProto(tensor);
  return neff::writeWholeFile(path, bytes);
}

absl::StatusOr<std::vector<NamedTensor>> readTensorSeries(const std::string &directory, const std::string &prefix) {
  std::vector<NamedTensor> list;
  for (;;) {
    std::string path = directory + "/" + prefix + std::to_string(list.size()) + ".pb";
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      return list;
    }
    absl::StatusOr<NamedTensor> tensor = readTensorFile(path);
    if (!tensor.ok()) {
      return tensor.status();
    }
    list.push_back(*std::move(tensor));
  }
}

} // namespace ncc::api

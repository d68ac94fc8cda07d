// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Info.h"

#include "runtime/neff/Defaults.h"

#include "runtime/neff/Format.h"

#include <algorithm>
#include <limits>

namespace ncc::neff {

namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 46;

Json shapeToJson(const Shape &shape) {
  Json out = Json::array();
  for (int64_t dim : shape) {
    out.push_back(dim);
  }
  return out;
}

Shape shapeFromJson(const Json &json, JsonReader &r) {
  Shape shape;
  double size = 1;
  for (int64_t dim : r.integers(json, 32)) {
    size *= static_cast<double>(std::max<int64_t>(dim, 1)); // an empty tensor's other dims stay within reason, too
    if (dim < 0 || size > 1e14) {
      r.fail("a shape is negative or too large");
      return {};
    }
    shape.push_back(dim);
  }
  return shape;
}

DType dtypeFromJson(const Json &object, JsonReader &r) {
  std::optional<DType> type = dtypeFromName(r.text(object, "dtype"));
  if (!type) {
    r.fail("unknown dtype");
  }
  return type.value_or(DType::F32);
}

Json tensorToJson(const TensorInfo &info) {
  return {{"name", info.name}, {"dtype", std::string(dtypeName(info.dtype))}, {"shape", shapeToJson(info.shape)}};
}

TensorInfo tensorFromJson(const Json &json, JsonReader &r) {
  TensorInfo info;
  info.name = r.text(json, "name");
  info.dtype = dtypeFromJson(json, r);
  info.shape = shapeFromJson(r.member(json, "shape"), r);
  return info;
}

Json slicesToJson(const std::vector<BatchSlice> &slices) {
  Json out = Json::array();
  for (const BatchSlice &s : slices) {
    out.push_back({s.offset, s.size, s.axis});
  }
  return out;
}

std::vector<BatchSlice> slicesFromJson(const Json &array, JsonReader &r) {
  std::vector<BatchSlice> out;
  for (const Json &item : array) {
    std::vector<int64_t> v = r.integers(item, 3);
    if (v.size() != 3 || v[2] < 0 || v[2] > 31) {
      r.fail("malformed batch slice");
      return {};
    }
    out.push_back({v[0], v[1], static_cast<int32_t>(v[2])});
  }
  return out;
}

Json operandToJson(const CallOperand &o) {
  return {{"buffer", o.buffer}, {"offset", o.offset}, {"dtype", std::string(dtypeName(o.dtype))}, {"shape", shapeToJson(o.shape)}};
}

CallOperand operandFromJson(const Json &json, JsonReader &r) {
  CallOperand o;
  o.buffer = static_cast<uint32_t>(r.natural(json, "buffer", 65535));
  o.offset = r.natural(json, "offset", kMaxBytes);
  o.dtype = dtypeFromJson(json, r);
  o.shape = shapeFromJson(r.member(json, "shape"), r);
  return o;
}

} // namespace

std::string_view bufferKindName(BufferKind kind) {
  constexpr std::string_view names[] = {"input", "output", "weight", "scratch", "state"};
  auto i = static_cast<size_t>(kind);
  return i < std::size(names) ? names[i] : "?";
}

uint64_t featureBits(const Model &model) {
  uint64_t bits = model.channels.empty() ? 0 : kFeatureChannels;
  bits |= model.groups.size() > 1 ? kFeatureGroups : 0;
  for (const Program &program : model.programs) {
    bits |= program.calls.empty() ? 0 : kFeatureCalls;
  }
  for (const auto *parts : {&model.segments, &model.buckets}) {
    for (const Model &part : *parts) {
      bits |= featureBits(part);
    }
  }
  bits |= model.hasPlan() ? kFeaturePlan : 0;
  bits |= model.buckets.empty() ? 0 : kFeatureBuckets;
  return bits;
}

/// What a model and a segment of a plan have alike.
static void addTables(const Model &model, Json &json) {
  json["inputs"] = Json::array();
  for (const TensorInfo &info : model.inputs) {
    json["inputs"].push_back(tensorToJson(info));
  }
  json["outputs"] = Json::array();
  for (const TensorInfo &info : model.outputs) {
    json["outputs"].push_back(tensorToJson(info));
  }
  json["programs"] = Json::array(); // filled by the writer, which knows what is shared
  json["channels"] = Json::array();
  for (const Channel &c : model.channels) {
    json["channels"].push_back({{"from", c.fromCore}, {"to", c.toCore}, {"bytes", c.bytes}, {"slots", c.slots}});
  }
  json["groups"] = Json::array();
  for (const Group &g : model.groups) {
    json["groups"].push_back({{"programs", g.programs}, {"inputs", slicesToJson(g.inputs)}, {"outputs", slicesToJson(g.outputs)}});
  }
}

Json segmentToJson(const Model &segment) {
  Json json;
  addTables(segment, json);
  return json;
}

static Json shapesToJson(const std::vector<Shape> &shapes) {
  Json out = Json::array();
  for (const Shape &shape : shapes) {
    out.push_back(shapeToJson(shape));
  }
  return out;
}

/// Shapes that may have dims of -1; verifyBuckets compares them with the bucket's.
static std::vector<Shape> shapesFromJson(const Json &array, JsonReader &r) {
  std::vector<Shape> shapes;
  for (const Json &item : array) {
    const std::vector<int64_t> dims = r.integers(item, 32);
    shapes.emplace_back(dims.begin(), dims.end());
  }
  return shapes;
}

Json bucketToJson(const Model &bucket) {
  Json json = segmentToJson(bucket);
  if (bucket.hasPlan()) {
    json["segments"] = bucket.segments.size();
  }
  json["useful_macs"] = bucket.usefulMacs;
  json["useful_macs_rate"] = bucket.usefulMacsRate;
  json["unpadded"] = bucket.unpadded;
  json["padded"] = Json::array();
  for (const PaddedShapes &row : bucket.padded) {
    json["padded"].push_back({{"inputs", shapesToJson(row.inputs)}, {"outputs", shapesToJson(row.outputs)}, {"lengths", row.lengths}});
  }
  return json;
}

Json infoToJson(const Model &model) {
  Json json;
  json["encoding"] = kEncodingVersion;
  json["provenance"] = {{"compiler", model.provenance.compiler},
                        {"options", model.provenance.options},
                        {"target", model.provenance.target},
                        {"model_sha256", model.provenance.modelHash},
                        {"model_name", model.provenance.modelName},
                        {"precision", model.provenance.precision}};
  addTables(model, json);
  if (model.hasPlan()) {
    json["segments"] = model.segments.size();
  }
  if (!model.buckets.empty()) {
    json["buckets"] = model.buckets.size();
  }
  json["useful_macs"] = model.usefulMacs;
  json["useful_macs_rate"] = model.usefulMacsRate;
  json["weight_bytes"] = model.weightBytes;
  defaultsToJson(model, json);
  return json;
}

static void readTables(const Json &json, Model &model, JsonReader &r) {
  for (const Json &item : r.array(json, "inputs", 65536)) {
    model.inputs.push_back(tensorFromJson(item, r));
  }
  for (const Json &item : r.array(json, "outputs", 65536)) {
    model.outputs.push_back(tensorFromJson(item, r));
  }
  model.programs.resize(r.array(json, "programs", 4096).size());
  for (const Json &item : r.array(json, "channels", 65535)) {
    Channel c;
    c.id = static_cast<uint32_t>(model.channels.size());
    c.fromCore = static_cast<uint32_t>(r.natural(item, "from", 4095));
    c.toCore = static_cast<uint32_t>(r.natural(item, "to", 4095));
    c.bytes = r.natural(item, "bytes", uint64_t{1} << 36);
    c.slots = static_cast<uint32_t>(r.natural(item, "slots", 1024));
    model.channels.push_back(c);
  }
  for (const Json &item : r.array(json, "groups", 4096)) {
    Group g;
    for (const Json &p : r.array(item, "programs", 4096)) {
      g.programs.push_back(static_cast<uint32_t>(r.natural(p, 4095)));
    }
    g.inputs = slicesFromJson(r.array(item, "inputs", 65536), r);
    g.outputs = slicesFromJson(r.array(item, "outputs", 65536), r);
    model.groups.push_back(std::move(g));
  }
}

absl::Status segmentFromJson(const Json &json, Model &segment) {
  JsonReader r("a segment's info.json");
  readTables(json, segment, r);
  return r.status();
}

/// What a plan's members and the figures of a whole inference are.
static void readWhole(const Json &json, Model &model, JsonReader &r) {
  readTables(json, model, r);
  if (r.find(json, "segments")) {
    model.segments.resize(r.natural(json, "segments", 4096));
  }
  model.usefulMacs = r.number(json, "useful_macs");
  model.usefulMacsRate = r.number(json, "useful_macs_rate");
}

absl::Status bucketFromJson(const Json &json, Model &bucket) {
  JsonReader r("a bucket's info.json");
  readWhole(json, bucket, r);
  bucket.unpadded = r.text(json, "unpadded");
  for (const Json &item : r.array(json, "padded", 1 << 20)) {
    const std::vector<int64_t> lengths = r.integers(r.member(item, "lengths"), 65536);
    bucket.padded.push_back({shapesFromJson(r.array(item, "inputs", 65536), r), shapesFromJson(r.array(item, "outputs", 65536), r), lengths});
  }
  return r.status();
}

absl::Status infoFromJson(const Json &json, Model &model) {
  JsonReader r("info.json");
  if (r.natural(json, "encoding", 1u << 30) != kEncodingVersion) {
    return absl::UnimplementedError("this NEFF uses another version of the instruction encoding; compile the model again");
  }
  const Json &provenance = r.member(json, "provenance");
  model.provenance = {r.text(provenance, "compiler"), r.text(provenance, "options"), r.text(provenance, "target"),
                      r.text(provenance, "model_sha256"), r.text(provenance, "model_name"), r.text(provenance, "precision")};
  readWhole(json, model, r);
  if (r.find(json, "buckets")) {
    model.buckets.resize(r.natural(json, "buckets", 4096));
  }
  model.weightBytes = r.natural(json, "weight_bytes", kMaxBytes);
  defaultsFromJson(json, model, r);
  return r.ok() ? verifyDefaults(model) : r.status();
}

Json definitionToJson(const Program &program) {
  Json json;
  json["core"] = program.core;
  json["buffers"] = Json::array();
  for (const Buffer &b : program.buffers) {
    Json item = {{"name", b.name}, {"kind", std::string(bufferKindName(b.kind))}, {"bytes", b.bytes},
                 {"dtype", std::string(dtypeName(b.dtype))}, {"shape", shapeToJson(b.shape)}};
    if (b.kind == BufferKind::Input || b.kind == BufferKind::Output) {
      item["index"] = b.index;
    }
    if (b.kind == BufferKind::Weight || b.hasInitial) {
      item["offset"] = b.offset;
    }
    json["buffers"].push_back(std::move(item));
  }
  json["calls"] = Json::array();
  for (const CallEntry &call : program.calls) {
    Json inputs = Json::array();
    Json outputs = Json::array();
    for (const auto &input : call.inputs) {
      inputs.push_back(input ? operandToJson(*input) : Json());
    }
    for (const CallOperand &output : call.outputs) {
      outputs.push_back(operandToJson(output));
    }
    json["calls"].push_back({{"kernel", call.kernel}, {"attributes", call.attributes.toJson()},
                             {"inputs", std::move(inputs)}, {"outputs", std::move(outputs)}});
  }
  json["init_instructions"] = program.init.size();
  json["run_instructions"] = program.run.size();
  json["blocks"] = program.blockStarts;
  return json;
}

absl::StatusOr<Program> definitionFromJson(const Json &json, const std::string &what) {
  JsonReader r(what);
  Program program;
  program.core = static_cast<uint32_t>(r.natural(json, "core", 4095));
  for (const Json &item : r.array(json, "buffers", 65536)) {
    Buffer b;
    b.name = r.text(item, "name");
    std::string kind = r.text(item, "kind");
    int found = -1;
    for (int k = 0; k <= static_cast<int>(BufferKind::State); ++k) {
      found = kind == bufferKindName(static_cast<BufferKind>(k)) ? k : found;
    }
    if (found < 0) {
      r.fail("unknown buffer kind");
      break;
    }
    b.kind = static_cast<BufferKind>(found);
    b.bytes = r.natural(item, "bytes", kMaxBytes);
    b.dtype = dtypeFromJson(item, r);
    b.shape = shapeFromJson(r.member(item, "shape"), r);
    if (b.kind == BufferKind::Input || b.kind == BufferKind::Output) {
      b.index = static_cast<uint32_t>(r.natural(item, "index", 65535));
    }
    if (b.kind == BufferKind::Weight || r.find(item, "offset")) {
      b.offset = r.natural(item, "offset", kMaxBytes);
      b.hasInitial = b.kind == BufferKind::State;
    }
    program.buffers.push_back(std::move(b));
  }
  for (const Json &item : r.array(json, "calls", 1 << 20)) {
    CallEntry call;
    call.kernel = r.text(item, "kernel");
    absl::StatusOr<ops::Attributes> attributes = ops::Attributes::fromJson(r.text(item, "attributes"));
    if (!attributes.ok()) {
      return attributes.status();
    }
    call.attributes = *std::move(attributes);
    for (const Json &input : r.array(item, "inputs", 4096)) {
      call.inputs.push_back(input.is_null() ? std::nullopt : std::optional(operandFromJson(input, r)));
    }
    for (const Json &output : r.array(item, "outputs", 4096)) {
      call.outputs.push_back(operandFromJson(output, r));
    }
    program.calls.push_back(std::move(call));
  }
  program.init.resize(r.natural(json, "init_instructions", 1 << 26));
  program.run.resize(r.natural(json, "run_instructions", 1 << 26));
  for (const Json &item : r.array(json, "blocks", 1 << 26)) {
    program.blockStarts.push_back(static_cast<uint32_t>(r.natural(item, program.run.size())));
  }
  if (!r.ok()) {
    return r.status();
  }
  return program;
}

Json nodesToJson(const Model &model) {
  Json json = Json::array();
  for (const NodeInfo &node : model.nodes) {
    json.push_back({{"name", node.name}, {"op", node.op}});
  }
  return json;
}

absl::Status nodesFromJson(const Json &json, Model &model) {
  JsonReader r("debug.json");
  if (!json.is_array()) {
    return absl::InvalidArgumentError("debug.json is not an array");
  }
  for (const Json &item : json) {
    model.nodes.push_back({r.text(item, "name"), r.text(item, "op")});
  }
  return r.status();
}

} // namespace ncc::neff

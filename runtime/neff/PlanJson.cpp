// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/neff/PlanJson.h"

namespace ncc::neff {

namespace {

constexpr size_t kMostValues = 1 << 22;
constexpr int kMostNesting = 48, kMostTypeNesting = 8;
constexpr std::string_view kKinds[] = {"core", "host", "if", "loop", "scan"};
constexpr std::string_view kTypes[] = {"none", "tensor", "sequence", "optional", "map"};

/// JSON strings must be UTF-8; ONNX strings may be any bytes.
std::string toHex(const std::string &bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char c : bytes) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return out;
}

std::string fromHex(const std::string &text, JsonReader &r) {
  std::string out;
  auto digit = [&](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    if (digit(text[i]) < 0 || digit(text[i + 1]) < 0) {
      r.fail("a string is not in hexadecimal");
      return {};
    }
    out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  }
  return out;
}

Json constantToJson(const PlanConstant &constant, DType dtype) {
  if (dtype != DType::String) {
    return {{"offset", constant.offset}, {"bytes", constant.bytes}};
  }
  Json strings = Json::array();
  for (const std::string &text : constant.strings) {
    strings.push_back(toHex(text));
  }
  return {{"strings", std::move(strings)}};
}

PlanConstant constantFromJson(const Json &json, JsonReader &r) {
  PlanConstant constant;
  if (r.find(json, "strings")) {
    for (const Json &text : r.array(json, "strings", 1 << 24)) {
      constant.strings.push_back(text.is_string() ? fromHex(*text.get_ptr<const std::string *>(), r) : "");
    }
    return constant;
  }
  constant.offset = r.natural(json, "offset", uint64_t{1} << 46);
  constant.bytes = r.natural(json, "bytes", uint64_t{1} << 46);
  return constant;
}

Json blockToJson(const PlanBlock &block);

Json stepToJson(const PlanStep &step) {
  Json json = {{"kind", std::string(stepKindName(step.kind))}, {"inputs", step.inputs}, {"outputs", step.outputs}};
  if (step.kind == StepKind::Core) {
    json["segment"] = step.segment;
  }
  if (step.kind == StepKind::Host) {
    json["kernel"] = step.kernel;
  }
  if (!step.attributes.all().empty()) {
    json["attributes"] = step.attributes.toJson();
  }
  for (const PlanBlock &block : step.blocks) {
    json["blocks"].push_back(blockToJson(block));
  }
  if (!step.node.empty()) {
    json["node"] = step.node;
  }
  return json;
}

Json blockToJson(const PlanBlock &block) {
  Json steps = Json::array();
  for (const PlanStep &step : block.steps) {
    steps.push_back(stepToJson(step));
  }
  return {{"arguments", block.arguments}, {"results", block.results}, {"steps", std::move(steps)}};
}

std::vector<uint32_t> numbers(const Json &json, const char *key, JsonReader &r) {
  std::vector<uint32_t> list;
  for (const Json &item : r.array(json, key, kMostValues)) {
    list.push_back(static_cast<uint32_t>(r.natural(item, kMostValues)));
  }
  return list;
}

PlanBlock blockFromJson(const Json &json, JsonReader &r, int depth);

PlanStep stepFromJson(const Json &json, JsonReader &r, int depth) {
  PlanStep step;
  const std::string kind = r.text(json, "kind");
  size_t found = 0;
  while (found < std::size(kKinds) && kKinds[found] != kind) {
    ++found;
  }
  if (found == std::size(kKinds)) {
    r.fail("a step of unknown kind");
    return step;
  }
  step.kind = static_cast<StepKind>(found);
  step.inputs = r.integers(r.member(json, "inputs"), kMostValues);
  step.outputs = numbers(json, "outputs", r);
  if (step.kind == StepKind::Core) {
    step.segment = static_cast<uint32_t>(r.natural(json, "segment", 4095));
  }
  if (step.kind == StepKind::Host) {
    step.kernel = r.text(json, "kernel");
  }
  if (r.find(json, "attributes")) {
    absl::StatusOr<ops::Attributes> attributes = ops::Attributes::fromJson(r.text(json, "attributes"));
    if (!attributes.ok()) {
      r.fail(std::string(attributes.status().message()));
    } else {
      step.attributes = *std::move(attributes);
    }
  }
  if (r.find(json, "blocks")) {
    for (const Json &block : r.array(json, "blocks", 2)) {
      step.blocks.push_back(blockFromJson(block, r, depth + 1));
    }
  }
  step.node = r.find(json, "node") ? r.text(json, "node") : "";
  return step;
}

PlanBlock blockFromJson(const Json &json, JsonReader &r, int depth) {
  PlanBlock block;
  if (depth > kMostNesting) {
    r.fail("blocks are nested too deeply");
    return block;
  }
  block.arguments = numbers(json, "arguments", r);
  block.results = numbers(json, "results", r);
  for (const Json &step : r.array(json, "steps", kMostValues)) {
    block.steps.push_back(stepFromJson(step, r, depth));
    if (!r.ok()) {
      break;
    }
  }
  return block;
}

} // namespace

std::string_view stepKindName(StepKind kind) { return kKinds[static_cast<size_t>(kind)]; }

Json typeToJson(const ValueType &type) {
  Json json = {{"kind", std::string(kTypes[static_cast<size_t>(type.kind)])}};
  if (type.kind == ValueKind::Tensor || type.kind == ValueKind::Map) {
    json["dtype"] = std::string(dtypeName(type.dtype));
  }
  if (type.isTensor() && type.ranked) {
    json["shape"] = Json::array();
    for (int64_t dim : type.shape) {
      json["shape"].push_back(dim);
    }
  }
  if (type.element) {
    json["element"] = typeToJson(*type.element);
  }
  return json;
}

ValueType typeFromJson(const Json &json, JsonReader &r, int depth) {
  ValueType type;
  const std::string kind = r.text(json, "kind");
  for (size_t i = 1; i < std::size(kTypes); ++i) {
    type.kind = kind == kTypes[i] ? static_cast<ValueKind>(i) : type.kind;
  }
  if (type.kind == ValueKind::None || depth > kMostTypeNesting) {
    r.fail("a type of unknown kind, or nested too deeply");
    return ValueType::unranked(DType::F32);
  }
  if (type.kind == ValueKind::Tensor || type.kind == ValueKind::Map) {
    std::optional<DType> dtype = dtypeFromName(r.text(json, "dtype"));
    if (!dtype) {
      r.fail("unknown dtype");
    }
    type.dtype = dtype.value_or(DType::F32);
  }
  if (type.isTensor()) {
    const Json *shape = r.find(json, "shape");
    type.ranked = shape != nullptr;
    double size = 1;
    for (int64_t dim : shape ? r.integers(*shape, 32) : std::vector<int64_t>()) {
      size *= static_cast<double>(std::max<int64_t>(dim, 1));
      if (dim < kUnknownDim || size > 1e14) {
        r.fail("a shape is negative or too large");
        return type;
      }
      type.shape.push_back(dim);
    }
    return type;
  }
  type.element = std::make_shared<const ValueType>(typeFromJson(r.member(json, "element"), r, depth + 1));
  return type;
}

Json planToJson(const Plan &plan) {
  Json values = Json::array();
  for (const PlanValue &value : plan.values) {
    Json json = {{"type", typeToJson(value.type)}};
    if (value.constant) {
      json["constant"] = constantToJson(*value.constant, value.type.dtype);
    }
    values.push_back(std::move(json));
  }
  return {{"values", std::move(values)}, {"main", blockToJson(plan.main)}};
}

absl::StatusOr<Plan> planFromJson(const Json &json) {
  JsonReader r("plan.json");
  Plan plan;
  for (const Json &item : r.array(json, "values", kMostValues)) {
    PlanValue value;
    value.type = typeFromJson(r.member(item, "type"), r);
    if (const Json *constant = r.find(item, "constant")) {
      value.constant = constantFromJson(*constant, r);
    }
    plan.values.push_back(std::move(value));
    if (!r.ok()) {
      return r.status();
    }
  }
  plan.main = blockFromJson(r.member(json, "main"), r, 0);
  if (!r.ok()) {
    return r.status();
  }
  return plan;
}

} // namespace ncc::neff

// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "test/fuzz/NeffMutator.h"

#include "runtime/neff/Info.h"

#include <iterator>
#include <limits>

namespace ncc::fuzz {

using neff::Json;

namespace {

const int64_t kNumbers[] = {0, 1, -1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 63, 64, 127, 128, 129, 255, 256, 511, 512, 513, 4096, 65535, 65536, 1 << 20,
                            int64_t{1} << 31, int64_t{1} << 32, int64_t{1} << 40, int64_t{1} << 46, int64_t{1} << 62,
                            std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
const char *const kWords[] = {"f32", "f16", "bf16", "f64", "f8e4m3", "f8e8m0", "i8", "i4", "i32", "i64", "u8", "u2", "u64", "bool", "c64", "c128", "string",
                              "input", "output", "weight", "scratch", "state", "host", "core", "if", "loop", "scan", "matmul", "conv", "pool", "reshape",
                              "gather", "slice", "lstm", "topk", "resize", "concat", "reduce", "tensor", "sequence", "optional", "map", "", "max", "add"};

class Mutation {
public:
  Mutation(NeffParts &parts, std::minstd_rand &random, absl::FunctionRef<void(std::string &)> bytes) : parts(parts), random(random), bytes(bytes) {}

  void apply() {
    switch (below(12)) {
    case 0: return header();
    case 1: case 2: return device();
    case 3: case 4: case 5: return json();
    case 6: return anyBytes();
    default: return instruction();
    }
  }

private:
  size_t below(size_t n) { return n == 0 ? 0 : random() % n; }
  bool oneIn(size_t n) { return below(n) == 0; }
  int64_t number() { return oneIn(4) ? static_cast<int64_t>(random()) - (1 << 30) : kNumbers[below(std::size(kNumbers))]; }
  /// A number near another one, or any.
  int64_t near(int64_t old) {
    switch (below(5)) {
    case 0: return static_cast<int64_t>(static_cast<uint64_t>(old) + 1);
    case 1: return static_cast<int64_t>(static_cast<uint64_t>(old) - 1);
    case 2: return static_cast<int64_t>(static_cast<uint64_t>(old) * 2);
    case 3: return old / 2;
    default: return number();
    }
  }

  std::string *anyMember(std::string_view ending) {
    std::vector<std::string *> fitting;
    for (auto &[name, text] : parts.members) {
      if (std::string_view(name).ends_with(ending)) {
        fitting.push_back(&text);
      }
    }
    return fitting.empty() ? nullptr : fitting[below(fitting.size())];
  }

  void header() {
    switch (below(4)) {
    case 0: parts.header.featureBits ^= uint64_t{1} << below(64); break;
    case 1: parts.header.versionMajor = static_cast<uint64_t>(number()); break;
    case 2: parts.header.cores = static_cast<uint32_t>(number()); break;
    default: bytes(parts.header.name); break;
    }
  }

  void device() {
    std::string &text = parts["device.txt"];
    std::vector<size_t> places;
    for (size_t at = text.find(" = "); at != std::string::npos; at = text.find(" = ", at + 1)) {
      places.push_back(at + 3);
    }
    if (places.empty() || oneIn(16)) {
      return bytes(text);
    }
    const size_t from = places[below(places.size())], to = std::min(text.find_first_of(" #\n", from), text.size());
    const int64_t old = std::atoll(text.substr(from, to - from).c_str());
    text.replace(from, to - from, oneIn(8) ? (oneIn(2) ? "yes" : "1e-30") : std::to_string(near(old)));
  }

  void json() {
    if (std::string *text = anyMember(".json")) {
      Json root = shallowJson(*text);
      if (root.is_discarded()) {
        return bytes(*text);
      }
      change(root, 0);
      *text = neff::dumpJson(root);
    }
  }

  /// Goes down to some node and changes it.
  void change(Json &node, int depth) {
    if (node.is_structured() && !node.empty() && depth < 64 && !oneIn(12)) {
      auto it = node.begin();
      std::advance(it, static_cast<std::ptrdiff_t>(below(node.size())));
      return change(*it, depth + 1);
    }
    if (node.is_array()) {
      return changeList(node);
    }
    if (node.is_object() && !node.empty()) {
      auto it = node.begin();
      std::advance(it, static_cast<std::ptrdiff_t>(below(node.size())));
      node.erase(it);
    } else if (node.is_number_float()) {
      node = oneIn(2) ? node.get<double>() * 1e30 : static_cast<double>(number());
    } else if (node.is_number_integer()) {
      node = near(node.get<int64_t>());
      if (node.get<int64_t>() >= 0) {
        node = static_cast<uint64_t>(node.get<int64_t>());
      }
    } else if (node.is_string()) {
      changeText(node);
    } else {
      node = oneIn(2) ? Json(number()) : Json(kWords[below(std::size(kWords))]);
    }
  }

  void changeList(Json &list) {
    const size_t at = below(list.size());
    switch (list.empty() ? 0 : below(4)) {
    case 0: list.push_back(list.empty() ? Json(1u) : list[at]); break;
    case 1: list.erase(at); break;
    case 2: std::swap(list[at], list[below(list.size())]); break;
    default: list = Json::array(); break;
    }
  }

  /// Attributes are JSON in a text.
  void changeText(Json &node) {
    auto text = node.get<std::string>();
    Json inner = text.size() > 1 && text[0] == '{' ? shallowJson(text) : Json(Json::value_t::discarded);
    if (!inner.is_discarded()) {
      change(inner, 0);
      node = neff::dumpJson(inner);
    } else if (oneIn(3)) {
      bytes(text);
      node = text;
    } else {
      node = kWords[below(std::size(kWords))];
    }
  }

  void anyBytes() {
    auto it = parts.members.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(below(parts.members.size())));
    if (it != parts.members.end()) {
      bytes(it->second);
    }
  }

  //===--------------------------------------------------------------------===//
  // Instructions
  //===--------------------------------------------------------------------===//

  /// Changes one field, the one that the count runs out at.
  struct FieldChange {
    Mutation &mutation;
    size_t left;

    bool here() { return left-- == 0; }
    void pattern(const isa::PatternInfo &, isa::AccessPattern &ap) {
      if (here()) {
        mutation.changePattern(ap);
      }
    }
    void scalar(const isa::ScalarInfo &, isa::ScalarOperand &s) {
      if (here() && s.isPattern()) {
        mutation.changePattern(s.pattern);
      }
    }
    void immediate(const char *, float &value) { value = here() ? static_cast<float>(mutation.number()) : value; }
    template <typename T>
    void immediate(const char *, T &value) {
      if (!here()) {
        return;
      }
      if constexpr (std::is_enum_v<T>) {
        value = static_cast<T>(mutation.below(static_cast<size_t>(enumCount(T{}))));
      } else if constexpr (std::is_same_v<T, bool>) {
        value = !value;
      } else {
        value = static_cast<T>(mutation.near(static_cast<int64_t>(value)));
      }
    }
  };

  void changePattern(isa::AccessPattern &ap) {
    static constexpr DType types[] = {DType::F32, DType::F16, DType::BF16, DType::F64, DType::F8E4M3, DType::F8E4M3Fnuz, DType::F8E8M0, DType::I8, DType::I16,
                                      DType::I32, DType::I64, DType::I4, DType::U8, DType::U2, DType::U64, DType::Bool, DType::C64, DType::C128};
    isa::Dim &dim = ap.dims[below(std::max<size_t>(ap.rank, 1))];
    switch (below(9)) {
    case 0: ap.dtype = types[below(std::size(types))]; break;
    case 1: ap.space = static_cast<isa::Space>(1 + below(3)); break;
    case 2: ap.partition = static_cast<uint16_t>(near(ap.partition)); break;
    case 3: ap.partitions = static_cast<uint16_t>(near(ap.partitions)); break;
    case 4: ap.buffer = static_cast<uint16_t>(oneIn(2) ? below(6) : static_cast<size_t>(number())); break;
    case 5: ap.offset = static_cast<uint64_t>(near(static_cast<int64_t>(ap.offset))); break;
    case 6: dim.stride = static_cast<int32_t>(near(dim.stride)); break;
    case 7: dim.size = static_cast<uint32_t>(near(dim.size)); break;
    default: ap.rank = static_cast<uint8_t>(below(isa::AccessPattern::kMaxDims + 1)); break;
    }
  }

  void changeProgram(std::vector<isa::Instruction> &list, std::vector<isa::Instruction> &other) {
    if (list.empty()) {
      return;
    }
    const size_t at = below(list.size());
    isa::Instruction &inst = list[at];
    switch (below(12)) {
    case 0: list.insert(list.begin() + static_cast<std::ptrdiff_t>(below(list.size())), isa::Instruction(inst)); break;
    case 1: list.erase(list.begin() + static_cast<std::ptrdiff_t>(at)); break;
    case 2: std::swap(inst, list[below(list.size())]); break;
    case 3: other.push_back(inst); break;
    case 4: isa::header(inst).engine = static_cast<isa::Engine>(below(6)); break;
    case 5: isa::header(inst).queue = static_cast<uint8_t>(number()); break;
    case 6: isa::header(inst).node = static_cast<uint32_t>(number()); break;
    case 7: isa::header(inst).sync.addWait(static_cast<uint16_t>(near(3)), static_cast<uint32_t>(number())); break;
    default: std::visit([&](auto &i) { visitFields(i, FieldChange{*this, below(8)}); }, inst); break;
    }
  }

  /// Takes the streams of one program apart and puts them together again.
  void instruction() {
    std::vector<std::string> folders;
    for (const auto &[name, text] : parts.members) {
      if (std::string_view(name).ends_with("def.json")) {
        folders.push_back(name.substr(0, name.size() - 8));
      }
    }
    if (folders.empty()) {
      return anyBytes();
    }
    const std::string folder = folders[below(folders.size())];
    std::map<uint32_t, isa::Instruction> init, run;
    for (int e = 0; e < isa::enumCount(isa::Engine{}); ++e) {
      const auto engine = static_cast<isa::Engine>(e);
      const std::string &text = parts[folder + neff::streamName(engine) + ".bin"];
      absl::StatusOr<neff::Stream> stream = neff::decodeStream({reinterpret_cast<const uint8_t *>(text.data()), text.size()}, engine);
      if (!stream.ok()) {
        return anyBytes();
      }
      for (auto *pair : {&stream->init, &stream->run}) {
        for (neff::StreamItem &item : *pair) {
          (pair == &stream->init ? init : run)[item.place] = std::move(item.inst);
        }
      }
    }
    neff::Program program;
    for (auto &[place, inst] : init) {
      program.init.push_back(std::move(inst));
    }
    for (auto &[place, inst] : run) {
      program.run.push_back(std::move(inst));
    }
    for (size_t i = below(3); i < 3; ++i) {
      program.init.empty() || !oneIn(4) ? changeProgram(program.run, program.init) : changeProgram(program.init, program.run);
    }
    for (int e = 0; e < isa::enumCount(isa::Engine{}); ++e) {
      const auto engine = static_cast<isa::Engine>(e);
      parts[folder + neff::streamName(engine) + ".bin"] = neff::encodeStream(program, engine);
    }
    parts.edit(folder + "def.json", [&](Json &json) {
      if (json.is_object()) {
        json["init_instructions"] = program.init.size();
        json["run_instructions"] = program.run.size();
        json["blocks"] = Json::array();
      }
    });
  }

  NeffParts &parts;
  std::minstd_rand &random;
  absl::FunctionRef<void(std::string &)> bytes;
};

} // namespace

void mutate(NeffParts &parts, std::minstd_rand &random, absl::FunctionRef<void(std::string &)> bytes) { Mutation(parts, random, bytes).apply(); }

} // namespace ncc::fuzz

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Engine streams: "NCCI", a version byte, the engine, then init and run; each is a count followed by (distance to
// the previous place in program order, instruction) pairs.

#include "runtime/isa/Wire.h"
#include "runtime/neff/Format.h"
#include "runtime/neff/Info.h"

namespace ncc::neff {

using isa::Engine;
using isa::Instruction;

const char *streamName(Engine engine) {
  constexpr const char *names[] = {"pe", "vec", "act", "pool", "dma", "sync"};
  return names[static_cast<int>(engine)];
}

namespace {

void encodeSection(const std::vector<Instruction> &list, Engine engine, std::string &out) {
  uint64_t count = 0;
  for (const Instruction &inst : list) {
    count += isa::header(inst).engine == engine;
  }
  isa::putVarint(out, count);
  size_t last = 0;
  for (size_t place = 0; place < list.size(); ++place) {
    if (isa::header(list[place]).engine == engine) {
      isa::putVarint(out, place - last);
      last = place;
      isa::encode(list[place], out);
    }
  }
}

absl::Status decodeSection(isa::WireReader &in, Engine engine, std::vector<StreamItem> &out) {
  uint64_t count = in.varint();
  if (!in.ok || count > in.bytes.size()) { // an instruction takes more than a byte
    return absl::InvalidArgumentError("malformed instruction stream");
  }
  out.reserve(count);
  uint64_t place = 0;
  for (uint64_t i = 0; i < count; ++i) {
    place += in.varint();
    if (!in.ok || place > UINT32_MAX) {
      return absl::InvalidArgumentError("malformed instruction stream");
    }
    absl::StatusOr<Instruction> inst = isa::decode(in.bytes);
    if (!inst.ok()) {
      return inst.status();
    }
    if (isa::header(*inst).engine != engine) {
      return absl::InvalidArgumentError("an instruction is in the stream of another engine");
    }
    out.push_back({static_cast<uint32_t>(place), *std::move(inst)});
  }
  return absl::OkStatus();
}

} // namespace

std::string encodeStream(const Program &program, Engine engine) {
  std::string out = "NCCI";
  out.push_back(static_cast<char>(kEncodingVersion));
  out.push_back(static_cast<char>(engine));
  encodeSection(program.init, engine, out);
  encodeSection(program.run, engine, out);
  return out;
}

absl::StatusOr<Stream> decodeStream(absl::Span<const uint8_t> bytes, Engine engine) {
  constexpr uint8_t magic[] = {'N', 'C', 'C', 'I', kEncodingVersion};
  if (bytes.size() < 6 || !std::equal(std::begin(magic), std::end(magic), bytes.begin()) ||
      bytes[5] != static_cast<uint8_t>(engine)) {
    return absl::InvalidArgumentError("not an instruction stream of this engine and encoding");
  }
  isa::WireReader in{bytes.subspan(6)};
  Stream stream;
  if (absl::Status status = decodeSection(in, engine, stream.init); !status.ok()) {
    return status;
  }
  if (absl::Status status = decodeSection(in, engine, stream.run); !status.ok()) {
    return status;
  }
  if (!in.bytes.empty()) {
    return absl::InvalidArgumentError("bytes after the end of an instruction stream");
  }
  return stream;
}

} // namespace ncc::neff

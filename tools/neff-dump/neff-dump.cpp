// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Shows what is in a NEFF.

#include "runtime/neff/Reader.h"
#include "tools/support/Args.h"

#include <cinttypes>

using namespace ncc;
using namespace ncc::tools;

namespace {

const char *kHelp = R"(usage: neff-dump MODEL.neff [--header | --disassemble | --weights | --files]
without an option: a summary. Exit codes as ncc-run.
)";

void header(const neff::FileHeader &h) {
  std::printf("package version %" PRIu64 ", NEFF %" PRIu64 ".%" PRIu64 ", features 0x%" PRIx64 "\n", h.packageVersion, h.versionMajor,
              h.versionMinor, h.featureBits);
  std::printf("name %s, built by %s\nsize %" PRIu64 " bytes after the header, cores %u\n", h.name.c_str(), h.buildVersion.c_str(), h.dataSize, h.cores);
  std::printf("sha256 of info.json %s\nuuid %s\n", neff::hex(h.hash).c_str(), neff::hex(h.uuid).c_str());
}

void files(neff::Bytes bytes) {
  auto members = neff::readTar(bytes.subspan(neff::kHeaderSize));
  for (const neff::TarMember &m : *members) {
    std::printf("%12" PRIu64 " at %12" PRIu64 "  %s\n", m.size, m.offset + neff::kHeaderSize, m.name.c_str());
  }
}

void disassembly(const neff::Model &model, const std::vector<isa::Instruction> &list) {
  for (size_t i = 0; i < list.size(); ++i) {
    uint32_t node = isa::header(list[i]).node;
    std::printf("  %6zu  %s", i, isa::disassemble(list[i]).c_str());
    if (node > 0 && node <= model.nodes.size()) {
      std::printf("  ; %s %s", model.nodes[node - 1].op.c_str(), model.nodes[node - 1].name.c_str());
    }
    std::printf("\n");
  }
}

void disassemble(const neff::Model &model) {
  for (size_t p = 0; p < model.programs.size(); ++p) {
    std::printf("program %zu, core %u\n init (%zu)\n", p, model.programs[p].core, model.programs[p].init.size());
    disassembly(model, model.programs[p].init);
    std::printf(" run (%zu)\n", model.programs[p].run.size());
    disassembly(model, model.programs[p].run);
    for (size_t c = 0; c < model.programs[p].calls.size(); ++c) {
      std::printf(" call %zu: %s %s\n", c, model.programs[p].calls[c].kernel.c_str(), model.programs[p].calls[c].attributes.toJson().c_str());
    }
  }
}

void weights(const neff::Model &model) {
  for (const neff::Program &program : model.programs) {
    for (const neff::Buffer &b : program.buffers) {
      if (b.kind == neff::BufferKind::Weight) {
        std::printf("%12" PRIu64 " bytes at %12" PRIu64 "  %s %s %s  %s\n", b.bytes, b.offset, std::string(dtypeName(b.dtype)).c_str(),
                    shapeString(b.shape).c_str(), b.name.c_str(), neff::fastHash({model.weightData + b.offset, b.bytes}).c_str());
      }
    }
  }
}

void summary(const neff::Model &model) {
  std::printf("%s for %s by %s\noptions: %s\n", model.provenance.modelName.c_str(), model.provenance.target.c_str(),
              model.provenance.compiler.c_str(), model.provenance.options.c_str());
  for (const auto *list : {&model.inputs, &model.outputs}) {
    for (const neff::TensorInfo &t : *list) {
      std::printf("%-7s %s %s %s\n", list == &model.inputs ? "input" : "output", t.name.c_str(), std::string(dtypeName(t.dtype)).c_str(),
                  shapeString(t.shape).c_str());
    }
  }
  for (const neff::Program &p : model.programs) {
    std::printf("core %u: %zu + %zu instructions, %zu buffers, %zu calls\n", p.core, p.init.size(), p.run.size(), p.buffers.size(), p.calls.size());
  }
  std::printf("%" PRIu64 " bytes of weights, %zu channels, %zu groups\n", model.weightBytes, model.channels.size(), std::max<size_t>(1, model.groups.size()));
}

} // namespace

int main(int argc, char **argv) {
  Args args(argc, argv, {}, {"header", "disassemble", "weights", "files"}, kHelp);
  if (args.positional.size() != 1) {
    Args::fail("expected one NEFF");
  }
  auto file = neff::mapFile(args.positional[0]);
  if (!file.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(file.status().message()).c_str());
    return kBadInput;
  }
  auto head = neff::FileHeader::unpack(file->bytes);
  auto model = neff::readModel(file->bytes, file->owner);
  if (head.ok() && args.has("header")) {
    header(*head); // even of a NEFF whose rest is damaged
  }
  if (!model.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(model.status().message()).c_str());
    return kBadModel;
  }
  if (args.has("files")) {
    files(file->bytes);
  }
  if (args.has("disassemble")) {
    disassemble(*model);
  }
  if (args.has("weights")) {
    weights(*model);
  }
  if (!args.has("header") && !args.has("files") && !args.has("disassemble") && !args.has("weights")) {
    summary(*model);
  }
  return kOk;
}

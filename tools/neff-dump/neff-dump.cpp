// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Shows what is in a NEFF.

#include "runtime/neff/Reader.h"
#include "runtime/tensor/Printable.h"
#include "tools/support/Limits.h"

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
  std::printf("name %s, built by %s\nsize %" PRIu64 " bytes after the header, cores %u\n", printable(h.name).c_str(), printable(h.buildVersion).c_str(), h.dataSize, h.cores);
  std::printf("sha256 of info.json %s\nuuid %s\n", neff::hex(h.hash).c_str(), neff::hex(h.uuid).c_str());
}

void files(neff::Bytes bytes) {
  auto members = neff::readTar(bytes.subspan(neff::kHeaderSize));
  for (const neff::TarMember &m : *members) {
    std::printf("%12" PRIu64 " at %12" PRIu64 "  %s\n", m.size, m.offset + neff::kHeaderSize, printable(m.name).c_str());
  }
}

void disassembly(const neff::Model &model, const std::vector<isa::Instruction> &list) {
  for (size_t i = 0; i < list.size(); ++i) {
    uint32_t node = isa::header(list[i]).node;
    std::printf("  %6zu  %s", i, isa::disassemble(list[i]).c_str());
    if (node > 0 && node <= model.nodes.size()) {
      std::printf("  ; %s %s", printable(model.nodes[node - 1].op).c_str(), printable(model.nodes[node - 1].name).c_str());
    }
    std::printf("\n");
  }
}

std::string numbers(const std::vector<int64_t> &list) {
  std::string text;
  for (int64_t number : list) {
    text += (text.empty() ? "" : ", ") + (number < 0 ? std::string("-") : "%" + std::to_string(number));
  }
  return text;
}
std::string numbers(const std::vector<uint32_t> &list) { return numbers(std::vector<int64_t>(list.begin(), list.end())); }

void plan(const neff::Model &model, const neff::PlanBlock &block, int depth) {
  const std::string indent(static_cast<size_t>(2 * depth), ' ');
  std::printf("%s(%s):\n", indent.c_str(), numbers(block.arguments).c_str());
  for (const neff::PlanStep &step : block.steps) {
    const std::string what = step.kind == neff::StepKind::Core   ? "core segment " + std::to_string(step.segment)
                             : step.kind == neff::StepKind::Host ? "host " + step.kernel
                                                                 : std::string(neff::stepKindName(step.kind));
    const std::string attributes = step.attributes.all().empty() ? "" : " " + step.attributes.toJson();
    std::printf("%s  %s = %s(%s)%s  ; %s\n", indent.c_str(), numbers(step.outputs).c_str(), printable(what).c_str(), numbers(step.inputs).c_str(),
                printable(attributes).c_str(), printable(step.node).c_str());
    for (const neff::PlanBlock &inner : step.blocks) {
      plan(model, inner, depth + 2);
    }
  }
  std::printf("%s  give (%s)\n", indent.c_str(), numbers(block.results).c_str());
}

void disassemble(const neff::Model &model) {
  for (size_t b = 0; b < model.buckets.size(); ++b) {
    std::printf("bucket %zu\n", b);
    disassemble(model.buckets[b]);
  }
  if (model.hasPlan()) {
    for (size_t i = 0; i < model.plan.values.size(); ++i) {
      const neff::PlanValue &value = model.plan.values[i];
      std::printf("%%%zu: %s%s\n", i, value.type.str().c_str(), value.constant ? " constant" : "");
    }
    plan(model, model.plan.main, 0);
  }
  for (size_t s = 0; s < model.segments.size(); ++s) {
    std::printf("segment %zu\n", s);
    disassemble(model.segments[s]);
  }
  for (size_t p = 0; p < model.programs.size(); ++p) {
    std::printf("program %zu, core %u\n init (%zu)\n", p, model.programs[p].core, model.programs[p].init.size());
    disassembly(model, model.programs[p].init);
    std::printf(" run (%zu)\n", model.programs[p].run.size());
    disassembly(model, model.programs[p].run);
    for (size_t c = 0; c < model.programs[p].calls.size(); ++c) {
      std::printf(" call %zu: %s %s\n", c, printable(model.programs[p].calls[c].kernel).c_str(),
                  printable(model.programs[p].calls[c].attributes.toJson()).c_str());
    }
  }
}

void weights(const neff::Model &model) {
  for (const auto *parts : {&model.segments, &model.buckets}) {
    for (const neff::Model &part : *parts) {
      weights(part);
    }
  }
  for (const neff::Program &program : model.programs) {
    for (const neff::Buffer &b : program.buffers) {
      if (b.kind == neff::BufferKind::Weight) {
        std::printf("%12" PRIu64 " bytes at %12" PRIu64 "  %s %s %s  %s\n", b.bytes, b.offset, std::string(dtypeName(b.dtype)).c_str(),
                    shapeString(b.shape).c_str(), printable(b.name).c_str(), neff::fastHash({model.weightData + b.offset, b.bytes}).c_str());
      }
    }
  }
}

/// What is in the model, or in one of its buckets.
void parts(const neff::Model &model) {
  if (model.hasPlan()) {
    int64_t kinds[5] = {};
    neff::forEachStep(model.plan.main, [&](const neff::PlanStep &step, int) { ++kinds[static_cast<size_t>(step.kind)]; });
    std::printf("plan: %zu segments; steps:", model.segments.size());
    for (size_t k = 0; k < std::size(kinds); ++k) {
      std::printf(" %s %" PRId64, std::string(neff::stepKindName(static_cast<neff::StepKind>(k))).c_str(), kinds[k]);
    }
    std::printf("\n");
  }
  for (size_t s = 0; s < model.segments.size(); ++s) {
    for (const neff::Program &p : model.segments[s].programs) {
      std::printf("segment %zu, core %u: %zu + %zu instructions, %zu buffers, %zu calls\n", s, p.core, p.init.size(), p.run.size(), p.buffers.size(), p.calls.size());
    }
  }
  for (const neff::Program &p : model.programs) {
    std::printf("core %u: %zu + %zu instructions, %zu buffers, %zu calls\n", p.core, p.init.size(), p.run.size(), p.buffers.size(), p.calls.size());
  }
}

void tensors(const neff::Model &model) {
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    std::printf("input   %s %s\n", printable(model.inputs[i].name).c_str(), model.typeOfInput(i).str().c_str());
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    std::printf("output  %s %s\n", printable(model.outputs[i].name).c_str(), model.typeOfOutput(i).str().c_str());
  }
}

void summary(const neff::Model &model) {
  std::printf("%s for %s by %s\noptions: %s\n", printable(model.provenance.modelName).c_str(), printable(model.provenance.target).c_str(),
              printable(model.provenance.compiler).c_str(), printable(model.provenance.options).c_str());
  tensors(model);
  parts(model);
  for (size_t b = 0; b < model.buckets.size(); ++b) {
    const neff::Model &bucket = model.buckets[b];
    std::printf("\nbucket %zu: %zu smaller shapes padded%s%s\n", b, bucket.padded.size(), bucket.unpadded.empty() ? "" : "; ", printable(bucket.unpadded).c_str());
    tensors(bucket);
    parts(bucket);
  }
  std::printf("%" PRIu64 " bytes of weights, %zu channels, %zu groups\n", model.weightBytes, model.channels.size(), std::max<size_t>(1, model.groups.size()));
}

int run(const Args &args);

} // namespace

int main(int argc, char **argv) {
  Args args(argc, argv, {}, {"header", "disassemble", "weights", "files"}, kHelp);
  return guardedMain(false, [&] { return run(args); });
}

namespace {

int run(const Args &args) {
  if (args.positional.size() != 1) {
    Args::fail("expected one NEFF");
  }
  auto file = neff::mapFile(args.positional[0]);
  if (!file.ok()) {
    return failure(kBadInput, Code::NeffUnreadable, std::string(file.status().message()));
  }
  auto head = neff::FileHeader::unpack(file->bytes);
  auto model = neff::readModel(file->bytes, file->owner);
  if (head.ok() && args.has("header")) {
    header(*head); // even of a NEFF whose rest is damaged
  }
  if (!model.ok()) {
    return failure(kBadModel, model.status());
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

} // namespace

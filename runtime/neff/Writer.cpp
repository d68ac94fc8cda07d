// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Writer.h"

#include "runtime/neff/Format.h"
#include "runtime/neff/Info.h"
#include "runtime/neff/OutputFile.h"
#include "runtime/neff/PlanJson.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>

namespace ncc::neff {

namespace {

struct Member {
  std::string name;
  std::string bytes;
};

/// A model's programs, or a segment's in the folder `parent`. Replicas share a folder, as `info` says of each program.
void addPrograms(const Model &model, const std::string &parent, std::vector<Member> &members, Json &info) {
  std::map<std::string, size_t> known; // by content
  for (size_t i = 0; i < model.programs.size(); ++i) {
    const std::string folder = parent + programFolder(i);
    Json definition = definitionToJson(model.programs[i]);
    std::vector<Member> own{{folder + "def.json", dumpJson(definition, 1) + "\n"}};
    definition.erase("core");
    std::string content = dumpJson(definition);
    for (int e = 0; e < isa::enumCount(isa::Engine{}); ++e) {
      auto engine = static_cast<isa::Engine>(e);
      own.push_back({folder + streamName(engine) + ".bin", encodeStream(model.programs[i], engine)});
      content += own.back().bytes;
    }
    const size_t place = known.try_emplace(std::move(content), i).first->second;
    info["programs"].push_back({{"core", model.programs[i].core}, {"folder", place}});
    if (place == i) {
      std::move(own.begin(), own.end(), std::back_inserter(members));
    }
  }
}

/// Programs or plan, with segments, of a model or of a bucket in the folder `parent`.
void addParts(const Model &model, const std::string &parent, std::vector<Member> &members, Json &info) {
  addPrograms(model, parent, members, info);
  if (model.hasPlan()) {
    members.push_back({parent + "plan.json", dumpJson(planToJson(model.plan)) + "\n"});
  }
  for (size_t i = 0; i < model.segments.size(); ++i) {
    const std::string folder = parent + segmentFolder(i);
    Json own = segmentToJson(model.segments[i]);
    addPrograms(model.segments[i], folder, members, own);
    members.push_back({folder + "info.json", dumpJson(own, 1) + "\n"});
  }
}

/// All members but info, weights and debug map.
std::vector<Member> smallMembers(const Model &model, Json &info) {
  std::vector<Member> members;
  members.push_back({"device.txt", model.device});
  addParts(model, "", members, info);
  for (size_t i = 0; i < model.buckets.size(); ++i) {
    Json own = bucketToJson(model.buckets[i]);
    addParts(model.buckets[i], bucketFolder(i), members, own);
    members.push_back({bucketFolder(i) + "info.json", dumpJson(own) + "\n"});
  }
  if (!model.report.empty()) {
    members.push_back({"report.json", model.report});
  }
  return members;
}

/// A plan needs as many cores as its widest segment, buckets as the widest of them.
size_t coresOf(const Model &model) {
  size_t cores = model.programs.size();
  for (const auto *parts : {&model.segments, &model.buckets}) {
    for (const Model &part : *parts) {
      cores = std::max(cores, coresOf(part));
    }
  }
  return cores;
}

class ModelWriter {
public:
  ModelWriter(const Model &model, OutputFile &file) : model(model), file(file) {}

  absl::Status write(const WriteOptions &options) {
    Json info = infoToJson(model);
    std::vector<Member> members = smallMembers(model, info);
    for (const Member &m : members) {
      info["members"][m.name] = {{"bytes", m.bytes.size()}, {"hash", fastHash(span(m.bytes))}};
    }
    // The hash of the weights is known only after they are written; until then zeros of the same length.
    info["members"]["weights.bin"] = {{"bytes", model.weightBytes}, {"hash", std::string(32, '0')}};
    std::string text = dumpJson(info, 1) + "\n";
    std::array<uint8_t, kHeaderSize> blank{};
    if (absl::Status status = file.write(blank.data(), blank.size()); !status.ok()) {
      return status;
    }
    const uint64_t infoAt = file.position + 512;
    if (absl::Status status = member("info.json", text); !status.ok()) {
      return status;
    }
    for (const Member &m : members) {
      if (absl::Status status = member(m.name, m.bytes); !status.ok()) {
        return status;
      }
    }
    absl::StatusOr<std::string> hash = weights();
    if (!hash.ok()) {
      return hash.status();
    }
    if (options.debugMap && !model.nodes.empty()) {
      if (absl::Status status = member("debug.json", dumpJson(nodesToJson(model)) + "\n"); !status.ok()) {
        return status;
      }
    }
    if (absl::Status status = file.zeros(1024); !status.ok()) {
      return status;
    }
    info["members"]["weights.bin"]["hash"] = *hash;
    text = dumpJson(info, 1) + "\n";
    if (absl::Status status = file.rewrite(infoAt, text.data(), text.size()); !status.ok()) {
      return status;
    }
    auto header = makeHeader(text).pack();
    return file.rewrite(0, header.data(), header.size());
  }

private:
  static Bytes span(const std::string &s) { return {reinterpret_cast<const uint8_t *>(s.data()), s.size()}; }

  absl::Status member(const std::string &name, const std::string &bytes) {
    auto header = tarHeader(name, bytes.size());
    if (absl::Status status = file.write(header.data(), header.size()); !status.ok()) {
      return status;
    }
    if (absl::Status status = file.write(bytes.data(), bytes.size()); !status.ok()) {
      return status;
    }
    return file.zeros(tarPadded(bytes.size()) - bytes.size());
  }

  absl::StatusOr<std::string> weights() {
    // A padding member puts the contents of weights.bin on a 64 KiB boundary of the file.
    uint64_t pad = (kWeightAlignment - (file.position + 1024) % kWeightAlignment) % kWeightAlignment;
    if (absl::Status status = member("pad", std::string(pad, '\0')); !status.ok()) {
      return status;
    }
    auto header = tarHeader("weights.bin", model.weightBytes);
    if (absl::Status status = file.write(header.data(), header.size()); !status.ok()) {
      return status;
    }
    FastHash hash;
    std::vector<char> gap;
    uint64_t at = 0;
    for (const WeightPiece &piece : model.weights) {
      if (piece.offset < at || piece.offset - at > kWeightAlignment || piece.offset + piece.bytes > model.weightBytes) {
        return absl::InternalError("weight pieces overlap or leave large gaps");
      }
      gap.assign(piece.offset - at, 0);
      hash.update(gap.data(), gap.size());
      hash.update(piece.data, piece.bytes);
      absl::Status status = file.write(gap.data(), gap.size());
      status.Update(file.write(piece.data, piece.bytes));
      if (!status.ok()) {
        return status;
      }
      at = piece.offset + piece.bytes;
    }
    if (at != model.weightBytes) {
      return absl::InternalError("weight pieces do not cover the weights");
    }
    if (absl::Status status = file.zeros(tarPadded(at) - at); !status.ok()) {
      return status;
    }
    return hash.finish();
  }

  FileHeader makeHeader(const std::string &info) const {
    FileHeader h;
    h.dataSize = file.position - kHeaderSize;
    h.buildVersion = model.provenance.compiler;
    const size_t cores = coresOf(model);
    h.cores = h.requestedCores = static_cast<uint32_t>(cores);
    h.hash = sha256(span(info));
    std::copy_n(h.hash.begin(), 16, h.uuid.begin());
    h.name = model.provenance.modelName;
    h.coresPerNode[0] = static_cast<uint8_t>(std::min<size_t>(255, cores));
    h.featureBits = featureBits(model);
    return h;
  }

  const Model &model;
  OutputFile &file;
};

} // namespace

absl::Status writeModel(const Model &model, const std::string &path, const WriteOptions &options) {
  OutputFile file;
  if (absl::Status status = file.open(path); !status.ok()) {
    return status;
  }
  if (absl::Status status = ModelWriter(model, file).write(options); !status.ok()) {
    return status;
  }
  return file.commit();
}

} // namespace ncc::neff

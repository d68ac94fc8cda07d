// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Reader.h"

#include "runtime/neff/Demand.h"
#include "runtime/neff/Info.h"
#include "runtime/neff/PlanJson.h"
#include "runtime/tensor/Guard.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ncc::neff {

absl::StatusOr<MappedFile> mapFile(const std::string &path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return absl::NotFoundError("cannot open " + path + ": " + std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
    ::close(fd);
    return absl::InvalidArgumentError(path + " is not a file with contents");
  }
  auto size = static_cast<size_t>(info.st_size);
  void *memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) {
    return absl::ResourceExhaustedError("cannot map " + path + ": " + std::strerror(errno));
  }
  MappedFile file;
  file.bytes = {static_cast<const uint8_t *>(memory), size};
  file.owner = std::shared_ptr<const void>(memory, [size](const void *p) { ::munmap(const_cast<void *>(p), size); });
  return file;
}

namespace {

class ModelReader {
public:
  ModelReader(Bytes bytes, const ReadOptions &options)
      : bytes(bytes), options(options), mostBytes(options.memoryBytes > 0 ? options.memoryBytes : machineMemory()) {}

  absl::StatusOr<Model> read() {
    absl::StatusOr<FileHeader> header = FileHeader::unpack(bytes);
    if (!header.ok()) {
      return header.status();
    }
    if (header->versionMajor != kVersionMajor || (header->featureBits & ~kKnownFeatures)) {
      return absl::UnimplementedError("NEFF version " + std::to_string(header->versionMajor) + "." +
                                      std::to_string(header->versionMinor) + " with features " +
                                      std::to_string(header->featureBits) + " is not supported by this runtime");
    }
    Bytes archive = bytes.subspan(kHeaderSize);
    absl::StatusOr<std::vector<TarMember>> list = readTar(archive);
    if (!list.ok()) {
      return list.status();
    }
    for (const TarMember &m : *list) {
      members[m.name] = archive.subspan(m.offset, m.size);
    }
    Model model;
    absl::Status status = readInfo(*header, model);
    status = status.ok() ? readParts("", info, model) : status;
    for (size_t i = 0; status.ok() && i < model.buckets.size(); ++i) {
      absl::StatusOr<Json> json = findJson(bucketFolder(i) + "info.json");
      status = json.ok() ? bucketFromJson(*json, model.buckets[i]) : json.status();
      status = status.ok() ? readParts(bucketFolder(i), *json, model.buckets[i]) : status;
    }
    status = status.ok() ? readRest(model) : status;
    if (!status.ok()) {
      return status;
    }
    return model;
  }

private:
  absl::StatusOr<Bytes> find(const std::string &name, bool checkHash = true) {
    auto it = members.find(name);
    if (it == members.end()) {
      return absl::InvalidArgumentError("the NEFF has no " + name);
    }
    JsonReader r("info.json");
    const Json &entry = r.member(r.member(info, "members"), name.c_str());
    uint64_t size = r.natural(entry, "bytes", UINT64_MAX);
    std::string hash = r.text(entry, "hash");
    if (!r.ok()) {
      return r.status();
    }
    if (size != it->second.size() || (checkHash && fastHash(it->second) != hash)) {
      return absl::DataLossError(name + " is damaged: its hash does not match");
    }
    return it->second;
  }

  static std::string_view text(Bytes b) { return {reinterpret_cast<const char *>(b.data()), b.size()}; }

  absl::Status readInfo(const FileHeader &header, Model &model) {
    auto it = members.find("info.json");
    if (it == members.end()) {
      return absl::InvalidArgumentError("the NEFF has no info.json");
    }
    if (sha256(it->second) != header.hash) {
      return absl::DataLossError("info.json is damaged: its hash does not match the header");
    }
    absl::StatusOr<Json> json = parseJson(text(it->second), "info.json");
    if (!json.ok()) {
      return json.status();
    }
    info = *std::move(json);
    return infoFromJson(info, model);
  }

  /// A program of its own, or an earlier one on another core (replicas share one folder).
  absl::Status readPlace(const std::string &parent, const Json &where, size_t index, Model &model) {
    JsonReader r(parent + "info.json");
    const Json &place = r.array(where, "programs", 4096)[index];
    const size_t folder = r.natural(place, "folder", 4095);
    const auto core = static_cast<uint32_t>(r.natural(place, "core", 4095));
    if (!r.ok()) {
      return r.status();
    }
    if (folder > index) {
      return absl::InvalidArgumentError("info.json: program " + std::to_string(index) + " is said to be in a later folder");
    }
    absl::Status status;
    if (folder < index) {
      const Program &original = model.programs[folder];
      copiedBytes += streamSize(parent + programFolder(folder));
      const uint64_t instructions = original.init.size() + original.run.size();
      copiedInstructions += instructions;
      if (copiedBytes > kMostCopiedBytes || copiedInstructions > kMostCopiedInstructions) {
        return absl::InvalidArgumentError("info.json: programs share folders too large to be copied that often");
      }
      if (absl::Status reserved = reserve(instructions); !reserved.ok()) {
        return reserved;
      }
      model.programs[index] = original;
    } else {
      status = readProgram(parent, index, model.programs[index]);
    }
    model.programs[index].core = core;
    return status;
  }

  /// An instruction takes many times the bytes of its encoding.
  absl::Status reserve(uint64_t instructions) {
    instructionBytes += static_cast<double>(instructions) * sizeof(isa::Instruction);
    return instructionBytes <= mostBytes
               ? absl::OkStatus()
               : absl::ResourceExhaustedError("the instructions, decoded, take more memory than the limit");
  }

  uint64_t streamSize(const std::string &prefix) {
    uint64_t size = 0;
    for (int e = 0; e < isa::enumCount(isa::Engine{}); ++e) {
      size += members[prefix + streamName(static_cast<isa::Engine>(e)) + ".bin"].size();
    }
    return size;
  }

  /// Programs, plan and segments of the model, or of a bucket in the folder `parent`.
  absl::Status readParts(const std::string &parent, const Json &where, Model &model) {
    for (size_t i = 0; i < model.programs.size(); ++i) {
      if (absl::Status status = readPlace(parent, where, i, model); !status.ok()) {
        return status;
      }
    }
    return members.count(parent + "plan.json") ? readPlan(parent, model) : absl::OkStatus();
  }

  absl::Status readPlan(const std::string &parent, Model &model) {
    absl::StatusOr<Json> json = findJson(parent + "plan.json");
    absl::StatusOr<Plan> plan = json.ok() ? planFromJson(*json) : json.status();
    if (!plan.ok()) {
      return plan.status();
    }
    model.plan = *std::move(plan);
    for (size_t i = 0; i < model.segments.size(); ++i) {
      const std::string folder = parent + segmentFolder(i);
      Model &segment = model.segments[i];
      json = findJson(folder + "info.json");
      absl::Status status = json.ok() ? segmentFromJson(*json, segment) : json.status();
      for (size_t p = 0; status.ok() && p < segment.programs.size(); ++p) {
        status = readPlace(folder, *json, p, segment);
      }
      if (!status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Json> findJson(const std::string &name) {
    absl::StatusOr<Bytes> bytes = find(name);
    return bytes.ok() ? parseJson(text(*bytes), name) : bytes.status();
  }

  absl::Status readProgram(const std::string &parent, size_t index, Program &program) {
    std::string prefix = parent + programFolder(index);
    absl::StatusOr<Json> json = findJson(prefix + "def.json");
    if (!json.ok()) {
      return json.status();
    }
    // Instruction counts come from the definition; hold them against the streams before reserving room.
    const uint64_t streamBytes = streamSize(prefix);
    JsonReader r(prefix + "def.json");
    uint64_t count = r.natural(*json, "init_instructions", 1 << 26) + r.natural(*json, "run_instructions", 1 << 26);
    if (!r.ok() || count > streamBytes) {
      return absl::InvalidArgumentError(prefix + "def.json: more instructions than the streams can hold");
    }
    if (absl::Status status = reserve(count); !status.ok()) {
      return status;
    }
    absl::StatusOr<Program> read = definitionFromJson(*json, prefix + "def.json");
    if (!read.ok()) {
      return read.status();
    }
    program = *std::move(read);
    std::vector<bool> initSeen(program.init.size()), runSeen(program.run.size());
    for (int e = 0; e < isa::enumCount(isa::Engine{}); ++e) {
      auto engine = static_cast<isa::Engine>(e);
      absl::StatusOr<Bytes> data = find(prefix + streamName(engine) + ".bin");
      if (!data.ok()) {
        return data.status();
      }
      absl::StatusOr<Stream> stream = decodeStream(*data, engine);
      if (!stream.ok()) {
        return stream.status();
      }
      if (!merge(stream->init, program.init, initSeen) || !merge(stream->run, program.run, runSeen)) {
        return absl::InvalidArgumentError(prefix + ": two instructions have the same place in program order");
      }
    }
    bool complete = std::find(initSeen.begin(), initSeen.end(), false) == initSeen.end() &&
                    std::find(runSeen.begin(), runSeen.end(), false) == runSeen.end();
    return complete ? absl::OkStatus() : absl::InvalidArgumentError(prefix + ": instructions are missing");
  }

  static bool merge(std::vector<StreamItem> &from, std::vector<isa::Instruction> &to, std::vector<bool> &seen) {
    for (StreamItem &item : from) {
      if (item.place >= to.size() || seen[item.place]) {
        return false;
      }
      seen[item.place] = true;
      to[item.place] = std::move(item.inst);
    }
    return true;
  }

  absl::Status readRest(Model &model) {
    absl::StatusOr<Bytes> device = find("device.txt");
    if (!device.ok()) {
      return device.status();
    }
    model.device = std::string(text(*device));
    if (members.count("report.json")) {
      absl::StatusOr<Bytes> report = find("report.json");
      if (!report.ok()) {
        return report.status();
      }
      model.report = std::string(text(*report));
    }
    absl::StatusOr<Bytes> weights = find("weights.bin", options.checkWeightHash);
    if (!weights.ok()) {
      return weights.status();
    }
    if (weights->size() != model.weightBytes || reinterpret_cast<uintptr_t>(weights->data()) % 64 != 0) {
      return absl::InvalidArgumentError("the weights are not where they should be");
    }
    model.weightData = weights->data();
    model.weights = {{0, model.weightBytes, model.weightData, nullptr}}; // so that it can be written again
    if (auto it = members.find("debug.json"); it != members.end()) {
      absl::StatusOr<Json> json = parseJson(text(it->second), "debug.json");
      if (absl::Status status = json.ok() ? nodesFromJson(*json, model) : json.status(); !status.ok()) {
        return status;
      }
    }
    shareWithParts(model);
    return absl::OkStatus();
  }

  Bytes bytes;
  const ReadOptions &options;
  static constexpr uint64_t kMostCopiedBytes = uint64_t{1} << 28; // a hostile file must not grow without bound
  static constexpr uint64_t kMostCopiedInstructions = (uint64_t{1} << 32) / sizeof(isa::Instruction);
  uint64_t copiedBytes = 0, copiedInstructions = 0;
  const double mostBytes;
  double instructionBytes = 0;
  std::map<std::string, Bytes> members;
  Json info;
};

} // namespace

absl::StatusOr<Model> readModel(Bytes bytes, std::shared_ptr<const void> owner, const ReadOptions &options) {
  return guarded([&] {
    absl::StatusOr<Model> model = ModelReader(bytes, options).read();
    if (model.ok()) {
      model->weightOwner = std::move(owner);
      shareWithParts(*model);
      absl::Status status = options.verify ? verifyModel(*model) : absl::OkStatus();
      return status.ok() ? std::move(model) : absl::StatusOr<Model>(status);
    }
    return model;
  });
}

absl::StatusOr<Model> readModel(const std::string &path, const ReadOptions &options) {
  absl::StatusOr<MappedFile> file = mapFile(path);
  if (!file.ok()) {
    return file.status();
  }
  return readModel(file->bytes, file->owner, options);
}

} // namespace ncc::neff

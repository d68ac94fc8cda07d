// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/hw/DeviceSpec.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

#include <cmath>
#include <set>
#include <variant>

namespace ncc::hw {

// name -> text pairs, generated from runtime/hw/devices/*.txt.
struct EmbeddedDevice {
  const char *name;
  const char *text;
};
extern const EmbeddedDevice kEmbeddedDevices[];
extern const int kEmbeddedDeviceCount;

namespace {

using Field = std::variant<int DeviceSpec::*, int64_t DeviceSpec::*, double DeviceSpec::*, bool DeviceSpec::*,
                           std::string DeviceSpec::*>;
struct Key {
  const char *name;
  Field field;
  bool required = true;
};

const Key kKeys[] = {
    {"name", &DeviceSpec::name},
    {"cores_per_chip", &DeviceSpec::coresPerChip},
    {"chips_per_host", &DeviceSpec::chipsPerHost},
    {"partitions", &DeviceSpec::partitions},
    {"sbuf_bytes_per_partition", &DeviceSpec::sbufBytesPerPartition},
    {"psum_bytes_per_partition", &DeviceSpec::psumBytesPerPartition},
    {"psum_banks", &DeviceSpec::psumBanks},
    {"psum_bank_bytes", &DeviceSpec::psumBankBytes},
    {"pe_rows", &DeviceSpec::peRows},
    {"pe_columns", &DeviceSpec::peCols},
    {"max_moving_free", &DeviceSpec::maxMovingFree},
    {"max_stationary_columns", &DeviceSpec::maxStationaryColumns},
    {"semaphores", &DeviceSpec::semaphores},
    {"tensor_ghz", &DeviceSpec::tensorGhz},
    {"vector_ghz", &DeviceSpec::vectorGhz},
    {"scalar_ghz", &DeviceSpec::scalarGhz},
    {"gpsimd_ghz", &DeviceSpec::gpsimdGhz},
    {"base_ghz", &DeviceSpec::baseGhz},
    {"dram_bytes", &DeviceSpec::dramBytes},
    {"dram_bytes_per_ns", &DeviceSpec::dramBytesPerNs},
    {"dma_engines", &DeviceSpec::dmaEngines},
    {"dma_queues", &DeviceSpec::dmaQueues},
    {"dma_bytes_per_ns", &DeviceSpec::dmaBytesPerNs},
    {"dma_start_ns", &DeviceSpec::dmaStartNs},
    {"dma_issue_ns", &DeviceSpec::dmaIssueNs},
    {"dma_descriptor_overhead_bytes", &DeviceSpec::dmaDescriptorOverheadBytes},
    {"link_bytes_per_ns", &DeviceSpec::linkBytesPerNs},
    {"link_latency_ns", &DeviceSpec::linkLatencyNs},
    {"matmul_bf16", &DeviceSpec::matmulBf16},
    {"matmul_f16", &DeviceSpec::matmulF16},
    {"matmul_f32", &DeviceSpec::matmulF32},
    {"matmul_f8", &DeviceSpec::matmulF8},
    {"matmul_int8", &DeviceSpec::matmulInt8},
    {"min_instruction_cycles", &DeviceSpec::minInstructionCycles},
    {"tensor_min_cycles", &DeviceSpec::tensorMinCycles},
    {"tensor_latency_cycles", &DeviceSpec::tensorLatencyCycles},
    {"engine_latency_cycles", &DeviceSpec::engineLatencyCycles},
    {"gpsimd_start_cycles", &DeviceSpec::gpsimdStartCycles},
    {"gpsimd_call_bytes_per_ns", &DeviceSpec::gpsimdCallBytesPerNs},
    {"gpsimd_call_start_ns", &DeviceSpec::gpsimdCallStartNs},
    {"vector_gpsimd_share_sbuf", &DeviceSpec::vectorGpsimdShareSbuf},
    {"vector_scalar_share_psum", &DeviceSpec::vectorScalarSharePsum},
    {"fast_vector_bf16", &DeviceSpec::fastVectorBf16},
    {"first_run_ns", &DeviceSpec::firstRunNs, false},
    {"execute_overhead_ns", &DeviceSpec::executeOverheadNs, false},
    {"price_instance", &DeviceSpec::priceInstance, false},
    {"price_per_chip_hour", &DeviceSpec::pricePerChipHour, false},
};

std::string trim(std::string text) {
  size_t first = text.find_first_not_of(" \t\r");
  size_t last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

bool assign(DeviceSpec &spec, const Field &field, const std::string &value) {
  if (auto *text = std::get_if<std::string DeviceSpec::*>(&field)) {
    spec.*(*text) = value;
    return !value.empty();
  }
  double number = 0;
  if (auto *flag = std::get_if<bool DeviceSpec::*>(&field)) {
    spec.*(*flag) = value == "yes";
    return value == "yes" || value == "no";
  }
  if (!absl::SimpleAtod(value, &number) || !std::isfinite(number) || number < 0) {
    return false;
  }
  if (auto *real = std::get_if<double DeviceSpec::*>(&field)) {
    spec.*(*real) = number;
    return true;
  }
  if (number != std::floor(number) || number > 1e15) {
    return false;
  }
  if (auto *small = std::get_if<int DeviceSpec::*>(&field)) {
    spec.*(*small) = static_cast<int>(number);
    return number <= 1e9;
  }
  spec.*std::get<int64_t DeviceSpec::*>(field) = static_cast<int64_t>(number);
  return true;
}

absl::Status checkRanges(const DeviceSpec &s) {
  // Widths that the encoding and the executors rely on, and divisors of the cost model.
  const bool shape = s.partitions >= 1 && s.partitions <= 128 && s.coresPerChip >= 1 && s.coresPerChip <= 1024 &&
                     s.peRows >= 1 && s.peRows <= 128 && s.peCols >= 1 && s.peCols <= 128 && s.semaphores >= 8 &&
                     s.semaphores <= 4096 && s.maxMovingFree >= 1 && s.maxStationaryColumns >= 1 &&
                     s.maxStationaryColumns <= 128 && s.psumBanks >= 1 && s.psumBankBytes >= 4;
  const bool sizes = s.sbufBytesPerPartition >= 1024 && s.sbufBytesPerPartition <= (1 << 24) &&
                     s.psumBytesPerPartition == s.psumBanks * s.psumBankBytes && s.dramBytes > 0;
  const bool rates = s.tensorGhz > 0 && s.vectorGhz > 0 && s.scalarGhz > 0 && s.gpsimdGhz > 0 && s.baseGhz > 0 &&
                     s.dramBytesPerNs > 0 && s.dmaBytesPerNs > 0 && s.dmaEngines > 0 && s.dmaQueues > 0 &&
                     s.linkBytesPerNs > 0 && s.gpsimdCallBytesPerNs > 0;
  if (!shape || !sizes || !rates) {
    return absl::InvalidArgumentError("device description: a value is out of range (" +
                                      std::string(!shape ? "array shape, cores or semaphores" : !sizes ? "memory sizes" : "clocks or rates") + ")");
  }
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<DeviceSpec> parseDevice(std::string_view text) {
  DeviceSpec spec;
  spec.text = std::string(text);
  std::set<std::string> seen;
  int lineNumber = 0;
  for (const auto piece : absl::StrSplit(spec.text, '\n')) {
    ++lineNumber;
    std::string line(piece);
    size_t hash = line.find('#');
    std::string body = trim(line.substr(0, hash));
    if (body.empty()) {
      continue;
    }
    auto bad = [&](const std::string &what) {
      return absl::InvalidArgumentError(absl::StrFormat("device description line %d: %s", lineNumber, what));
    };
    if (hash == std::string::npos || trim(line.substr(hash + 1)).empty()) {
      return bad("no source; end the line with `# where the number is from` or `# assumed`");
    }
    size_t equals = body.find('=');
    if (equals == std::string::npos) {
      return bad("expected `key = value  # source`");
    }
    std::string key = trim(body.substr(0, equals));
    const Key *found = nullptr;
    for (const Key &k : kKeys) {
      found = key == k.name ? &k : found;
    }
    if (!found) {
      return bad("unknown key `" + key + "`");
    }
    if (!assign(spec, found->field, trim(body.substr(equals + 1)))) {
      return bad("bad value for `" + key + "`");
    }
    seen.insert(key);
  }
  for (const Key &k : kKeys) {
    if (k.required && !seen.count(k.name)) {
      return absl::InvalidArgumentError(std::string("device description: `") + k.name + "` is missing");
    }
  }
  if (absl::Status status = checkRanges(spec); !status.ok()) {
    return status;
  }
  return spec;
}

absl::Span<const DeviceSpec> knownDevices() {
  static const std::vector<DeviceSpec> *devices = [] {
    auto *list = new std::vector<DeviceSpec>();
    for (int i = 0; i < kEmbeddedDeviceCount; ++i) {
      absl::StatusOr<DeviceSpec> spec = parseDevice(kEmbeddedDevices[i].text);
      if (spec.ok()) { // a unit test parses each of them
        list->push_back(*std::move(spec));
      }
    }
    return list;
  }();
  return *devices;
}

const DeviceSpec *findDevice(std::string_view name) {
  for (const DeviceSpec &spec : knownDevices()) {
    if (spec.name == name) {
      return &spec;
    }
  }
  return nullptr;
}

double DeviceSpec::matmulCycles(DType type) const {
  switch (type) {
  case DType::BF16:
    return matmulBf16;
  case DType::F16:
    return matmulF16;
  case DType::F32:
    return matmulF32;
  case DType::F8E4M3:
  case DType::F8E5M2:
    return matmulF8;
  case DType::I8:
  case DType::U8:
    return matmulInt8;
  default:
    return 0;
  }
}

double DeviceSpec::peakMacsPerSecond(DType type) const {
  double cycles = matmulCycles(type);
  return cycles > 0 ? peRows * static_cast<double>(peCols) * tensorGhz * 1e9 / cycles : 0;
}

} // namespace ncc::hw

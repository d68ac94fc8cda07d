// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/hw/DeviceSpec.h"

#include "runtime/hw/Limits.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

#include <algorithm>
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
  double least = 0, most = 0; // of a number
  bool required = true;
};

constexpr size_t kMostText = 1 << 20, kMostNameLength = 128;
constexpr double kLeastRate = 1e-6, kMostRate = 1e9, kMostDelayNs = 1e9;
constexpr double kMostDramBytes = 1e15;

// The one table of what may be said of a device, and within what limits.
const Key kKeys[] = {
    {"name", &DeviceSpec::name},
    {"cores_per_chip", &DeviceSpec::coresPerChip, 1, kMostCoresPerChip},
    {"chips_per_host", &DeviceSpec::chipsPerHost, 1, kMostCoresPerChip},
    {"partitions", &DeviceSpec::partitions, 1, kMostPartitions},
    {"sbuf_bytes_per_partition", &DeviceSpec::sbufBytesPerPartition, 1024, kMostSbufBytes},
    {"psum_bytes_per_partition", &DeviceSpec::psumBytesPerPartition, 64, kMostPsumBytes},
    {"psum_banks", &DeviceSpec::psumBanks, 1, kMostPsumBanks},
    {"psum_bank_bytes", &DeviceSpec::psumBankBytes, 64, kMostPsumBankBytes},
    {"pe_rows", &DeviceSpec::peRows, 1, kMostArrayRows},
    {"pe_columns", &DeviceSpec::peCols, 1, kMostArrayColumns},
    {"max_moving_free", &DeviceSpec::maxMovingFree, 1, kMostMovingFree},
    {"max_stationary_columns", &DeviceSpec::maxStationaryColumns, 1, kMostStationaryColumns},
    {"semaphores", &DeviceSpec::semaphores, 8, kMostSemaphores},
    {"tensor_ghz", &DeviceSpec::tensorGhz, kLeastRate, 1000},
    {"vector_ghz", &DeviceSpec::vectorGhz, kLeastRate, 1000},
    {"scalar_ghz", &DeviceSpec::scalarGhz, kLeastRate, 1000},
    {"gpsimd_ghz", &DeviceSpec::gpsimdGhz, kLeastRate, 1000},
    {"base_ghz", &DeviceSpec::baseGhz, kLeastRate, 1000},
    {"dram_bytes", &DeviceSpec::dramBytes, 1 << 20, kMostDramBytes},
    {"dram_bytes_per_ns", &DeviceSpec::dramBytesPerNs, kLeastRate, kMostRate},
    {"dma_engines", &DeviceSpec::dmaEngines, 1, 1024},
    {"dma_queues", &DeviceSpec::dmaQueues, 1, kMostDmaQueues},
    {"dma_bytes_per_ns", &DeviceSpec::dmaBytesPerNs, kLeastRate, kMostRate},
    {"dma_start_ns", &DeviceSpec::dmaStartNs, 0, kMostDelayNs},
    {"dma_issue_ns", &DeviceSpec::dmaIssueNs, 0, kMostDelayNs},
    {"dma_descriptor_overhead_bytes", &DeviceSpec::dmaDescriptorOverheadBytes, 0, 1 << 20},
    {"link_bytes_per_ns", &DeviceSpec::linkBytesPerNs, kLeastRate, kMostRate},
    {"link_latency_ns", &DeviceSpec::linkLatencyNs, 0, kMostDelayNs},
    {"matmul_bf16", &DeviceSpec::matmulBf16, 0, 1000},
    {"matmul_f16", &DeviceSpec::matmulF16, 0, 1000},
    {"matmul_f32", &DeviceSpec::matmulF32, 0, 1000},
    {"matmul_f8", &DeviceSpec::matmulF8, 0, 1000},
    {"matmul_int8", &DeviceSpec::matmulInt8, 0, 1000},
    {"min_instruction_cycles", &DeviceSpec::minInstructionCycles, 0, 1e6},
    {"tensor_min_cycles", &DeviceSpec::tensorMinCycles, 0, 1e6},
    {"tensor_latency_cycles", &DeviceSpec::tensorLatencyCycles, 0, 1e6},
    {"engine_latency_cycles", &DeviceSpec::engineLatencyCycles, 0, 1e6},
    {"gpsimd_start_cycles", &DeviceSpec::gpsimdStartCycles, 0, 1e6},
    {"gpsimd_call_bytes_per_ns", &DeviceSpec::gpsimdCallBytesPerNs, kLeastRate, kMostRate},
    {"gpsimd_call_start_ns", &DeviceSpec::gpsimdCallStartNs, 0, kMostDelayNs},
    {"vector_gpsimd_share_sbuf", &DeviceSpec::vectorGpsimdShareSbuf},
    {"vector_scalar_share_psum", &DeviceSpec::vectorScalarSharePsum},
    {"fast_vector_bf16", &DeviceSpec::fastVectorBf16},
    {"first_run_ns", &DeviceSpec::firstRunNs, 0, kMostDelayNs, false},
    {"execute_overhead_ns", &DeviceSpec::executeOverheadNs, 0, kMostDelayNs, false},
    {"price_instance", &DeviceSpec::priceInstance, 0, 0, false},
    {"price_per_chip_hour", &DeviceSpec::pricePerChipHour, 0, 1e6, false},
};

std::string trim(std::string text) {
  size_t first = text.find_first_not_of(" \t\r");
  size_t last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

/// "a number from 1 to 128", for messages.
std::string allowed(const Key &key) {
  if (std::holds_alternative<std::string DeviceSpec::*>(key.field)) {
    return absl::StrFormat("a text of at most %d printable characters", kMostNameLength);
  }
  if (std::holds_alternative<bool DeviceSpec::*>(key.field)) {
    return "yes or no";
  }
  const bool real = std::holds_alternative<double DeviceSpec::*>(key.field);
  return absl::StrFormat("%s from %.15g to %.15g", real ? "a number" : "a whole number", key.least, key.most);
}

bool isPlainText(const std::string &value) {
  return !value.empty() && value.size() <= kMostNameLength &&
         std::all_of(value.begin(), value.end(), [](unsigned char c) { return c >= ' ' && c < 127; });
}

bool assign(DeviceSpec &spec, const Key &key, const std::string &value) {
  if (auto *text = std::get_if<std::string DeviceSpec::*>(&key.field)) {
    spec.*(*text) = value;
    return isPlainText(value);
  }
  if (auto *flag = std::get_if<bool DeviceSpec::*>(&key.field)) {
    spec.*(*flag) = value == "yes";
    return value == "yes" || value == "no";
  }
  double number = 0;
  if (!absl::SimpleAtod(value, &number) || !(number >= key.least && number <= key.most)) { // NaN is in no range
    return false;
  }
  if (auto *real = std::get_if<double DeviceSpec::*>(&key.field)) {
    spec.*(*real) = number;
    return true;
  }
  if (number != std::floor(number)) {
    return false;
  }
  if (auto *small = std::get_if<int DeviceSpec::*>(&key.field)) {
    spec.*(*small) = static_cast<int>(number);
  } else {
    spec.*std::get<int64_t DeviceSpec::*>(key.field) = static_cast<int64_t>(number);
  }
  return true;
}

/// What several keys say together.
absl::Status checkTogether(const DeviceSpec &s) {
  auto bad = [](const std::string &what) { return absl::InvalidArgumentError("device description: " + what); };
  if (s.psumBytesPerPartition != s.psumBanks * s.psumBankBytes) {
    return bad(absl::StrFormat("`psum_bytes_per_partition` is %d, but `psum_banks` times `psum_bank_bytes` is %d", s.psumBytesPerPartition,
                               s.psumBanks * s.psumBankBytes));
  }
  if (s.psumBankBytes % 4 != 0) { // a 32-bit sum lies in one bank
    return bad(absl::StrFormat("`psum_bank_bytes` is %d, not a multiple of 4", s.psumBankBytes));
  }
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<DeviceSpec> parseDevice(std::string_view text) {
  if (text.size() > kMostText) {
    return absl::InvalidArgumentError(absl::StrFormat("a device description of %d bytes; the most is %d", text.size(), kMostText));
  }
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
      return bad(isPlainText(key) ? "unknown key `" + key + "`" : "unknown key");
    }
    const std::string value = trim(body.substr(equals + 1));
    if (!assign(spec, *found, value)) {
      const std::string shown = isPlainText(value) ? "`" + value + "`" : "its value";
      return bad(absl::StrFormat("`%s`: %s is not %s", key, shown, allowed(*found)));
    }
    seen.insert(key);
  }
  for (const Key &k : kKeys) {
    if (k.required && !seen.count(k.name)) {
      return absl::InvalidArgumentError(std::string("device description: `") + k.name + "` is missing");
    }
  }
  if (absl::Status status = checkTogether(spec); !status.ok()) {
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

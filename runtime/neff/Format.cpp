// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Format.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace ncc::neff {

namespace {

template <typename T>
void put(uint8_t *at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    at[i] = static_cast<uint8_t>(value >> (8 * i));
  }
}
template <typename T>
T get(const uint8_t *at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<T>(at[i]) << (8 * i);
  }
  return value;
}
std::string text(const uint8_t *at, size_t size) {
  const auto *end = static_cast<const uint8_t *>(std::memchr(at, 0, size));
  return std::string(reinterpret_cast<const char *>(at), end ? static_cast<size_t>(end - at) : size);
}

void octal(uint8_t *at, int digits, uint64_t value) {
  for (int i = digits - 1; i >= 0; --i, value /= 8) {
    at[i] = static_cast<uint8_t>('0' + value % 8);
  }
}

uint64_t checksum(const uint8_t *block) {
  uint64_t sum = 0;
  for (int i = 0; i < 512; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : block[i];
  }
  return sum;
}

bool parseOctal(const uint8_t *at, int size, uint64_t &value) {
  value = 0;
  bool any = false;
  for (int i = 0; i < size; ++i) {
    if (at[i] == 0 || at[i] == ' ') {
      if (any) {
        break;
      }
      continue;
    }
    if (at[i] < '0' || at[i] > '7' || value >> 60) {
      return false;
    }
    value = value * 8 + (at[i] - '0');
    any = true;
  }
  return any;
}

bool parseSize(const uint8_t *at, uint64_t &value) {
  if (at[0] != 0x80) {
    return parseOctal(at, 12, value);
  }
  value = 0;
  for (int i = 1; i < 12; ++i) {
    if (value >> 55) {
      return false;
    }
    value = value << 8 | at[i];
  }
  return true;
}

bool plainPath(const std::string &name) {
  if (name.empty() || name[0] == '/' || name.find("..") != std::string::npos) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127 && c != '\\'; });
}

} // namespace

std::array<uint8_t, kHeaderSize> FileHeader::pack() const {
  std::array<uint8_t, kHeaderSize> out{};
  put(&out[0], packageVersion);
  put(&out[8], headerSize);
  put(&out[16], dataSize);
  put(&out[24], versionMajor);
  put(&out[32], versionMinor);
  std::memcpy(&out[40], buildVersion.data(), std::min<size_t>(buildVersion.size(), 127));
  put(&out[168], cores);
  std::memcpy(&out[172], hash.data(), 32);
  std::memcpy(&out[204], uuid.data(), 16);
  std::memcpy(&out[220], name.data(), std::min<size_t>(name.size(), 255));
  put(&out[476], requestedCores);
  std::memcpy(&out[480], coresPerNode.data(), 64);
  put(&out[544], featureBits);
  put(&out[552], lncSize);
  return out;
}

absl::StatusOr<FileHeader> FileHeader::unpack(Bytes in) {
  if (in.size() < kHeaderSize) {
    return absl::InvalidArgumentError("not a NEFF: shorter than its header");
  }
  FileHeader h;
  h.packageVersion = get<uint64_t>(&in[0]);
  h.headerSize = get<uint64_t>(&in[8]);
  h.dataSize = get<uint64_t>(&in[16]);
  h.versionMajor = get<uint64_t>(&in[24]);
  h.versionMinor = get<uint64_t>(&in[32]);
  h.buildVersion = text(&in[40], 128);
  h.cores = get<uint32_t>(&in[168]);
  std::memcpy(h.hash.data(), &in[172], 32);
  std::memcpy(h.uuid.data(), &in[204], 16);
  h.name = text(&in[220], 256);
  h.requestedCores = get<uint32_t>(&in[476]);
  std::memcpy(h.coresPerNode.data(), &in[480], 64);
  h.featureBits = get<uint64_t>(&in[544]);
  h.lncSize = get<uint32_t>(&in[552]);
  if (h.headerSize != kHeaderSize || h.packageVersion == 0 || h.packageVersion > 16) {
    return absl::InvalidArgumentError("not a NEFF: bad header");
  }
  return h;
}

std::array<uint8_t, 512> tarHeader(std::string_view name, uint64_t size) {
  std::array<uint8_t, 512> out{};
  std::memcpy(&out[0], name.data(), std::min<size_t>(name.size(), 99));
  octal(&out[100], 7, 0644);
  octal(&out[108], 7, 0);
  octal(&out[116], 7, 0);
  if (size < (uint64_t{1} << 33)) {
    octal(&out[124], 11, size);
  } else {
    out[124] = 0x80;
    for (int i = 0; i < 8; ++i) {
      out[135 - i] = static_cast<uint8_t>(size >> (8 * i));
    }
  }
  octal(&out[136], 11, 0);
  out[156] = '0';
  std::memcpy(&out[257], "ustar\00000", 8);
  octal(&out[148], 6, checksum(out.data()));
  out[155] = ' ';
  return out;
}

absl::StatusOr<std::vector<TarMember>> readTar(Bytes bytes) {
  std::vector<TarMember> members;
  std::set<std::string> names;
  uint64_t at = 0;
  while (at + 512 <= bytes.size()) {
    const uint8_t *block = bytes.data() + at;
    if (std::all_of(block, block + 512, [](uint8_t b) { return b == 0; })) {
      return members;
    }
    uint64_t sum = 0;
    TarMember member;
    member.name = text(block, 100);
    member.offset = at + 512;
    if (!parseOctal(block + 148, 8, sum) || sum != checksum(block) || !parseSize(block + 124, member.size)) {
      return absl::InvalidArgumentError("damaged archive: bad member header at byte " + std::to_string(at));
    }
    if ((block[156] != '0' && block[156] != 0) || !plainPath(member.name) || block[345] != 0) {
      return absl::InvalidArgumentError("the archive holds something that is not a plain file");
    }
    if (member.size > bytes.size() - member.offset) {
      return absl::InvalidArgumentError("the file is truncated inside " + member.name);
    }
    if (!names.insert(member.name).second || members.size() > 100000) {
      return absl::InvalidArgumentError("the archive holds " + member.name + " twice, or too many members");
    }
    at = member.offset + tarPadded(member.size);
    members.push_back(std::move(member));
  }
  return absl::InvalidArgumentError("the archive has no end mark: the file is truncated");
}

std::string programFolder(size_t i) { return (i < 10 ? "sg0" : "sg") + std::to_string(i) + "/"; }
std::string segmentFolder(size_t i) { return (i < 10 ? "seg0" : "seg") + std::to_string(i) + "/"; }
std::string bucketFolder(size_t i) { return (i < 10 ? "bucket0" : "bucket") + std::to_string(i) + "/"; }

} // namespace ncc::neff

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The container: a 1,024-byte header with the publicly documented fields, then a plain tar. docs/neff-format.md
// describes all of it.
#pragma once

#include "runtime/neff/Hash.h"

#include "absl/status/statusor.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ncc::neff {

constexpr uint64_t kHeaderSize = 1024;
constexpr uint64_t kPackageVersion = 2; // 2: the hash field is SHA-256
constexpr uint64_t kVersionMajor = 2;
constexpr uint64_t kVersionMinor = 0;
constexpr uint64_t kWeightAlignment = 65536;
/// Version of our instruction encoding and of the JSON members; readers refuse others.
constexpr int kEncodingVersion = 2;

struct FileHeader {
  uint64_t packageVersion = kPackageVersion;
  uint64_t headerSize = kHeaderSize;
  uint64_t dataSize = 0; // everything after the header
  uint64_t versionMajor = kVersionMajor;
  uint64_t versionMinor = kVersionMinor;
  std::string buildVersion; // up to 127 bytes
  uint32_t cores = 0;
  std::array<uint8_t, 32> hash{}; // SHA-256 of info.json, which holds the hash of every other member
  std::array<uint8_t, 16> uuid{}; // first half of the hash: the same bytes in, the same uuid out
  std::string name;               // up to 255 bytes
  uint32_t requestedCores = 0;
  std::array<uint8_t, 64> coresPerNode{};
  uint64_t featureBits = 0;
  uint32_t lncSize = 1;

  std::array<uint8_t, kHeaderSize> pack() const;
  static absl::StatusOr<FileHeader> unpack(Bytes bytes);
};

struct TarMember {
  std::string name;
  uint64_t offset = 0; // of the contents, from the start of the span given to readTar
  uint64_t size = 0;
};

/// A ustar header block; sizes from 8 GiB on are in base 256 (as GNU tar and libarchive write them).
std::array<uint8_t, 512> tarHeader(std::string_view name, uint64_t size);
/// Lists a tar without trusting it: every member lies inside `bytes`, names are plain relative paths, none twice.
absl::StatusOr<std::vector<TarMember>> readTar(Bytes bytes);

/// The folders of program `i` ("sg00/"), of segment `i` of a plan ("seg00/") and of bucket `i` ("bucket00/").
std::string programFolder(size_t i);
std::string segmentFolder(size_t i);
std::string bucketFolder(size_t i);

constexpr uint64_t tarPadded(uint64_t size) { return (size + 511) / 512 * 512; }

} // namespace ncc::neff

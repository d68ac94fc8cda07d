// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// File -> model. Nothing in the file is trusted: sizes, indices, hashes, instructions and DRAM bounds are checked
// before anybody uses them. Weights stay in the mapped file.
#pragma once

#include "runtime/neff/Format.h"
#include "runtime/neff/Model.h"

namespace ncc::neff {

struct ReadOptions {
  bool checkWeightHash = true;
  bool verify = true; // verifyModel at the end
  double memoryBytes = 0; // the most that instructions may take, decoded; 0: what the machine lets this process have
};

struct MappedFile {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};
absl::StatusOr<MappedFile> mapFile(const std::string &path);

absl::StatusOr<Model> readModel(const std::string &path, const ReadOptions &options = {});
/// From memory that `owner` keeps alive.
absl::StatusOr<Model> readModel(Bytes bytes, std::shared_ptr<const void> owner, const ReadOptions &options = {});

} // namespace ncc::neff

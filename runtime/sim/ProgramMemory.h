// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The DRAM of one program as both executors see it: weights in the mapped file, scratch and state of its own,
// inputs and outputs in the caller's tensors (or, for a slice that is not contiguous, in a copy).
#pragma once

#include "runtime/neff/Model.h"

#include <memory>
#include <vector>

namespace ncc::sim {

/// The tensors of one inference, in the model's order, row-major, each of the size its TensorInfo says.
struct InferenceIo {
  absl::Span<const void *const> inputs;
  absl::Span<void *const> outputs;
};

struct FreeDeleter {
  void operator()(void *p) const { std::free(p); }
};
using HostBytes = std::unique_ptr<uint8_t, FreeDeleter>;
/// Zeroed, aligned to 64 bytes (large blocks to 2 MiB, for huge pages), with 64 spare bytes at the end.
HostBytes allocateBytes(uint64_t size);

class ProgramMemory {
public:
  ProgramMemory(const neff::Model &model, const neff::Program &program, const neff::Group *group);

  /// Points inputs and outputs at the tensors of an inference, copying slices where needed.
  void bind(const InferenceIo &io);
  /// Copies outputs back that could not be written in place.
  void finish(const InferenceIo &io);

  uint8_t *buffer(size_t index) const { return pointers[index]; }
  /// The table of pointers, which keeps its address.
  uint8_t *const *table() const { return pointers.data(); }

private:
  struct Slice {
    size_t buffer;
    uint32_t index;
    bool input;
    int64_t outer, whole, offset, part; // rows, bytes of a row, first byte and bytes of the slice in a row
    HostBytes copy;                     // null: in place at `offset`
  };
  std::vector<HostBytes> owned;
  std::vector<uint8_t *> pointers;
  std::vector<Slice> slices;
};

/// The group a program belongs to, nullptr for the implicit one.
const neff::Group *groupOf(const neff::Model &model, size_t program);
/// Groups, or the implicit single group of all programs.
std::vector<neff::Group> effectiveGroups(const neff::Model &model);
/// Several groups, none of which slices a tensor: each inference runs on one of them.
bool isReplicated(const neff::Model &model);

} // namespace ncc::sim

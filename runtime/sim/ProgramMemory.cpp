// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/ProgramMemory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>

namespace ncc::sim {

using neff::BufferKind;

HostBytes allocateBytes(uint64_t size) {
  constexpr uint64_t huge = 2u << 20;
  if (size > PTRDIFF_MAX - 2 * huge) {
    throw std::bad_alloc();
  }
  const uint64_t alignment = size >= huge ? huge : 64;
  const uint64_t bytes = (size + 64 + alignment - 1) / alignment * alignment;
  void *memory = std::aligned_alloc(alignment, bytes);
  if (!memory) {
    throw std::bad_alloc(); // a status where others come in: runtime/tensor/Guard.h
  }
  if (alignment == huge) {
    ::madvise(memory, bytes, MADV_HUGEPAGE);
  }
  std::memset(memory, 0, bytes);
  return HostBytes(static_cast<uint8_t *>(memory));
}

ProgramMemory::ProgramMemory(const neff::Model &model, const neff::Program &program, const neff::Group *group) {
  pointers.resize(program.buffers.size());
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const neff::Buffer &b = program.buffers[i];
    if (b.kind == BufferKind::Weight) {
      pointers[i] = const_cast<uint8_t *>(model.weightData) + b.offset; // verified: never written
      continue;
    }
    if (b.kind == BufferKind::Scratch || b.kind == BufferKind::State) {
      owned.push_back(allocateBytes(b.bytes));
      pointers[i] = owned.back().get();
      if (b.hasInitial) {
        std::memcpy(pointers[i], model.weightData + b.offset, b.bytes);
      }
      continue;
    }
    const bool input = b.kind == BufferKind::Input;
    const neff::TensorInfo &tensor = (input ? model.inputs : model.outputs)[b.index];
    Slice s{i, b.index, input, 1, static_cast<int64_t>(b.bytes), 0, static_cast<int64_t>(b.bytes), nullptr};
    const auto *list = group ? &(input ? group->inputs : group->outputs) : nullptr;
    if (list && !list->empty() && (*list)[b.index].size >= 0) {
      const neff::BatchSlice &slice = (*list)[b.index];
      auto inner = static_cast<int64_t>(dtypeSize(tensor.dtype));
      for (size_t d = static_cast<size_t>(slice.axis) + 1; d < tensor.shape.size(); ++d) {
        inner *= tensor.shape[d];
      }
      for (int d = 0; d < slice.axis; ++d) {
        s.outer *= tensor.shape[d];
      }
      s.whole = inner * tensor.shape[slice.axis];
      s.offset = inner * slice.offset;
      s.part = inner * slice.size;
      if (s.outer != 1) {
        s.copy = allocateBytes(b.bytes);
        pointers[i] = s.copy.get();
      }
    }
    slices.push_back(std::move(s));
  }
}

void ProgramMemory::bind(const InferenceIo &io) {
  for (Slice &s : slices) {
    auto *base = s.input ? static_cast<uint8_t *>(const_cast<void *>(io.inputs[s.index]))
                         : static_cast<uint8_t *>(io.outputs[s.index]);
    if (!s.copy) {
      pointers[s.buffer] = base + s.offset;
    } else if (s.input) {
      for (int64_t row = 0; row < s.outer; ++row) {
        std::memcpy(s.copy.get() + row * s.part, base + row * s.whole + s.offset, static_cast<size_t>(s.part));
      }
    }
  }
}

void ProgramMemory::finish(const InferenceIo &io) {
  for (Slice &s : slices) {
    if (s.copy && !s.input) {
      auto *base = static_cast<uint8_t *>(io.outputs[s.index]);
      for (int64_t row = 0; row < s.outer; ++row) {
        std::memcpy(base + row * s.whole + s.offset, s.copy.get() + row * s.part, static_cast<size_t>(s.part));
      }
    }
  }
}

const neff::Group *groupOf(const neff::Model &model, size_t program) {
  for (const neff::Group &g : model.groups) {
    if (std::find(g.programs.begin(), g.programs.end(), program) != g.programs.end()) {
      return &g;
    }
  }
  return nullptr;
}

std::vector<neff::Group> effectiveGroups(const neff::Model &model) {
  if (!model.groups.empty()) {
    return model.groups;
  }
  neff::Group all;
  for (size_t i = 0; i < model.programs.size(); ++i) {
    all.programs.push_back(static_cast<uint32_t>(i));
  }
  return {all};
}

bool isReplicated(const neff::Model &model) {
  auto whole = [](const std::vector<neff::BatchSlice> &slices) {
    return std::all_of(slices.begin(), slices.end(), [](const neff::BatchSlice &slice) { return slice.size < 0; });
  };
  return model.groups.size() > 1 && std::all_of(model.groups.begin(), model.groups.end(), [&](const neff::Group &group) {
    return whole(group.inputs) && whole(group.outputs);
  });
}

} // namespace ncc::sim

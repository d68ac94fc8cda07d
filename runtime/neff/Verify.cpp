// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// verifyModel: after it, executors may use every index and address of a model without looking twice.

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Checks.h"
#include "runtime/neff/Buckets.h"
#include "runtime/neff/Model.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace ncc::neff {

namespace {

absl::Status bad(const std::string &what) { return absl::InvalidArgumentError(what); }

struct ProgramVerifier {
  const Model &model;
  const Program &program;
  const hw::DeviceSpec &spec;

  absl::Status run() const {
    if (program.buffers.size() > 65535) {
      return bad("too many buffers");
    }
    for (const Buffer &buffer : program.buffers) {
      if (absl::Status status = checkBuffer(buffer); !status.ok()) {
        return status;
      }
    }
    for (const CallEntry &call : program.calls) {
      if (absl::Status status = checkCall(call); !status.ok()) {
        return status;
      }
    }
    for (const auto *list : {&program.init, &program.run}) {
      for (const isa::Instruction &inst : *list) {
        if (absl::Status status = checkInstruction(inst, list == &program.init); !status.ok()) {
          return status;
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status checkBuffer(const Buffer &b) const {
    const bool weights = b.kind == BufferKind::Weight || b.hasInitial;
    if (weights && (b.offset % 64 != 0 || b.offset > model.weightBytes || b.bytes > model.weightBytes - b.offset)) {
      return bad("buffer " + b.name + " lies outside the weights");
    }
    if ((b.kind == BufferKind::Input && b.index >= model.inputs.size()) ||
        (b.kind == BufferKind::Output && b.index >= model.outputs.size())) {
      return bad("buffer " + b.name + " belongs to no input or output");
    }
    if (b.bytes > (uint64_t{1} << 40)) {
      return bad("buffer " + b.name + " is too large");
    }
    if ((b.kind == BufferKind::Input || b.kind == BufferKind::Output) && b.dtype != DType::String &&
        static_cast<uint64_t>(numElements(b.shape)) * dtypeSize(b.dtype) != b.bytes) {
      return bad("buffer " + b.name + " does not have the size of its shape");
    }
    return absl::OkStatus();
  }

  absl::Status checkOperand(const CallOperand &o) const {
    if (o.buffer >= program.buffers.size()) {
      return bad("a call names a buffer that does not exist");
    }
    uint64_t size = program.buffers[o.buffer].bytes;
    double bytes = static_cast<double>(dtypeSize(o.dtype));
    for (int64_t dim : o.shape) {
      if (dim < 0) {
        return bad("a call has a negative dim");
      }
      bytes *= static_cast<double>(dim);
    }
    if (o.offset > size || bytes > static_cast<double>(size - o.offset) || o.dtype == DType::String ||
        o.offset % std::max<size_t>(1, dtypeSize(o.dtype)) != 0) {
      return bad("a call reaches outside of buffer " + program.buffers[o.buffer].name);
    }
    return absl::OkStatus();
  }

  absl::Status checkCall(const CallEntry &call) const {
    for (const auto &input : call.inputs) {
      if (input) {
        if (absl::Status status = checkOperand(*input); !status.ok()) {
          return status;
        }
      }
    }
    for (const CallOperand &output : call.outputs) {
      if (absl::Status status = checkOperand(output); !status.ok()) {
        return status;
      }
      if (!writable(output.buffer)) {
        return bad("a call writes into constant memory");
      }
    }
    return absl::OkStatus();
  }

  bool writable(uint32_t buffer) const {
    BufferKind kind = program.buffers[buffer].kind;
    return kind != BufferKind::Weight && kind != BufferKind::Input;
  }

  absl::Status checkInstruction(const isa::Instruction &inst, bool init) const {
    absl::Status status = isa::verify(inst, spec);
    auto check = [&](const isa::AccessPattern &ap, bool write) {
      if (ap.space != isa::Space::Dram || !status.ok()) {
        return;
      }
      if (ap.buffer >= program.buffers.size()) {
        status = bad("no such buffer in `" + isa::disassemble(inst) + "`");
        return;
      }
      isa::ByteRange range = isa::byteRange(ap);
      if (range.begin < 0 || static_cast<uint64_t>(range.end) > program.buffers[ap.buffer].bytes) {
        status = bad("outside of buffer " + program.buffers[ap.buffer].name + " in `" + isa::disassemble(inst) + "`");
      } else if (write && !writable(ap.buffer)) {
        status = bad("write into constant memory in `" + isa::disassemble(inst) + "`");
      } else if (init && program.buffers[ap.buffer].kind == BufferKind::Input) {
        status = bad("init reads an input in `" + isa::disassemble(inst) + "`");
      }
    };
    isa::forEachRead(inst, [&](const isa::AccessPattern &ap) { check(ap, false); });
    isa::forEachWrite(inst, [&](const isa::AccessPattern &ap) { check(ap, true); });
    if (status.ok()) {
      if (const auto *call = std::get_if<isa::Call>(&inst); call && call->entry >= program.calls.size()) {
        return bad("a call instruction names no entry");
      }
      if (const auto *send = std::get_if<isa::Send>(&inst)) {
        return checkChannel(send->channel, send->slotOffset, send->src, init, true);
      }
      if (const auto *recv = std::get_if<isa::Recv>(&inst)) {
        return checkChannel(recv->channel, recv->slotOffset, recv->dst, init, false);
      }
    }
    return status;
  }

  absl::Status checkChannel(uint32_t id, uint64_t offset, const isa::AccessPattern &ap, bool init, bool send) const {
    if (init || id >= model.channels.size()) {
      return bad("send or recv on a channel that does not exist, or during init");
    }
    const Channel &c = model.channels[id];
    uint64_t bytes = static_cast<uint64_t>(ap.totalSize()) * dtypeSize(ap.dtype);
    if ((send ? c.fromCore : c.toCore) != program.core || offset > c.bytes || bytes > c.bytes - offset) {
      return bad("send or recv does not fit its channel");
    }
    return absl::OkStatus();
  }
};

absl::Status checkGroups(const Model &model) {
  std::vector<int> used(model.programs.size());
  for (const Group &g : model.groups) {
    for (uint32_t p : g.programs) {
      if (p >= model.programs.size() || used[p]++) {
        return bad("a group names a program that does not exist, or one of another group");
      }
    }
    if ((!g.inputs.empty() && g.inputs.size() != model.inputs.size()) ||
        (!g.outputs.empty() && g.outputs.size() != model.outputs.size())) {
      return bad("a group slices the wrong number of tensors");
    }
    auto inside = [](const std::vector<BatchSlice> &slices, const std::vector<TensorInfo> &tensors) {
      for (size_t i = 0; i < slices.size(); ++i) {
        const BatchSlice &s = slices[i];
        if (s.size >= 0 && (s.axis < 0 || s.axis >= static_cast<int64_t>(tensors[i].shape.size()) || s.offset < 0 ||
                            s.offset > tensors[i].shape[s.axis] || s.size > tensors[i].shape[s.axis] - s.offset)) {
          return false;
        }
      }
      return true;
    };
    if (!inside(g.inputs, model.inputs) || !inside(g.outputs, model.outputs)) {
      return bad("a batch slice lies outside of its tensor");
    }
  }
  return absl::OkStatus();
}

/// Buffers of inputs and outputs hold the group's slice of the tensor.
absl::Status checkTensorBuffers(const Model &model, const Program &program, const Group *group) {
  for (const Buffer &b : program.buffers) {
    if (b.kind != BufferKind::Input && b.kind != BufferKind::Output) {
      continue;
    }
    const bool input = b.kind == BufferKind::Input;
    const TensorInfo &tensor = (input ? model.inputs : model.outputs)[b.index];
    Shape shape = tensor.shape;
    if (group) {
      const auto &slices = input ? group->inputs : group->outputs;
      if (!slices.empty() && slices[b.index].size >= 0) {
        shape[slices[b.index].axis] = slices[b.index].size;
      }
    }
    if (b.dtype != tensor.dtype || b.bytes != static_cast<uint64_t>(numElements(shape)) * dtypeSize(tensor.dtype)) {
      return bad("buffer " + b.name + " differs from the tensor it stands for");
    }
  }
  return absl::OkStatus();
}

} // namespace

absl::Status verifyModel(const Model &model) {
  absl::StatusOr<hw::DeviceSpec> spec = hw::parseDevice(model.device);
  if (!spec.ok()) {
    return spec.status();
  }
  if (!model.buckets.empty()) {
    return verifyBuckets(model);
  }
  if (model.hasPlan() || !model.segments.empty()) {
    if (!model.programs.empty()) {
      return bad("a model with a plan has its programs in segments");
    }
    for (size_t i = 0; i < model.segments.size(); ++i) {
      if (model.segments[i].hasPlan() || !model.segments[i].segments.empty()) {
        return bad("a segment has a plan of its own");
      }
      if (absl::Status status = verifyModel(model.segments[i]); !status.ok()) {
        return bad("segment " + std::to_string(i) + ": " + std::string(status.message()));
      }
    }
    return verifyPlan(model);
  }
  for (const Channel &c : model.channels) {
    if (c.id != static_cast<uint32_t>(&c - model.channels.data()) || c.slots == 0 || c.slots > 1024) {
      return bad("malformed channel");
    }
  }
  for (const TensorInfo &t : model.inputs) {
    if (t.dtype == DType::String) {
      return bad("string tensors need a host stage");
    }
  }
  if (absl::Status status = checkGroups(model); !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < model.programs.size(); ++i) {
    const Program &program = model.programs[i];
    if (absl::Status status = ProgramVerifier{model, program, *spec}.run(); !status.ok()) {
      return bad("program " + std::to_string(i) + ": " + std::string(status.message()));
    }
    const Group *group = nullptr;
    for (const Group &g : model.groups) {
      group = std::find(g.programs.begin(), g.programs.end(), i) != g.programs.end() ? &g : group;
    }
    if (absl::Status status = checkTensorBuffers(model, program, group); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status materializeWeights(Model &model) {
  void *memory = std::aligned_alloc(64, (model.weightBytes + 127) / 64 * 64);
  if (!memory) {
    return absl::ResourceExhaustedError("no memory for the weights");
  }
  std::memset(memory, 0, (model.weightBytes + 127) / 64 * 64);
  for (const WeightPiece &piece : model.weights) {
    char *to = static_cast<char *>(memory) + piece.offset;
    std::memcpy(to, piece.data, piece.bytes);
  }
  model.weightData = static_cast<const uint8_t *>(memory);
  model.weightOwner = std::shared_ptr<const void>(memory, [](const void *p) { std::free(const_cast<void *>(p)); });
  shareWithParts(model);
  return absl::OkStatus();
}

void shareWithParts(Model &model) {
  for (auto *parts : {&model.segments, &model.buckets}) {
    for (Model &part : *parts) {
      part.device = model.device;
      part.provenance = model.provenance;
      part.nodes = model.nodes;
      part.weightBytes = model.weightBytes;
      part.weightData = model.weightData;
      part.weightOwner = model.weightOwner;
      shareWithParts(part);
    }
  }
}

} // namespace ncc::neff

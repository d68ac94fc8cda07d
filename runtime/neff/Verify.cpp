// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// verifyModel: after it, executors may use every index and address of a model without looking twice.

#include "runtime/hw/DeviceSpec.h"
#include "runtime/neff/Buckets.h"
#include "runtime/neff/Model.h"
#include "runtime/ops/host/Calls.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace ncc::neff {

namespace {

absl::Status bad(const std::string &what) { return absl::InvalidArgumentError(what); }

constexpr uint64_t kMostBufferBytes = uint64_t{1} << 40, kMostChannelBytes = uint64_t{1} << 40;
constexpr size_t kMostBuffers = 65535;
constexpr uint32_t kMostSlots = 1024;

/// Inputs and outputs have memory only while an inference runs.
bool isTensor(const Buffer &buffer) { return buffer.kind == BufferKind::Input || buffer.kind == BufferKind::Output; }
bool isConstant(const Buffer &buffer) { return buffer.kind == BufferKind::Weight || buffer.kind == BufferKind::Input; }

struct ProgramVerifier {
  const Model &model;
  const Program &program;
  const hw::DeviceSpec &spec;

  absl::Status run() const {
    if (program.buffers.size() > kMostBuffers) {
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
    absl::Status status = checkInstructions(program.init, true);
    return status.ok() ? checkInstructions(program.run, false) : status;
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
    if (b.bytes > kMostBufferBytes) {
      return bad("buffer " + b.name + " is too large");
    }
    if (isTensor(b) && b.dtype == DType::String) {
      return bad("string tensors need a host stage");
    }
    if (isTensor(b) && bytesOf(b.dtype, b.shape) != static_cast<double>(b.bytes)) {
      return bad("buffer " + b.name + " does not have the size of its shape");
    }
    return absl::OkStatus();
  }

  /// Exact wherever it equals the bytes of a buffer.
  static double bytesOf(DType dtype, const Shape &shape) {
    double bytes = static_cast<double>(dtypeSize(dtype));
    for (int64_t dim : shape) {
      bytes *= static_cast<double>(dim);
    }
    return bytes;
  }

  absl::Status checkOperand(const CallOperand &o) const {
    if (o.buffer >= program.buffers.size()) {
      return bad("a call names a buffer that does not exist");
    }
    uint64_t size = program.buffers[o.buffer].bytes;
    if (std::any_of(o.shape.begin(), o.shape.end(), [](int64_t dim) { return dim < 0; })) {
      return bad("a call has a negative dim");
    }
    if (o.offset > size || bytesOf(o.dtype, o.shape) > static_cast<double>(size - o.offset) || o.dtype == DType::String ||
        o.offset % std::max<size_t>(1, dtypeSize(o.dtype)) != 0) {
      return bad("a call reaches outside of buffer " + program.buffers[o.buffer].name);
    }
    return absl::OkStatus();
  }

  absl::Status checkCall(const CallEntry &call) const {
    std::vector<ValueType> in, out;
    for (const auto &input : call.inputs) {
      in.push_back(input ? ValueType::tensor(input->dtype, input->shape) : ValueType());
      if (absl::Status status = input ? checkOperand(*input) : absl::OkStatus(); !status.ok()) {
        return status;
      }
    }
    for (const CallOperand &output : call.outputs) {
      out.push_back(ValueType::tensor(output.dtype, output.shape));
      if (absl::Status status = checkOperand(output); !status.ok()) {
        return status;
      }
      if (isConstant(program.buffers[output.buffer])) {
        return bad("a call writes into constant memory");
      }
    }
    return ops::settleCall(call.kernel, call.attributes, in, out).status();
  }

  absl::Status checkInstructions(const std::vector<isa::Instruction> &list, bool init) const {
    std::vector<isa::ProgramView::Buffer> buffers;
    for (const Buffer &b : program.buffers) {
      buffers.push_back({b.bytes, !(init && isTensor(b)), isConstant(b)});
    }
    std::vector<isa::ProgramView::Channel> channels;
    for (const Channel &c : model.channels) {
      channels.push_back({c.bytes, !init && c.fromCore == program.core, !init && c.toCore == program.core});
    }
    std::vector<uint8_t> calls;
    for (const CallEntry &call : program.calls) {
      calls.push_back(std::all_of(call.inputs.begin(), call.inputs.end(), [&](const auto &o) { return !o || buffers[o->buffer].bound; }) &&
                      std::all_of(call.outputs.begin(), call.outputs.end(), [&](const auto &o) { return buffers[o.buffer].bound; }));
    }
    const isa::ProgramView view{buffers, channels, calls};
    for (const isa::Instruction &inst : list) {
      if (absl::Status status = isa::verify(inst, spec, &view); !status.ok()) {
        return init ? bad("init: " + std::string(status.message())) : status;
      }
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
    if (c.id != static_cast<uint32_t>(&c - model.channels.data()) || c.slots == 0 || c.slots > kMostSlots || c.bytes > kMostChannelBytes) {
      return bad("malformed channel");
    }
  }
  for (const auto *list : {&model.inputs, &model.outputs}) {
    for (const TensorInfo &t : *list) {
      if (t.dtype == DType::String) {
        return bad("string tensors need a host stage");
      }
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

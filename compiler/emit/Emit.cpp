// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Builds neff::Model from core.program ops: tables, instructions with node numbers, channels, deduplicated weights.
#include "compiler/emit/Emit.h"

#include "compiler/emit/WeightPool.h"
#include "dialects/core/Core.h"
#include "dialects/graph/Constants.h"

#include "absl/strings/str_cat.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace ncc;

namespace {

std::string str(StringRef text) { return text.str(); }

// The node a location names: the name of the first NameLoc in it, and the operator its child names, if any.
neff::NodeInfo nodeOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    neff::NodeInfo node{str(name.getName()), ""};
    if (auto child = dyn_cast<NameLoc>(name.getChildLoc())) {
      node.op = str(child.getName());
    }
    return node;
  }
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations()) {
      if (neff::NodeInfo node = nodeOf(part); !node.name.empty()) {
        return node;
      }
    }
  }
  return {};
}

class Emitter {
public:
  explicit Emitter(neff::Model &model) : model(model), weights(model) {}

  absl::Status program(core::ProgramOp op) {
    neff::Program program;
    program.core = static_cast<uint32_t>(op.getCore());
    for (auto buffer : op.getTables().getOps<core::BufferOp>()) {
      if (absl::Status status = addBuffer(buffer, program); !status.ok()) {
        return status;
      }
    }
    for (auto entry : op.getTables().getOps<core::CallEntryOp>()) {
      if (absl::Status status = addCall(entry, program); !status.ok()) {
        return status;
      }
    }
    addInstructions(op.getInit(), program.init);
    addInstructions(op.getRun(), program.run);
    noteChannels(program);
    model.programs.push_back(std::move(program));
    return absl::OkStatus();
  }

  absl::Status finish() {
    for (auto &[id, channel] : channels) {
      if (id != model.channels.size()) {
        return absl::InternalError(absl::StrCat("channel ", model.channels.size(), " is not used but channel ", id, " is"));
      }
      model.channels.push_back(channel);
    }
    return absl::OkStatus();
  }

private:
  absl::Status addBuffer(core::BufferOp op, neff::Program &program) {
    neff::Buffer buffer;
    StringRef kind = op.getKind();
    buffer.bytes = op.getBytes();
    std::optional<DType> dtype = dtypeFromName(std::string_view(op.getDtype()));
    buffer.dtype = dtype.value_or(DType::U8);
    buffer.index = static_cast<uint32_t>(op.getIndex());
    buffer.shape = {static_cast<int64_t>(buffer.bytes / dtypeSize(buffer.dtype))};
    if (kind == "input" || kind == "output") {
      const std::vector<neff::TensorInfo> &list = kind == "input" ? model.inputs : model.outputs;
      buffer.kind = kind == "input" ? neff::BufferKind::Input : neff::BufferKind::Output;
      if (buffer.index >= list.size()) {
        return absl::InternalError(absl::StrCat("a program names ", kind.str(), " ", buffer.index, " of ", list.size()));
      }
      buffer.name = list[buffer.index].name;
      buffer.shape = list[buffer.index].shape;
      if (dtypeSize(list[buffer.index].dtype) == dtypeSize(buffer.dtype)) { // stored as a plain type of that size
        buffer.dtype = list[buffer.index].dtype;
      }
    } else if (kind == "weight") {
      buffer.kind = neff::BufferKind::Weight;
      buffer.name = absl::StrCat("weight", program.buffers.size());
      absl::StatusOr<uint64_t> offset = weights.add(op.getValueAttr(), buffer.bytes);
      if (!offset.ok()) {
        return offset.status();
      }
      buffer.offset = *offset;
    } else {
      buffer.kind = neff::BufferKind::Scratch;
      buffer.name = "scratch";
    }
    program.buffers.push_back(std::move(buffer));
    return absl::OkStatus();
  }

  static absl::StatusOr<neff::CallOperand> operand(int64_t buffer, int64_t offset, Attribute type) {
    auto tensor = dyn_cast<RankedTensorType>(cast<TypeAttr>(type).getValue());
    std::optional<DType> dtype = tensor ? graph::dtypeOf(tensor.getElementType()) : std::nullopt;
    if (!dtype) {
      return absl::InternalError("a firmware call has an operand that is no tensor");
    }
    return neff::CallOperand{static_cast<uint32_t>(buffer), static_cast<uint64_t>(offset), *dtype, graph::shapeOf(tensor)};
  }

  absl::Status addCall(core::CallEntryOp op, neff::Program &program) {
    neff::CallEntry entry;
    entry.kernel = str(op.getKernel());
    if (auto json = op->getAttrOfType<StringAttr>("kernel_attributes")) {
      absl::StatusOr<ops::Attributes> attributes = ops::Attributes::fromJson(std::string_view(json.getValue()));
      if (!attributes.ok()) {
        return attributes.status();
      }
      entry.attributes = *std::move(attributes);
    }
    ArrayRef<int64_t> inputs = op.getInputs(), outputs = op.getOutputs();
    for (size_t i = 0; i + 1 < inputs.size(); i += 2) {
      if (inputs[i] < 0) {
        entry.inputs.push_back(std::nullopt);
        continue;
      }
      absl::StatusOr<neff::CallOperand> input = operand(inputs[i], inputs[i + 1], op.getInputTypes()[i / 2]);
      if (!input.ok()) {
        return input.status();
      }
      entry.inputs.push_back(*std::move(input));
    }
    for (size_t i = 0; i + 1 < outputs.size(); i += 2) {
      absl::StatusOr<neff::CallOperand> output = operand(outputs[i], outputs[i + 1], op.getResultTypes()[i / 2]);
      if (!output.ok()) {
        return output.status();
      }
      entry.outputs.push_back(*std::move(output));
    }
    program.calls.push_back(std::move(entry));
    return absl::OkStatus();
  }

  void addInstructions(Region &region, std::vector<isa::Instruction> &out) {
    out.reserve(region.front().getOperations().size());
    for (auto op : region.getOps<core::InstructionOpInterface>()) {
      out.push_back(op.instruction());
      isa::header(out.back()).node = nodeNumber(op.getLoc());
    }
  }

  uint32_t nodeNumber(Location loc) {
    auto [it, inserted] = numberOfLoc.try_emplace(loc, 0);
    if (inserted) {
      neff::NodeInfo node = nodeOf(loc);
      if (!node.name.empty()) {
        auto [named, fresh] = numberOfName.try_emplace(node.name, static_cast<uint32_t>(model.nodes.size() + 1));
        if (fresh) {
          model.nodes.push_back(std::move(node));
        }
        it->second = named->second;
      }
    }
    return it->second;
  }

  void noteChannels(const neff::Program &program) {
    for (const isa::Instruction &inst : program.run) {
      if (const auto *send = std::get_if<isa::Send>(&inst)) {
        neff::Channel &channel = channels[send->channel];
        channel.id = send->channel;
        channel.fromCore = program.core;
        uint64_t end = send->slotOffset + static_cast<uint64_t>(send->src.totalSize()) * dtypeSize(send->src.dtype);
        channel.bytes = std::max(channel.bytes, end);
      } else if (const auto *recv = std::get_if<isa::Recv>(&inst)) {
        channels[recv->channel].id = recv->channel;
        channels[recv->channel].toCore = program.core;
      }
    }
  }

  neff::Model &model;
  emit::WeightPool weights;
  std::map<uint32_t, neff::Channel> channels;
  DenseMap<Location, uint32_t> numberOfLoc;
  llvm::StringMap<uint32_t> numberOfName;
};

} // namespace

absl::StatusOr<neff::Model> emit::emitModel(ModuleOp module, const hw::DeviceSpec &device, ModelInfo info,
                                            std::shared_ptr<const void> owner) {
  neff::Model model;
  model.provenance = std::move(info.provenance);
  model.device = device.text;
  model.inputs = std::move(info.inputs);
  model.outputs = std::move(info.outputs);
  model.groups = std::move(info.groups);
  model.usefulMacs = info.usefulMacs;
  model.usefulMacsRate = info.usefulMacsRate;
  Emitter emitter(model);
  for (auto program : module.getOps<core::ProgramOp>()) {
    if (absl::Status status = emitter.program(program); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = emitter.finish(); !status.ok()) {
    return status;
  }
  for (int replica = 1; replica < info.replicas && model.programs.size() == static_cast<size_t>(replica); ++replica) {
    model.programs.push_back(model.programs.front());
    model.programs.back().core = static_cast<uint32_t>(replica);
  }
  model.weightOwner = std::move(owner);
  return model;
}

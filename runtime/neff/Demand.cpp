// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Demand.h"

#include "runtime/hw/DeviceSpec.h"
#include "runtime/ops/host/Calls.h"

#include "absl/strings/str_format.h"

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

namespace ncc::neff {

namespace {

double bytesOf(const TensorInfo &info) {
  double bytes = static_cast<double>(memorySize(info.dtype));
  for (int64_t dim : info.shape) {
    bytes *= static_cast<double>(dim);
  }
  return bytes;
}

std::vector<ValueType> typesOf(const CallEntry &call, bool inputs) {
  std::vector<ValueType> types;
  for (const auto &operand : call.inputs) {
    if (inputs) {
      types.push_back(operand ? ValueType::tensor(operand->dtype, operand->shape) : ValueType());
    }
  }
  for (const CallOperand &operand : call.outputs) {
    if (!inputs) {
      types.push_back(ValueType::tensor(operand.dtype, operand.shape));
    }
  }
  return types;
}

struct ProgramDemand {
  const Program &program;
  std::vector<double> calls;
  double work = 0, temporary = 0, resident = 0;

  explicit ProgramDemand(const Program &program) : program(program) {
    for (const CallEntry &call : program.calls) {
      const std::vector<ValueType> out = typesOf(call, false);
      calls.push_back(ops::workOfKernel(call.kernel, call.attributes, typesOf(call, true), out));
      double results = 0; // fresh memory, and what kernels widen
      for (const ValueType &type : out) {
        results += 4 * bytesOf({"", type.dtype, type.shape});
      }
      temporary = std::max(temporary, results);
    }
    for (const auto *list : {&program.init, &program.run}) {
      for (const isa::Instruction &inst : *list) {
        const auto *call = std::get_if<isa::Call>(&inst);
        work += isa::workOf(inst) + (call ? calls[call->entry] : 0);
        temporary = std::max(temporary, isa::temporaryBytes(inst));
      }
    }
    for (const Buffer &buffer : program.buffers) {
      resident += buffer.kind == BufferKind::Weight ? 0 : static_cast<double>(buffer.bytes);
    }
  }
};

double stepWork(const Model &model, const std::vector<Demand> &segments, const PlanBlock &block) {
  double work = 0;
  forEachStep(block, [&](const PlanStep &step, int) {
    work += kStepWork;
    if (step.kind == StepKind::Core) {
      work += segments[step.segment].work;
    } else if (step.kind == StepKind::Host) {
      std::vector<ValueType> in, out;
      for (int64_t input : step.inputs) {
        in.push_back(input < 0 ? ValueType() : model.plan.values[static_cast<size_t>(input)].type);
      }
      for (uint32_t output : step.outputs) {
        out.push_back(model.plan.values[output].type);
      }
      work += ops::workOfKernel(step.kernel, step.attributes, in, out);
    }
  });
  return work;
}

/// The number in a file of the control group, or `otherwise`.
double numberIn(const char *path, double otherwise) {
  std::FILE *file = std::fopen(path, "re");
  double value = otherwise;
  if (file) {
    value = std::fscanf(file, "%lf", &value) == 1 && value > 0 ? value : otherwise; // "max" is no number
    std::fclose(file);
  }
  return value;
}

} // namespace

double machineMemory() {
  double bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  rlimit limit{};
  for (int which : {RLIMIT_AS, RLIMIT_DATA}) {
    if (::getrlimit(which, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
      bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
    }
  }
  return std::min(bytes, numberIn("/sys/fs/cgroup/memory.max", bytes));
}

double Limits::memoryBytes() const { return memory > 0 ? memory : machineMemory(); }

Demand demandOf(const Model &model) {
  Demand all;
  for (const Model &bucket : model.buckets) { // opened one by one, and looked at again then
    const Demand one = demandOf(bucket);
    all.work = std::max(all.work, one.work);
    all.memory = std::max(all.memory, one.memory);
  }
  std::vector<Demand> segments;
  for (const Model &segment : model.segments) {
    segments.push_back(demandOf(segment));
    all.memory += segments.back().memory;
  }
  all.work += stepWork(model, segments, model.plan.main);
  for (const auto *list : {&model.inputs, &model.outputs}) {
    for (const TensorInfo &info : *list) {
      all.memory += model.buckets.empty() ? bytesOf(info) : 0;
    }
  }
  for (const Channel &channel : model.channels) {
    all.memory += static_cast<double>(channel.bytes) * channel.slots;
  }
  absl::StatusOr<hw::DeviceSpec> spec = hw::parseDevice(model.device);
  double temporary = 0;
  for (const Program &program : model.programs) {
    const ProgramDemand one(program);
    all.work += one.work;
    all.memory += one.resident;
    all.memory += spec.ok() ? static_cast<double>(spec->partitions) * static_cast<double>(spec->sbufBytesPerPartition + spec->psumBytesPerPartition) : 0;
    temporary = std::max(temporary, one.temporary);
  }
  all.memory += temporary;
  return all;
}

absl::Status checkDemand(const Model &model, const Limits &limits) {
  const Demand demand = demandOf(model);
  if (demand.work > limits.work) {
    return absl::ResourceExhaustedError(absl::StrFormat("an inference takes %.3g units of work, the limit is %.3g", demand.work, limits.work));
  }
  const double memory = limits.memoryBytes();
  if (demand.memory > memory) {
    return absl::ResourceExhaustedError(absl::StrFormat("the model takes %.0f bytes of memory beside its file, the limit is %.0f", demand.memory, memory));
  }
  return absl::OkStatus();
}

} // namespace ncc::neff

// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/Precise.h"

#include "runtime/sim/Hazards.h"
#include "runtime/sim/PreciseCore.h"

#include <mutex>

namespace ncc::sim {

namespace {

class PreciseExecutor : public Executor {
public:
  PreciseExecutor(std::shared_ptr<const neff::Model> model, hw::DeviceSpec device, const PreciseOptions &options)
      : model(std::move(model)), device(std::move(device)), options(options) {}

  absl::Status load() {
    for (const neff::Channel &channel : model->channels) {
      slots.push_back(allocateBytes(channel.bytes));
    }
    for (size_t i = 0; i < model->programs.size(); ++i) {
      const neff::Program &program = model->programs[i];
      if (options.checkRaces) {
        if (absl::Status status = findRaces(program, device); !status.ok()) {
          return status;
        }
      }
      cores.push_back(std::make_unique<Core>(*model, program, groupOf(*model, i), device));
      if (absl::Status status = runList(*cores.back(), program, program.init, nullptr); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status execute(const InferenceIo &io, InferenceReport *report) override {
    std::lock_guard<std::mutex> lock(mutex);
    InferenceReport local;
    InferenceReport &result = report ? *report : local;
    result.shapes.assign(model->outputs.size(), std::nullopt);
    result.outOfBounds.reset();
    std::vector<neff::Group> groups = effectiveGroups(*model);
    if (isReplicated(*model)) {
      groups = {groups[turn++ % groups.size()]};
    }
    for (const neff::Group &group : groups) {
      for (uint32_t index : group.programs) {
        Core &core = *cores[index];
        core.dram.bind(io);
        if (absl::Status status = runList(core, model->programs[index], model->programs[index].run, &result); !status.ok()) {
          return status;
        }
        core.dram.finish(io);
      }
    }
    return absl::OkStatus();
  }

private:
  size_t turn = 0; // which replica is next
  struct Core {
    Core(const neff::Model &model, const neff::Program &program, const neff::Group *group, const hw::DeviceSpec &spec)
        : core(spec), dram(model, program, group), written(spec) {}
    PreciseCore core;
    ProgramMemory dram;
    WrittenBytes written;
  };

  absl::Status runList(Core &core, const neff::Program &program, const std::vector<isa::Instruction> &list, InferenceReport *report) {
    ProgramContext context;
    context.program = &program;
    context.dram = core.dram.table();
    context.shapes = report ? &report->shapes : nullptr;
    for (const HostBytes &slot : slots) {
      context.slots.push_back(slot.get());
    }
    for (const isa::Instruction &inst : list) {
      absl::Status status = options.checkUninitialised ? core.written.check(inst) : absl::OkStatus();
      if (status.ok()) {
        status = core.core.execute(inst, context);
      }
      if (!status.ok()) {
        return absl::Status(status.code(), std::string(status.message()) + " in `" + isa::disassemble(inst) + "`");
      }
    }
    if (report) {
      report->outOfBounds = report->outOfBounds ? report->outOfBounds : context.outOfBounds;
    }
    return absl::OkStatus();
  }

  std::shared_ptr<const neff::Model> model;
  hw::DeviceSpec device;
  PreciseOptions options;
  std::mutex mutex;
  std::vector<std::unique_ptr<Core>> cores;
  std::vector<HostBytes> slots;
};

} // namespace

absl::StatusOr<std::unique_ptr<Executor>> makePreciseExecutor(std::shared_ptr<const neff::Model> model, const PreciseOptions &options) {
  absl::StatusOr<hw::DeviceSpec> device = hw::parseDevice(model->device);
  if (!device.ok()) {
    return device.status();
  }
  auto executor = std::make_unique<PreciseExecutor>(std::move(model), *std::move(device), options);
  if (absl::Status status = executor->load(); !status.ok()) {
    return status;
  }
  return executor;
}

} // namespace ncc::sim

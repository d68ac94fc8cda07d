// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The executor: contexts, stages and threads. The calling threads do the work. A core without state may have
// several contexts, one per CPU, so that inferences in flight run side by side; a core with state takes them in turn.

#include "runtime/host/Host.h"

#include "runtime/host/Translator.h"
#include "runtime/tensor/Guard.h"

#include "absl/strings/str_format.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <time.h>

namespace ncc::host {

namespace {

/// CPU time, so that other load on the machine does not show.
double threadSeconds() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Counts CPUs in use, first come first served.
class Gate {
public:
  explicit Gate(int count) : free(count) {}
  void enter() {
    std::unique_lock<std::mutex> lock(mutex);
    const uint64_t ticket = next++;
    wake.wait(lock, [&] { return free > 0 && ticket == serving; });
    ++serving;
    --free;
    wake.notify_all();
  }
  void leave() {
    std::lock_guard<std::mutex> lock(mutex);
    ++free;
    wake.notify_all();
  }

private:
  std::mutex mutex;
  std::condition_variable wake;
  int free;
  uint64_t next = 0, serving = 0;
};

struct GateHold {
  explicit GateHold(Gate &gate) : gate(gate) { gate.enter(); }
  ~GateHold() { gate.leave(); }
  Gate &gate;
};

/// One core: its translation and the contexts that run it.
class HostCore {
public:
  HostCore(const neff::Model &model, const neff::Program &program, const neff::Group *group, const hw::DeviceSpec &spec, const Kernels &kernels,
           const HostOptions &options, int limit)
      : model(model), program(program), group(group), spec(spec), kernels(kernels), plain(options.plain), profile(options.profile), memoryBytes(options.memoryBytes), limit(limit) {
    for (const neff::Buffer &b : program.buffers) {
      if (b.kind == neff::BufferKind::State) {
        this->limit = 1;
      }
    }
    // SBUF or PSUM contents that outlive an inference are state as well, but compilers do not make programs that
    // read on-chip bytes before writing them other than those of init.
  }

  absl::Status load() {
    absl::StatusOr<std::unique_ptr<CoreContext>> first = makeContext();
    if (!first.ok()) {
      return first.status();
    }
    if (!plain) {
      absl::StatusOr<Translation> translated = translate(program, spec, kernels, **first, memoryBytes);
      if (!translated.ok()) {
        return translated.status();
      }
      translation = *std::move(translated);
    } else {
      for (const isa::Instruction &inst : program.run) {
        translation.steps.push_back(makePlainStep(inst));
      }
    }
    allocate(**first);
    idle.push_back(*std::move(first));
    made = 1;
    return absl::OkStatus();
  }

  absl::Status run(const sim::InferenceIo &io, const std::vector<uint8_t *> &slots, Gate &gate, sim::InferenceReport &report) {
    absl::StatusOr<std::unique_ptr<CoreContext>> taken = take();
    if (!taken.ok()) {
      return taken.status();
    }
    CoreContext &context = **taken;
    absl::Status status;
    {
      GateHold hold(gate);
      context.dram.bind(io);
      context.environment.slots = slots;
      context.environment.shapes = &report.shapes;
      context.environment.outOfBounds.reset();
      status = guarded([&] { return profile ? runProfiled(context) : runSteps(context); }); // the context is put back in any case
      context.dram.finish(io);
    }
    {
      std::lock_guard<std::mutex> lock(mutex);
      report.outOfBounds = report.outOfBounds ? report.outOfBounds : context.environment.outOfBounds;
      idle.push_back(*std::move(taken));
    }
    wake.notify_one();
    return status;
  }

  std::string describe() const {
    const TranslationStats &s = translation.stats;
    std::string text = absl::StrFormat("core %d: %d steps (%d by the interpreter), %d matmuls in %d chains, %d operands packed per run, %d constant copies dropped, %d instructions in decision trees, %d constant bytes, arena %d, tiles %d\n",
                                       program.core, s.steps, s.plain, s.matmuls, s.chains, s.packs, s.droppedCopies, s.inTrees, s.constantBytes, translation.arenaBytes, translation.tileBytes);
    for (const auto &[name, time] : times) {
      absl::StrAppendFormat(&text, "  %-14s %8d x %10.3f ms\n", name, time.first, time.second * 1e3);
    }
    return text;
  }

private:
  absl::Status runSteps(CoreContext &context) const {
    for (const StepPtr &step : translation.steps) {
      if (absl::Status status = step->run(context); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status runProfiled(CoreContext &context) {
    std::lock_guard<std::mutex> lock(profileMutex);
    times.clear(); // the latest inference is shown
    for (const StepPtr &step : translation.steps) {
      const double start = threadSeconds();
      absl::Status status = step->run(context);
      auto &time = times[step->name()];
      ++time.first;
      time.second += threadSeconds() - start;
      if (!status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<CoreContext>> makeContext() {
    auto context = std::make_unique<CoreContext>(model, program, group, spec);
    for (const isa::Instruction &inst : program.init) {
      StepPtr step = plain ? nullptr : makeFastStep(inst, context->memory, kernels);
      absl::Status status = (step ? std::move(step) : makePlainStep(inst))->run(*context);
      if (!status.ok()) {
        return status;
      }
    }
    allocate(*context);
    return context;
  }

  void allocate(CoreContext &context) const {
    context.arena = sim::allocateBytes(static_cast<uint64_t>(translation.arenaBytes));
    context.tiles = sim::allocateBytes(static_cast<uint64_t>(translation.tileBytes));
  }

  absl::StatusOr<std::unique_ptr<CoreContext>> take() {
    std::unique_lock<std::mutex> lock(mutex);
    if (idle.empty() && made < limit) {
      ++made;
      lock.unlock();
      absl::StatusOr<std::unique_ptr<CoreContext>> made_ = guarded([&] { return makeContext(); });
      if (!made_.ok()) {
        lock.lock();
        --made;
      }
      return made_;
    }
    const uint64_t ticket = next++;
    wake.wait(lock, [&] { return !idle.empty() && ticket == serving; });
    ++serving;
    std::unique_ptr<CoreContext> context = std::move(idle.back()); // the warmest
    idle.pop_back();
    wake.notify_all();
    return context;
  }

  const neff::Model &model;
  const neff::Program &program;
  const neff::Group *group;
  const hw::DeviceSpec &spec;
  const Kernels &kernels;
  bool plain, profile;
  double memoryBytes;
  int limit, made = 0;
  std::mutex profileMutex;
  std::map<std::string, std::pair<int64_t, double>> times;
  Translation translation;
  std::mutex mutex;
  std::condition_variable wake;
  uint64_t next = 0, serving = 0;
  std::vector<std::unique_ptr<CoreContext>> idle;
};

class HostExecutor : public sim::Executor {
public:
  HostExecutor(std::shared_ptr<const neff::Model> m, hw::DeviceSpec d, const HostOptions &options)
      : model(std::move(m)), device(std::move(d)), threads(options.threads > 0 ? options.threads : cpus()), gate(threads),
        groups(sim::effectiveGroups(*model)), replicated(sim::isReplicated(*model)) {
    CpuLevel level = detectCpu();
    if (options.level && *options.level < level) {
      level = *options.level;
    }
    const Kernels &kernels = kernelsFor(level);
    for (size_t i = 0; i < model->programs.size(); ++i) {
      cores.push_back(std::make_unique<HostCore>(*model, model->programs[i], sim::groupOf(*model, i), device, kernels, options, threads));
    }
  }

  absl::Status load() {
    // Cores load in parallel: translation packs all weights.
    std::atomic<size_t> next{0};
    std::vector<absl::Status> statuses(cores.size());
    auto work = [&] {
      for (size_t i; (i = next++) < cores.size();) {
        statuses[i] = guarded([&] { return cores[i]->load(); });
      }
    };
    runHelped(work, std::min<size_t>(static_cast<size_t>(threads), cores.size()));
    for (const absl::Status &status : statuses) {
      if (!status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status execute(const sim::InferenceIo &io, sim::InferenceReport *report) override {
    sim::InferenceReport result;
    result.shapes.assign(model->outputs.size(), std::nullopt);
    std::unique_ptr<Slots> slots = takeSlots();
    absl::Status status = runGroups(io, slots->pointers, result);
    {
      std::lock_guard<std::mutex> lock(mutex);
      freeSlots.push_back(std::move(slots));
    }
    if (report) {
      *report = std::move(result);
    }
    return status;
  }

  std::string describe() const override {
    std::string text;
    for (const auto &core : cores) {
      text += core->describe();
    }
    return text;
  }

private:
  struct Slots {
    std::vector<sim::HostBytes> memory;
    std::vector<uint8_t *> pointers;
  };

  /// Calls work() on this thread and on others, `count` together, or as many as the system gives.
  template <typename Work>
  static void runHelped(const Work &work, size_t count) {
    std::vector<std::thread> helpers;
    helpers.reserve(count);
    guarded([&] {
      while (helpers.size() + 1 < count) {
        helpers.emplace_back(work);
      }
      return absl::OkStatus();
    }).IgnoreError();
    work();
    for (std::thread &helper : helpers) {
      helper.join();
    }
  }

  static int cpus() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

  std::unique_ptr<Slots> takeSlots() {
    std::lock_guard<std::mutex> lock(mutex);
    if (!freeSlots.empty()) {
      std::unique_ptr<Slots> slots = std::move(freeSlots.back());
      freeSlots.pop_back();
      return slots;
    }
    auto slots = std::make_unique<Slots>();
    for (const neff::Channel &channel : model->channels) {
      slots->memory.push_back(sim::allocateBytes(channel.bytes));
      slots->pointers.push_back(slots->memory.back().get());
    }
    return slots;
  }

  absl::Status runGroup(const neff::Group &group, const sim::InferenceIo &io, const std::vector<uint8_t *> &slots, sim::InferenceReport &result) {
    for (uint32_t program : group.programs) {
      if (absl::Status status = cores[program]->run(io, slots, gate, result); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  /// Groups that slice the batch share an inference and write different parts of its outputs; replicas of the whole
  /// model take inferences in turn.
  absl::Status runGroups(const sim::InferenceIo &io, const std::vector<uint8_t *> &slots, sim::InferenceReport &result) {
    if (replicated) {
      return runGroup(groups[turn++ % groups.size()], io, slots, result);
    }
    if (groups.size() == 1 || threads == 1) {
      for (const neff::Group &group : groups) {
        if (absl::Status status = runGroup(group, io, slots, result); !status.ok()) {
          return status;
        }
      }
      return absl::OkStatus();
    }
    std::atomic<size_t> next{0};
    std::mutex merge;
    absl::Status status;
    auto work = [&] {
      for (size_t i; (i = next++) < groups.size();) {
        sim::InferenceReport local;
        local.shapes.assign(model->outputs.size(), std::nullopt);
        absl::Status one = guarded([&] { return runGroup(groups[i], io, slots, local); });
        std::lock_guard<std::mutex> lock(merge);
        status.Update(one);
        result.outOfBounds = result.outOfBounds ? result.outOfBounds : local.outOfBounds;
        for (size_t o = 0; o < local.shapes.size(); ++o) {
          result.shapes[o] = local.shapes[o] ? local.shapes[o] : result.shapes[o];
        }
      }
    };
    runHelped(work, std::min<size_t>(static_cast<size_t>(threads), groups.size()));
    return status;
  }

  std::shared_ptr<const neff::Model> model;
  hw::DeviceSpec device;
  int threads;
  Gate gate;
  std::vector<neff::Group> groups;
  bool replicated = false;
  std::atomic<size_t> turn{0};
  std::vector<std::unique_ptr<HostCore>> cores;
  std::mutex mutex;
  std::vector<std::unique_ptr<Slots>> freeSlots;
};

} // namespace

absl::StatusOr<std::unique_ptr<sim::Executor>> makeHostExecutor(std::shared_ptr<const neff::Model> model, const HostOptions &options) {
  absl::StatusOr<hw::DeviceSpec> device = hw::parseDevice(model->device);
  if (!device.ok()) {
    return device.status();
  }
  auto executor = std::make_unique<HostExecutor>(std::move(model), *std::move(device), options);
  if (absl::Status status = executor->load(); !status.ok()) {
    return status;
  }
  return executor;
}

} // namespace ncc::host

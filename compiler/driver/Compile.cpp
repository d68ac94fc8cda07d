// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Import, phases, emission. MLIR's diagnostics become the project's own; nothing of MLIR leaves this file.
#include "compiler/driver/Compile.h"

#include "compiler/driver/Buckets.h"
#include "compiler/driver/Division.h"
#include "compiler/driver/Fit.h"
#include "compiler/driver/Inputs.h"
#include "compiler/driver/Padding.h"
#include "compiler/driver/Phases.h"
#include "compiler/driver/Threads.h"
#include "compiler/calibrate/Calibrate.h"
#include "compiler/emit/Emit.h"
#include "compiler/emit/EmitPlan.h"
#include "compiler/emit/Join.h"
#include "compiler/frontend/onnx/Model.h"
#include "dialects/core/Core.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/Locations.h"
#include "passes/lower/InstructionCount.h"
#include "passes/partition/OpCost.h"
#include "runtime/neff/Hash.h"
#include "runtime/sim/Timing.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/ThreadPool.h"

#include <chrono>
#include <future>

using namespace mlir;
using namespace ncc;

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A context with its threads; models keep it alive for their weights.
struct Workspace {
  explicit Workspace(int jobs) : context(MLIRContext::Threading::DISABLED) {
    loadAllDialects(context);
    const int wanted = jobs == 1 ? 0 : static_cast<int>(llvm::hardware_concurrency(static_cast<unsigned>(jobs)).compute_thread_count());
    const int given = wanted == 0 ? 0 : driver::threadsThatStart(wanted + 1); // one more for what runs beside the passes
    beside = given > 0;
    if (given > 1) {
      threads = std::make_unique<llvm::DefaultThreadPool>(llvm::hardware_concurrency(static_cast<unsigned>(given - 1)));
      context.setThreadPool(*threads);
    }
  }
  bool beside = false; // may a thread run beside the passes?
  std::unique_ptr<llvm::DefaultThreadPool> threads;
  MLIRContext context;
};

class Compiler {
public:
  Compiler(const frontend::Model &model, const Options &options, ncc::DiagnosticEngine &diagnostics, const Progress &progress, std::shared_ptr<Workspace> space,
           const driver::BucketPadding *padding = nullptr)
      : model(model), options(options), diagnostics(diagnostics), progress(progress), start(Clock::now()), workspace(std::move(space)), padding(padding),
        handler(&workspace->context, [this](mlir::Diagnostic &diagnostic) { return report(diagnostic); }) {}

  std::optional<Compilation> run(Stage stop) {
    std::optional<hw::DeviceSpec> target = resolveTarget(options.target, diagnostics);
    if (!target || !checkOptions(*target)) {
      return std::nullopt;
    }
    device = *target;
    modelHash = std::async(workspace->beside ? std::launch::async : std::launch::deferred, [this] {
      std::string_view bytes = model.bytes();
      return "x128:" + neff::fastHash(absl::MakeConstSpan(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
    });
    Compilation result;
    preparePipeline();
    if (!import() || !runPhases(0, 1, stop)) { // the stages
      return std::nullopt;
    }
    bool planned = module->lookupSymbol<func::FuncOp>("main")->hasAttr("ncc.plan");
    if (!(planned ? compilePlan(stop, result) : compileSegment(stop, result))) {
      return std::nullopt;
    }
    if (stop != Stage::Neff) {
      return result;
    }
    for (size_t i = 0; i < maskLengths.size(); ++i) {
      result.model.padded.push_back(padding->shapes[i]);
      result.model.padded.back().lengths = maskLengths[i];
    }
    result.model.unpadded = padding ? padding->unpadded : "";
    summary.weightBytes = static_cast<int64_t>(result.model.weightBytes);
    result.model.report = summary.json(false);
    summary.seconds = since(start);
    summary.peakMb = peakMegabytes();
    result.report = std::move(summary);
    return result;
  }

private:
  using Samples = std::vector<std::vector<Tensor>>;

  /// The module as it stands, through all phases after the first: a whole model, or a segment of a plan.
  bool compileSegment(Stage stop, Compilation &result) {
    preparePipeline();
    if (!runPhases(1, partitionPhase(), stop)) {
      return false;
    }
    if (stop != Stage::Neff) {
      if (!runPhases(partitionPhase(), allPhases().size(), stop)) {
        return false;
      }
      llvm::raw_string_ostream text(result.text);
      module->print(text, OpPrintingFlags().elideLargeElementsAttrs(16).elideLargeResourceString(64));
      return true;
    }
    if (!divideOverCores()) {
      return false;
    }
    result.model = std::move(best);
    return true;
  }

  /// A model of several stages: each segment by itself, then the plan over them.
  bool compilePlan(Stage stop, Compilation &result) {
    auto main = module->lookupSymbol<func::FuncOp>("main");
    llvm::DenseMap<Operation *, Samples> given;
    if (options.quantizeInt8 && !timed("calibrate", [&] { return sampleSegments(main, given); })) {
      return false;
    }
    OwningOpRef<ModuleOp> whole = std::move(module);
    neff::Model made;
    made.device = device.text;
    made.inputs = std::move(inputs);
    made.outputs = std::move(outputs);
    Report total;
    emit::Join join(made);
    for (auto func : whole->getOps<func::FuncOp>()) {
      if (func == main) {
        continue;
      }
      module = ModuleOp::create(func.getLoc());
      auto segment = func.clone();
      segment.setSymName("main");
      segment.setPublic();
      module->push_back(segment);
      inputs = driver::tensorsOf(segment, true);
      outputs = driver::tensorsOf(segment, false);
      segmentSamples = options.quantizeInt8 ? std::optional(std::move(given[func])) : std::nullopt;
      Compilation part;
      if (!compileSegment(stop, part)) {
        return false;
      }
      result.text += part.text;
      made.provenance.precision = part.model.provenance.precision;
      join.addSegment(std::move(part.model));
      total.add(summary);
    }
    if (stop != Stage::Neff) {
      llvm::raw_string_ostream text(result.text);
      whole->print(text, OpPrintingFlags().elideLargeElementsAttrs(16).elideLargeResourceString(64));
      return true;
    }
    std::string precision = made.segments.empty() ? driver::lowestProduct(options) : made.provenance.precision;
    made.provenance = {"ncc 0.1.0", canonical(options), device.name, modelHash.get(), graphName(), precision};
    made.weightOwner = workspace;
    result.model = std::move(made);
    return timed("plan", [&] { return finishPlan(main, std::move(total), result.model); });
  }

  bool finishPlan(func::FuncOp main, Report total, neff::Model &made) {
    std::vector<emit::HostStep> steps;
    absl::Status status = emit::emitPlan(main, made, steps);
    neff::shareWithParts(made);
    status = status.ok() ? neff::verifyModel(made) : status;
    absl::StatusOr<sim::TimingReport> simulated = status.ok() ? sim::simulateTiming(made) : status;
    if (!simulated.ok()) {
      bool missing = simulated.status().code() == absl::StatusCode::kUnimplemented;
      diagnostics.report(missing ? Code::CompileFailed : Code::InternalError, std::string(simulated.status().message()));
      return false;
    }
    total.phases = std::move(summary.phases);
    summary = std::move(total);
    reportBasics();
    summary.latencyNs = simulated->latencyNs;
    summary.throughput = simulated->throughput;
    summary.utilization = simulated->utilization;
    for (const emit::HostStep &step : steps) {
      summary.hostSteps.push_back({step.node, step.kernel});
    }
    return true;
  }

  LogicalResult report(mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error) {
      return success();
    }
    std::string advice;
    for (mlir::Diagnostic &note : diagnostic.getNotes()) {
      advice = note.getSeverity() == mlir::DiagnosticSeverity::Note && advice.empty() ? note.str() : advice;
    }
    diagnostics.report(Code::CompileFailed, diagnostic.str(), graph::nodeName(diagnostic.getLocation()), {}, advice);
    return success();
  }

  bool checkOptions(const hw::DeviceSpec &target) {
    int most = target.coresPerChip * std::max(1, target.chipsPerHost);
    if (options.cores < 1 || options.cores > most) {
      diagnostics.report(Code::BadOption, "--cores " + std::to_string(options.cores) + " is not between 1 and " + std::to_string(most) +
                                              ", the cores of the largest " + target.name + " host");
      return false;
    }
    if (options.quantizeInt8 && options.calibrationData.empty()) {
      diagnostics.report(Code::BadOption, "--quantize int8 needs --calibration-data DIR");
      return false;
    }
    return true;
  }

  template <typename Fn>
  bool timed(const char *name, Fn &&fn) {
    if (progress) {
      progress(name);
    }
    Clock::time_point begin = Clock::now();
    size_t errors = diagnostics.errorCount();
    bool ok = fn();
    auto known = llvm::find_if(summary.phases, [&](const PhaseReport &phase) { return phase.name == name; });
    if (known == summary.phases.end()) {
      summary.phases.push_back({name, 0, 0});
      known = std::prev(summary.phases.end());
    }
    known->seconds += since(begin);
    known->peakMb = peakMegabytes();
    if (!ok && diagnostics.errorCount() == errors) {
      diagnostics.report(Code::InternalError, std::string("the phase '") + name + "' failed without a reason");
    }
    return ok;
  }

  bool import() {
    return timed("import", [&] {
      module = driver::importModel(workspace->context, model, options, diagnostics);
      if (!module || !driver::everyValueFits(*module, device, diagnostics) || !driver::interfaceFits(*module, options.cores, device, diagnostics)) {
        return false;
      }
      auto main = module->lookupSymbol<func::FuncOp>("main");
      if (padding) {
        maskLengths = padding->masks.lengths(main);
        padding->masks.apply(main);
      }
      inputs = driver::tensorsOf(main, true);
      outputs = driver::tensorsOf(main, false);
      return true;
    });
  }

  bool readSamples(Samples &samples) {
    if (!driver::readSamples(options.calibrationData, inputs.size(), samples, diagnostics)) {
      return false;
    }
    for (const std::vector<Tensor> &sample : samples) {
      for (size_t i = 0; i < sample.size(); ++i) {
        if (sample[i].dtype() != inputs[i].dtype || sample[i].shape() != inputs[i].shape) {
          diagnostics.report(Code::BadOption, "--calibration-data: a sample of input '" + inputs[i].name + "' is " + shapeString(sample[i].shape()) +
                                                  ", the model takes " + shapeString(inputs[i].shape));
          return false;
        }
      }
    }
    return true;
  }

  /// What each segment of a model with stages is given while the whole runs on the samples.
  bool sampleSegments(func::FuncOp main, llvm::DenseMap<Operation *, Samples> &given) {
    Samples samples;
    if (!readSamples(samples)) {
      return false;
    }
    for (const std::vector<Tensor> &sample : samples) {
      auto outputs = graph::evaluateFunctionValues(main, std::vector<ops::Value>(sample.begin(), sample.end()), {}, [&](func::FuncOp callee, absl::Span<const ops::Value> values) {
        std::vector<Tensor> tensors;
        llvm::transform(values, std::back_inserter(tensors), [](const ops::Value &value) { return value.tensor(); });
        given[callee].push_back(std::move(tensors));
      });
      if (!outputs.ok()) {
        diagnostics.report(Code::EvaluationFailed, std::string(outputs.status().message()));
        return false;
      }
    }
    return true;
  }

  // Ranges of all values over the samples, as attributes for the quantize phase. A segment that no sample reached stays
  // without: its products stay what they are.
  bool calibrateRanges() {
    Samples samples;
    if (segmentSamples) {
      samples = std::move(*segmentSamples);
    } else if (!readSamples(samples)) {
      return false;
    }
    if (samples.empty()) {
      return true;
    }
    absl::Status status = calibrate::calibrate(module->lookupSymbol<func::FuncOp>("main"), samples);
    if (!status.ok()) {
      diagnostics.report(Code::EvaluationFailed, std::string(status.message()));
    }
    return status.ok();
  }

  void preparePipeline() {
    pipeline = driver::pipelineOptions(options, device);
    pipeline.placements = &placements;
  }

  static size_t partitionPhase() { return driver::phaseNamed("partition"); }

  bool runPhases(size_t first, size_t last, Stage stop) {
    bool graphLevel = true;
    for (const Phase &phase : allPhases().subspan(first, last - first)) {
      std::string_view name = phase.name;
      if ((stop == Stage::Graph && name == "lower") || (stop == Stage::Tile && name == "memory")) {
        break;
      }
      if (name == "lower") {
        countOps();
        if (!fewInstructions()) {
          return false;
        }
      }
      if (name == "quantize" && options.quantizeInt8 && !timed("calibrate", [&] { return calibrateRanges(); })) {
        return false;
      }
      bool ok = timed(phase.name, [&] {
        PassManager passes(&workspace->context);
        passes.enableVerifier(graphLevel);
        phase.build(passes, pipeline);
        return succeeded(passes.run(*module));
      });
      if (!ok || (name == "memory" && !driver::programsFit(*module, device, diagnostics))) {
        return false;
      }
      graphLevel &= name != "lower";
    }
    return true;
  }

  // Compiles divisions of the model until one is good; its module, model and figures stay.
  bool divideOverCores() {
    OwningOpRef<ModuleOp> whole = std::move(module);
    auto compile = [&](partition::Parallel kind, const std::vector<double> &opCosts) -> std::optional<driver::Division> {
      module = options.cores == 1 ? std::move(whole) : OwningOpRef<ModuleOp>(whole->clone());
      pipeline.parallel = kind;
      pipeline.opCosts = opCosts;
      placements.clear();
      summary.graphOps.clear();
      if (!runPhases(partitionPhase(), allPhases().size(), Stage::Neff)) {
        return std::nullopt;
      }
      return emitDivision();
    };
    auto keep = [&] {
      finishReport();
      best = std::move(emitted);
    };
    return driver::divide(options.cores, pipeline.parallel, compile, keep);
  }

  bool fewInstructions() {
    int64_t expected = lower::expectedInstructions(*module, device);
    if (expected > options.maxInstructions) {
      diagnostics.report(Code::TooManyInstructions, "the model would take about " + std::to_string(expected) + " instructions; programs of up to " +
                                                        std::to_string(options.maxInstructions) + " are compiled");
    }
    return expected <= options.maxInstructions;
  }

  void countOps() {
    llvm::DenseSet<Attribute> kept;
    summary.keptBytes = 0;
    module->walk([&](Operation *op) {
      if (auto constant = dyn_cast<graph::ConstantOp>(op); constant && !constant->use_empty() && kept.insert(constant.getValueAttr()).second) {
        summary.keptBytes += partition::bytesOf(constant.getType());
      }
      if (llvm::isa<graph::GraphDialect>(op->getDialect()) && !llvm::isa<graph::ConstantOp, graph::YieldOp, graph::FusionOp>(op)) {
        ++summary.graphOps[op->getName().stripDialect().str()];
      }
    });
  }

  // The stages' figures, from the attributes the passes left and from the simulator.
  void finishReport() {
    summary.instructions.clear();
    summary.stages.clear();
    summary.firmware.clear();
    summary.engineElements = summary.firmwareElements = 0;
    summary.engineMacs = summary.firmwareMacs = 0;
    summary.latencyNs = timing.latencyNs;
    summary.throughput = timing.throughput;
    summary.utilization = timing.utilization;
    reportBasics();
    auto partition = (*module)->getAttrOfType<DictionaryAttr>("ncc.partition");
    summary.parallel = partition.getAs<StringAttr>("kind").str();
    auto replicas = partition.getAs<IntegerAttr>("replicas").getInt();
    summary.macs = partition.getAs<FloatAttr>("macs").getValueAsDouble();
    for (auto program : module->getOps<core::ProgramOp>()) {
      addStage(program);
    }
    for (int replica = 1; replica < replicas; ++replica) {
      summary.stages.push_back(summary.stages.front());
      summary.stages.back().core = replica;
    }
    for (const lower::Placement &placement : placements) {
      (placement.firmware ? summary.firmwareElements : summary.engineElements) += placement.elements;
      (placement.firmware ? summary.firmwareMacs : summary.engineMacs) += placement.macs;
      if (placement.firmware) {
        summary.firmware.push_back({placement.node, placement.op, placement.elements, placement.macs});
      }
    }
  }

  void reportBasics() {
    summary.model = fileName();
    summary.target = device.name;
    summary.sbufBytesPerPartition = device.sbufBytesPerPartition;
    summary.psumBytesPerPartition = device.psumBytesPerPartition;
    summary.cores = options.cores;
    static const char *precisions[] = {"as in the model", "matrix products in ", "floats in "};
    summary.precision = std::string(options.quantizeInt8 ? "int8 products where ranges are known, else " : "") +
                        precisions[static_cast<int>(options.autoCast)];
    if (options.autoCast != AutoCast::None) {
      summary.precision += std::string(options.autoCastType == CastType::Bf16 ? "bf16" : "fp16") +
                           (options.autoCast == AutoCast::Matmult ? ", but small ones, and the rest, as in the model (--auto-cast none keeps all)" : "");
    }
  }

  void addStage(core::ProgramOp program) {
    StageReport stage;
    stage.core = static_cast<int>(program.getCore());
    for (const sim::CoreTiming &core : timing.cores) {
      stage.intervalNs = static_cast<int>(core.core) == stage.core ? core.intervalNs : stage.intervalNs;
    }
    auto statistics = program->getAttrOfType<DictionaryAttr>("statistics");
    auto figure = [&](StringRef name) { return statistics ? statistics.getAs<IntegerAttr>(name).getInt() : 0; };
    stage.sbufPeak = figure("sbuf_peak");
    stage.psumPeak = figure("psum_peak");
    stage.resident = figure("resident");
    stage.scratchBytes = figure("scratch");
    stage.pageIns = figure("page_ins");
    stage.pagedInBytes = figure("paged_in_bytes");
    stage.pagedOutBytes = figure("paged_out_bytes");
    for (auto op : program.getRun().getOps<core::InstructionOpInterface>()) {
      ++stage.instructions;
      std::string_view engine = isa::enumName(isa::header(op.instruction()).engine);
      ++summary.instructions[std::string(engine)];
    }
    summary.stages.push_back(stage);
  }

  // The module as a model in `emitted`, and what the simulator says of it.
  std::optional<driver::Division> emitDivision() {
    driver::Division division;
    bool ok = timed("emit", [&] {
      auto partition = (*module)->getAttrOfType<DictionaryAttr>("ncc.partition");
      auto replicas = static_cast<int>(partition.getAs<IntegerAttr>("replicas").getInt());
      emit::ModelInfo info;
      info.inputs = inputs;
      info.outputs = outputs;
      info.replicas = replicas;
      for (int replica = 0; replica < replicas && replicas > 1; ++replica) {
        info.groups.push_back({{static_cast<uint32_t>(replica)}, {}, {}});
      }
      info.usefulMacs = partition.getAs<FloatAttr>("macs").getValueAsDouble();
      info.usefulMacsRate = partition.getAs<FloatAttr>("weighted_macs").getValueAsDouble();
      info.provenance = {"ncc 0.1.0", canonical(options), device.name, modelHash.get(), graphName(), driver::lowestProduct(options)};
      // The context holds the constants; the module itself may go, but its storage belongs to the context.
      absl::StatusOr<neff::Model> made = ncc::emit::emitModel(*module, device, std::move(info), workspace);
      absl::Status status = made.ok() ? neff::verifyModel(*made) : made.status();
      absl::StatusOr<sim::TimingReport> simulated = status.ok() ? sim::simulateTiming(*made) : status;
      if (!simulated.ok()) {
        diagnostics.report(Code::InternalError, std::string(simulated.status().message()));
        return false;
      }
      emitted = *std::move(made);
      timing = *std::move(simulated);
      const bool narrow = timing.matmulType == DType::F16 || timing.matmulType == DType::BF16;
      if (narrow && llvm::any_of(timing.cores, [](const sim::CoreTiming &core) { return core.macs > 0; })) { // a model in 16 bits stays so
        emitted.provenance.precision = std::string(dtypeName(timing.matmulType));
      }
      division.intervalNs = timing.intervalNs;
      for (const sim::CoreTiming &core : timing.cores) {
        division.stageNs.push_back(core.intervalNs);
      }
      llvm::append_range(division.ends, partition.getAs<DenseI64ArrayAttr>("ends").asArrayRef());
      llvm::append_range(division.opCosts, partition.getAs<DenseF64ArrayAttr>("op_costs").asArrayRef());
      return true;
    });
    return ok ? std::optional(std::move(division)) : std::nullopt;
  }

  /// What a NEFF is called: nothing in it depends on where the model's file lay.
  std::string graphName() const { return model.proto().graph().name(); }
  std::string fileName() const { return model.path().substr(model.path().find_last_of('/') + 1); }

  const frontend::Model &model;
  const Options &options;
  ncc::DiagnosticEngine &diagnostics;
  const Progress &progress;
  Clock::time_point start;
  std::shared_ptr<Workspace> workspace;
  const driver::BucketPadding *padding; // of a bucket
  std::vector<std::vector<int64_t>> maskLengths;
  ScopedDiagnosticHandler handler;
  hw::DeviceSpec device;
  OwningOpRef<ModuleOp> module;
  std::vector<neff::TensorInfo> inputs, outputs;
  std::vector<lower::Placement> placements;
  std::optional<Samples> segmentSamples; // for int8, of the segment being compiled
  PipelineOptions pipeline;
  std::shared_future<std::string> modelHash; // of the file, made beside everything else
  neff::Model emitted;       // of the division compiled last
  sim::TimingReport timing;
  neff::Model best;          // of the best division
  Report summary;
};

/// The buckets as one model, and the report of the whole.
class BucketCompiler {
public:
  BucketCompiler(const frontend::Model &model, const Options &options, ncc::DiagnosticEngine &diagnostics, const Progress &progress)
      : model(model), options(options), diagnostics(diagnostics), progress(progress), workspace(std::make_shared<Workspace>(options.jobs)) {}

  std::optional<Compilation> run(const std::vector<Options> &list, Stage stop) {
    const Clock::time_point start = Clock::now();
    Compilation result;
    emit::Join join(result.model);
    if (progress) {
      progress("padding");
    }
    const std::vector<driver::BucketPadding> paddings = driver::provePadding(model, list, options);
    result.report.phases.push_back({"padding", since(start), peakMegabytes()});
    for (size_t i = 0; i < list.size(); ++i) {
      const Options &one = list[i];
      std::optional<Compilation> part = Compiler(model, one, diagnostics, progress, workspace, &paddings[i]).run(stop);
      if (!part) {
        return std::nullopt;
      }
      result.text += part->text;
      if (stop == Stage::Neff) {
        note(one, *part, result.report);
        part->model.report.clear();
        result.model.provenance = part->model.provenance;
        result.model.device = part->model.device;
        join.addBucket(std::move(part->model));
      }
    }
    if (stop == Stage::Neff && !finish(result, since(start))) {
      return std::nullopt;
    }
    return result;
  }

private:
  /// Adds a line for the bucket; the figures of the whole become those of the last one, the largest.
  void note(const Options &one, const Compilation &part, Report &whole) {
    BucketReport bucket;
    for (const auto &[input, shape] : one.shapes) {
      bucket.shapes += (bucket.shapes.empty() ? "" : " ") + input + "=" + shapeString(Shape(shape.begin(), shape.end()));
    }
    bucket.latencyNs = part.report.latencyNs;
    bucket.throughput = part.report.throughput;
    bucket.seconds = part.report.seconds;
    bucket.padded = static_cast<int64_t>(part.model.padded.size());
    bucket.unpadded = part.model.unpadded;
    std::vector<BucketReport> buckets = std::move(whole.buckets);
    std::vector<PhaseReport> phases = std::move(whole.phases);
    whole = part.report;
    whole.buckets = std::move(buckets);
    whole.buckets.push_back(std::move(bucket));
    for (size_t i = 0; i < phases.size(); ++i) { // time of all buckets
      auto same = llvm::find_if(whole.phases, [&](const PhaseReport &phase) { return phase.name == phases[i].name; });
      if (same != whole.phases.end()) {
        same->seconds += phases[i].seconds;
      } else {
        whole.phases.push_back(phases[i]);
      }
    }
  }

  bool finish(Compilation &result, double seconds) {
    neff::Model &made = result.model;
    made.provenance.options = canonical(options);
    made.usefulMacs = made.buckets.back().usefulMacs;
    made.usefulMacsRate = made.buckets.back().usefulMacsRate;
    made.weightOwner = workspace;
    made.outputs = made.buckets.back().outputs;
    made.inputs.assign(made.buckets.back().inputs.begin(), made.buckets.back().inputs.begin() + static_cast<std::ptrdiff_t>(model.openInputs().size()));
    for (size_t i = 0; i < made.inputs.size(); ++i) {
      made.inputs[i].shape = openShape(made.typeOfInput(i));
    }
    for (size_t i = 0; i < made.outputs.size(); ++i) {
      made.outputs[i].shape = openShape(made.typeOfOutput(i));
    }
    neff::shareWithParts(made);
    if (absl::Status status = neff::verifyModel(made); !status.ok()) {
      diagnostics.report(Code::InternalError, std::string(status.message()));
      return false;
    }
    result.report.weightBytes = static_cast<int64_t>(made.weightBytes);
    made.report = result.report.json(false);
    result.report.seconds = seconds;
    return true;
  }

  /// 0 for what only a call says.
  static Shape openShape(const ValueType &type) {
    Shape shape = type.isTensor() ? type.shape : Shape();
    std::replace(shape.begin(), shape.end(), kUnknownDim, int64_t{0});
    return shape;
  }

  const frontend::Model &model;
  const Options &options;
  ncc::DiagnosticEngine &diagnostics;
  const Progress &progress;
  std::shared_ptr<Workspace> workspace;
};

/// The values of inputs that callers may leave out, among the weights.
bool addDefaults(const frontend::Model &model, neff::Model &made, ncc::DiagnosticEngine &diagnostics) {
  made.frozen = model.frozenInputs();
  for (size_t i = 0; i < made.inputs.size(); ++i) {
    const onnx::TensorProto *proto = model.defaultOf(made.inputs[i].name);
    if (!proto) {
      continue;
    }
    absl::StatusOr<Tensor> value = model.tensor(*proto);
    if (!value.ok()) {
      diagnostics.report(Code::BadTensor, std::string(value.status().message()));
      return false;
    }
    auto kept = std::make_shared<const Tensor>(*std::move(value));
    made.defaults.push_back({static_cast<uint32_t>(i), made.addWeights(kept->data(), kept->byteSize(), kept)});
  }
  neff::shareWithParts(made);
  return true;
}

} // namespace

std::optional<Compilation> ncc::compile(const frontend::Model &model, const Options &options, ncc::DiagnosticEngine &diagnostics, Stage stop,
                                        const Progress &progress) {
  std::optional<std::vector<Options>> list = driver::bucketOptions(model, options, diagnostics);
  if (!list) {
    return std::nullopt;
  }
  std::optional<Compilation> made = list->size() > 1 ? BucketCompiler(model, options, diagnostics, progress).run(*list, stop)
                                                     : Compiler(model, list->front(), diagnostics, progress, std::make_shared<Workspace>(options.jobs)).run(stop);
  if (made) {
    made->sources = model.files();
  }
  if (made && stop == Stage::Neff && !addDefaults(model, made->model, diagnostics)) {
    return std::nullopt;
  }
  return made;
}

std::optional<Compilation> ncc::compileFile(const std::string &path, const Options &options, ncc::DiagnosticEngine &diagnostics, Stage stop,
                                            const Progress &progress) {
  std::unique_ptr<frontend::Model> model = loadModel(path, diagnostics, options.defaults);
  return model ? compile(*model, options, diagnostics, stop, progress) : std::nullopt;
}

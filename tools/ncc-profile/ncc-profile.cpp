// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the device would need for a NEFF, by the timing simulator.

#include "runtime/neff/Json.h"
#include "runtime/neff/OutputFile.h"
#include "runtime/neff/Reader.h"
#include "runtime/sim/Timing.h"
#include "runtime/tensor/Printable.h"
#include "tools/support/Limits.h"

#include <cmath>
#include <fstream>

using namespace ncc;
using namespace ncc::tools;

namespace {

const char *kHelp = R"(usage: ncc-profile MODEL.neff [--json] [--trace TRACE.json] [--top N] [--bucket N] [--limit KEY=N]
Times of the device the NEFF was compiled for, by simulation. The trace opens in https://ui.perfetto.dev.
Of a model compiled for several shapes, bucket N (default: the last, which is the largest). --limit as for ncc-run; memory is that of the simulation.
Exit codes as ncc-run.
)";

std::string nodeName(const neff::Model &model, uint32_t node) {
  return node > 0 && node <= model.nodes.size() ? model.nodes[node - 1].name : "";
}

neff::Json toJson(const neff::Model &model, const sim::TimingReport &r, const hw::DeviceSpec &spec, size_t top) {
  neff::Json json;
  json["device"] = spec.name;
  json["cores"] = r.cores.size();
  json["cycles"] = static_cast<int64_t>(r.latencyNs * r.baseGhz);
  json["latency_ms"] = r.latencyNs * 1e-6;
  json["interval_ms"] = r.intervalNs * 1e-6;
  json["throughput"] = r.throughput;
  json["utilization"] = r.utilization;
  json["roofline_ms"] = r.rooflineNs * 1e-6;
  for (int e = 0; e < 5; ++e) {
    auto engine = static_cast<isa::Engine>(e);
    json["engines"][std::string(isa::enumName(engine))] = {{"busy", r.busy(engine)}};
  }
  int64_t sbuf = 0, psum = 0;
  double macs = 0, dram = 0;
  json["per_core"] = neff::Json::array();
  for (const sim::CoreTiming &c : r.cores) {
    sbuf = std::max(sbuf, c.sbufPeakBytes);
    psum = std::max(psum, c.psumPeakBytes);
    macs += c.macs;
    dram += c.dramBytes;
    json["per_core"].push_back({{"core", c.core}, {"latency_ms", c.latencyNs * 1e-6}, {"interval_ms", c.intervalNs * 1e-6}, {"macs", c.macs}, {"dram_bytes", c.dramBytes}});
  }
  json["macs"] = macs;
  json["useful_macs"] = model.usefulMacs;
  json["dram_bytes"] = dram;
  json["sbuf_peak_bytes_per_partition"] = sbuf;
  json["psum_peak_bytes_per_partition"] = psum;
  json["top_nodes"] = neff::Json::array();
  for (size_t i = 0; i < r.nodes.size() && i < top; ++i) {
    const sim::NodeTiming &n = r.nodes[i];
    neff::Json item = {{"node", nodeName(model, n.node)}, {"total_us", n.totalNs * 1e-3}};
    for (int e = 0; e < 5; ++e) {
      item[std::string(isa::enumName(static_cast<isa::Engine>(e))) + "_us"] = n.engineNs[static_cast<size_t>(e)] * 1e-3;
    }
    json["top_nodes"].push_back(item);
  }
  if (spec.pricePerChipHour > 0 && r.throughput > 0) {
    double chips = std::ceil(static_cast<double>(r.cores.size()) / spec.coresPerChip);
    json["cost_per_million"] = 1e6 / r.throughput * chips * spec.pricePerChipHour / 3600;
  }
  return json;
}

void print(const neff::Json &j) {
  auto number = [&](const char *key) { return j[key].get<double>(); };
  std::printf("%s, %d core(s)\n", printable(j["device"].get<std::string>()).c_str(), j["cores"].get<int>());
  std::printf("latency      %10.4f ms  (%lld cycles)\n", number("latency_ms"), static_cast<long long>(number("cycles")));
  std::printf("steady state %10.1f inferences/s, one each %.4f ms\n", number("throughput"), number("interval_ms"));
  std::printf("utilization  %10.1f %% of peak; roofline %.4f ms\n", 100 * number("utilization"), number("roofline_ms"));
  std::printf("busy        ");
  for (auto &[name, engine] : j["engines"].items()) {
    std::printf(" %s %.0f %%", name.c_str(), 100 * engine["busy"].get<double>());
  }
  std::printf("\npeaks        SBUF %.0f, PSUM %.0f bytes a partition; DRAM traffic %.2f MB\n", number("sbuf_peak_bytes_per_partition"),
              number("psum_peak_bytes_per_partition"), number("dram_bytes") * 1e-6);
  if (j.contains("cost_per_million")) {
    std::printf("cost         %10.4f USD per million inferences\n", number("cost_per_million"));
  }
  std::printf("%12s %10s %10s %10s %10s %10s  node\n", "engine us", "tensor", "vector", "scalar", "gpsimd", "dma");
  for (const neff::Json &n : j["top_nodes"]) {
    std::printf("%12.1f %10.1f %10.1f %10.1f %10.1f %10.1f  %s\n", n["total_us"].get<double>(), n["tensor_us"].get<double>(), n["vector_us"].get<double>(),
                n["scalar_us"].get<double>(), n["gpsimd_us"].get<double>(), n["dma_us"].get<double>(), printable(n["node"].get<std::string>()).c_str());
  }
}

int run(const Args &args);

} // namespace

int main(int argc, char **argv) {
  Args args(argc, argv, {"trace", "top", "bucket", "limit"}, {"json"}, kHelp);
  return guardedMain(args.has("json"), [&] { return run(args); });
}

namespace {

int run(const Args &args) {
  if (args.positional.size() != 1) {
    Args::fail("expected one NEFF");
  }
  auto model = neff::readModel(args.positional[0], {.checkWeightHash = false, .memoryBytes = limitsOf(args).memory});
  if (!model.ok()) {
    return failure(kBadModel, model.status(), args.has("json"));
  }
  if (!model->buckets.empty()) {
    const double index = args.number("bucket", static_cast<double>(model->buckets.size() - 1));
    if (index < 0 || index >= static_cast<double>(model->buckets.size())) {
      Args::fail("the model has " + std::to_string(model->buckets.size()) + " buckets");
    }
    neff::Model bucket = std::move(model->buckets[static_cast<size_t>(index)]);
    *model = std::move(bucket);
  }
  auto report = sim::simulateTiming(*model, {.trace = args.has("trace"), .limits = limitsOf(args)});
  auto spec = hw::parseDevice(model->device);
  if (!report.ok() || !spec.ok()) {
    return failure(kRunFailed, report.ok() ? spec.status() : report.status(), args.has("json"));
  }
  if (args.has("trace")) {
    const std::string path = args.text("trace");
    absl::Status status = neff::checkOutput(path, {args.positional[0]});
    status = status.ok() ? neff::writeWholeFile(path, sim::traceJson(*model, *report)) : status;
    if (!status.ok()) {
      return failure(kBadInput, Code::OutputUnwritable, std::string(status.message()), args.has("json"));
    }
  }
  neff::Json json = toJson(*model, *report, *spec, static_cast<size_t>(args.number("top", 12)));
  if (args.has("json")) {
    std::puts(neff::dumpJson(json, 2).c_str());
  } else {
    print(json);
  }
  return kOk;
}

} // namespace

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rendering of reports.
#include "compiler/driver/Report.h"

#include "runtime/tensor/Printable.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <sys/resource.h>

using namespace ncc;

double ncc::peakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void Report::add(const Report &part) {
  parallel = stages.empty() ? part.parallel : parallel;
  for (const auto &[name, count] : part.graphOps) {
    graphOps[name] += count;
  }
  for (const auto &[name, count] : part.instructions) {
    instructions[name] += count;
  }
  stages.insert(stages.end(), part.stages.begin(), part.stages.end());
  firmware.insert(firmware.end(), part.firmware.begin(), part.firmware.end());
  engineElements += part.engineElements;
  firmwareElements += part.firmwareElements;
  engineMacs += part.engineMacs;
  firmwareMacs += part.firmwareMacs;
  macs += part.macs;
  keptBytes += part.keptBytes;
}

double Report::balance() const {
  double sum = 0, most = 0;
  for (const StageReport &stage : stages) {
    sum += stage.intervalNs;
    most = std::max(most, stage.intervalNs);
  }
  return sum > 0 ? most * static_cast<double>(stages.size()) / sum : 1;
}

std::string Report::json(bool timing) const {
  nlohmann::ordered_json json;
  if (timing) { // what depends on more than the model, options and target stays out of a NEFF
    json["model"] = model;
  }
  json["target"] = target;
  json["cores"] = cores;
  json["parallel"] = parallel;
  json["precision"] = precision;
  json["macs"] = macs;
  json["weight_bytes"] = weightBytes;
  json["kept_bytes"] = keptBytes;
  json["ops"] = graphOps;
  json["instructions"] = instructions;
  json["predicted"] = {{"latency_ms", latencyNs / 1e6}, {"throughput", throughput}, {"utilization", utilization}};
  json["stages"] = nlohmann::ordered_json::array();
  for (const StageReport &s : stages) {
    json["stages"].push_back({{"core", s.core}, {"interval_us", s.intervalNs / 1000}, {"instructions", s.instructions},
                              {"sbuf_peak_bytes_per_partition", s.sbufPeak}, {"psum_peak_bytes_per_partition", s.psumPeak},
                              {"resident_bytes_per_partition", s.resident}, {"scratch_bytes", s.scratchBytes}, {"page_ins", s.pageIns},
                              {"paged_in_bytes", s.pagedInBytes}, {"paged_out_bytes", s.pagedOutBytes}});
  }
  json["stage_max_over_mean"] = balance();
  json["firmware"] = nlohmann::ordered_json::array();
  for (const FirmwareReport &f : firmware) {
    json["firmware"].push_back({{"node", f.node}, {"op", f.op}, {"elements", f.elements}, {"macs", f.macs}});
  }
  if (!hostSteps.empty()) { // only then, so that nothing changes for models without
    for (const FirmwareReport &step : hostSteps) {
      json["host"].push_back({{"node", step.node}, {"op", step.op}});
    }
  }
  for (const BucketReport &bucket : buckets) {
    json["buckets"].push_back({{"shapes", bucket.shapes}, {"latency_ms", bucket.latencyNs / 1e6}, {"throughput", bucket.throughput}, {"padded_shapes", bucket.padded},
                               {"unpadded", bucket.unpadded}});
  }
  json["engine_elements"] = engineElements;
  json["firmware_elements"] = firmwareElements;
  json["engine_macs"] = engineMacs;
  json["firmware_macs"] = firmwareMacs;
  if (timing) {
    json["neff_bytes"] = neffBytes;
    json["seconds"] = seconds;
    json["peak_mb"] = peakMb;
    for (const PhaseReport &phase : phases) {
      json["phases"].push_back({{"name", phase.name}, {"seconds", phase.seconds}, {"peak_mb", phase.peakMb}});
    }
  }
  return json.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

namespace {

std::string line(const char *format, ...) __attribute__((format(printf, 1, 2)));
double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 100; }
std::string line(const char *format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

} // namespace

std::string Report::summary() const {
  int64_t ops = 0, all = 0, sbuf = 0, psum = 0, paged = 0;
  for (const auto &[name, count] : graphOps) {
    ops += count;
  }
  for (const auto &[name, count] : instructions) {
    all += count;
  }
  for (const StageReport &stage : stages) {
    sbuf = std::max(sbuf, stage.sbufPeak);
    psum = std::max(psum, stage.psumPeak);
    paged += stage.pagedInBytes + stage.pagedOutBytes;
  }
  std::string text;
  text += line("model         %s: %lld ops, %.2f G multiply-adds, %.1f MB of weights\n", printable(model).c_str(), static_cast<long long>(ops), macs / 1e9,
               static_cast<double>(weightBytes) / 1e6);
  text += line("target        %s, %d core%s, %s\n", target.c_str(), cores, cores == 1 ? "" : "s", cores == 1 ? "no partition" : parallel.c_str());
  text += line("precision     %s\n", precision.c_str());
  if (stages.size() > 1) {
    text += "stages       ";
    for (size_t i = 0; i < stages.size() && i < 16; ++i) {
      text += line(" %.0f", stages[i].intervalNs / 1000);
    }
    text += line(" us predicted; slowest / mean %.2f\n", balance());
  }
  text += line("on chip       SBUF %.0f of %.0f KiB, PSUM %.1f of %.0f KiB per partition; paging %.1f MB\n", static_cast<double>(sbuf) / 1024,
               static_cast<double>(sbufBytesPerPartition) / 1024, static_cast<double>(psum) / 1024, static_cast<double>(psumBytesPerPartition) / 1024,
               static_cast<double>(paged) / 1e6);
  text += line("instructions  %lld", static_cast<long long>(all));
  for (const auto &[name, count] : instructions) {
    text += line(", %s %lld", name.c_str(), static_cast<long long>(count));
  }
  text += "\n";
  text += line("engines       %.1f %% of the multiply-adds, %.1f %% of the elements", percent(engineMacs, engineMacs + firmwareMacs),
               percent(static_cast<double>(engineElements), static_cast<double>(engineElements + firmwareElements)));
  for (size_t i = 0; i < firmware.size() && i < 6; ++i) {
    text += (i ? ", " : "; GpSimd firmware: ") + printable(firmware[i].node + " (" + firmware[i].op + ")");
  }
  text += firmware.size() > 6 ? line(" and %zu more\n", firmware.size() - 6) : "\n";
  for (size_t i = 0; i < hostSteps.size() && i < 6; ++i) {
    text += (i ? ", " : "host          ") + printable(hostSteps[i].node + " (" + hostSteps[i].op + ")");
  }
  text += hostSteps.empty() ? "" : hostSteps.size() > 6 ? line(" and %zu more\n", hostSteps.size() - 6) : "\n";
  for (size_t i = 0; i < buckets.size() && i < 16; ++i) {
    const BucketReport &b = buckets[i];
    text += (i ? "              " : "buckets       ") + printable(b.shapes) + line(": %.3f ms, %lld smaller shapes padded", b.latencyNs / 1e6, static_cast<long long>(b.padded));
    text += b.unpadded.empty() ? "\n" : "; " + printable(b.unpadded) + "\n";
  }
  text += buckets.size() > 16 ? line("              and %zu more\n", buckets.size() - 16) : "";
  text += line("predicted     %.3f ms latency, %.1f inferences/s, %.1f %% utilization\n", latencyNs / 1e6, throughput, 100 * utilization);
  if (neffBytes > 0) {
    text += line("NEFF          %.1f MB", static_cast<double>(neffBytes) / 1e6);
    text += keptBytes > 0 ? line(", %.3f x the constants it keeps\n", static_cast<double>(neffBytes) / static_cast<double>(keptBytes)) : "\n";
  }
  text += line("compiled in   %.2f s, %.0f MB\n", seconds, peakMb);
  return text;
}

std::string Report::timingTable() const {
  std::string text = line("%-12s %9s %9s\n", "phase", "seconds", "peak MB");
  for (const PhaseReport &phase : phases) {
    text += line("%-12s %9.3f %9.0f\n", phase.name.c_str(), phase.seconds, phase.peakMb);
  }
  return text;
}

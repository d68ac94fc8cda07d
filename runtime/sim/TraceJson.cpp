// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Json.h"
#include "runtime/sim/Timing.h"

#include "absl/strings/str_format.h"

#include <set>

namespace ncc::sim {

namespace {

std::string trackName(uint16_t track) {
  if (track < 6 && track != static_cast<uint16_t>(isa::Engine::Dma)) {
    return std::string(isa::enumName(static_cast<isa::Engine>(track)));
  }
  return "dma queue " + std::to_string(track >= 6 ? track - 6 : 0);
}

} // namespace

std::string traceJson(const neff::Model &model, const TimingReport &report) {
  std::string out = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
  std::set<std::pair<uint32_t, uint16_t>> tracks;
  for (const TraceEvent &e : report.trace) {
    tracks.insert({e.core, e.track});
  }
  uint32_t lastCore = UINT32_MAX;
  for (auto [core, track] : tracks) {
    if (core != lastCore) {
      absl::StrAppendFormat(&out, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":{\"name\":\"core %d\"}},\n", core, core);
      lastCore = core;
    }
    absl::StrAppendFormat(&out, "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%d,\"tid\":%d,\"args\":{\"name\":\"%s\"}},\n", core, track, trackName(track));
  }
  for (size_t i = 0; i < report.trace.size(); ++i) {
    const TraceEvent &e = report.trace[i];
    std::string name(isa::opcodeName(e.opcode)), node;
    if (e.node > 0 && e.node <= model.nodes.size()) {
      node = model.nodes[e.node - 1].op + " " + model.nodes[e.node - 1].name;
    }
    absl::StrAppendFormat(&out, "{\"ph\":\"X\",\"name\":\"%s\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"node\":%s}}%s\n", name, e.core,
                          e.track, e.startNs / 1000, e.durationNs / 1000, neff::dumpJson(node), i + 1 < report.trace.size() ? "," : "");
  }
  if (report.trace.empty() && !tracks.empty()) {
    out.erase(out.size() - 2, 1);
  }
  return out + "]}\n";
}

} // namespace ncc::sim

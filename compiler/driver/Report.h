// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a compilation tells about its result: as JSON, and as one screen of text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ncc {

struct StageReport {
  int core = 0;
  double intervalNs = 0; // between two inferences, by the timing simulator
  int64_t instructions = 0;
  int64_t sbufPeak = 0, psumPeak = 0, resident = 0; // bytes per partition
  int64_t scratchBytes = 0, pageIns = 0, pagedInBytes = 0, pagedOutBytes = 0;
};

/// A node that runs as a firmware kernel instead of on the engines.
struct FirmwareReport {
  std::string node, op;
  int64_t elements = 0;
  double macs = 0;
};

struct PhaseReport {
  std::string name;
  double seconds = 0;
  double peakMb = 0; // of the process, after the phase
};

/// One set of shapes of a model compiled for several.
struct BucketReport {
  std::string shapes;    // "ids=1x16 mask=1x16"
  double latencyNs = 0, throughput = 0;
  double seconds = 0;    // of the compilation
  int64_t padded = 0;    // how many smaller shapes it serves
  std::string unpadded;  // why it does not serve others
};

struct Report {
  std::string model, target, parallel, precision;
  int cores = 1;
  int64_t sbufBytesPerPartition = 0, psumBytesPerPartition = 0;
  std::map<std::string, int64_t> graphOps; // by kind, as lowered
  std::map<std::string, int64_t> instructions; // by engine, all cores
  std::vector<StageReport> stages;
  std::vector<FirmwareReport> firmware, hostSteps; // hostSteps: what the host computes between core programs
  int64_t engineElements = 0, firmwareElements = 0;
  double engineMacs = 0, firmwareMacs = 0;
  double macs = 0;
  int64_t weightBytes = 0; // in the NEFF
  int64_t keptBytes = 0;   // of the model's constants, in the types they are kept in
  int64_t neffBytes = 0;   // of the file, once it is written
  double latencyNs = 0, throughput = 0, utilization = 0; // predicted by the timing simulator
  std::vector<BucketReport> buckets; // smallest first; the figures above are those of the last
  std::vector<PhaseReport> phases;
  double seconds = 0, peakMb = 0;

  /// Adds the figures of another part of the same model.
  void add(const Report &part);
  double balance() const; // slowest stage over the mean
  /// With `timing`, what differs from run to run too.
  std::string json(bool timing) const;
  std::string summary() const;
  std::string timingTable() const;
};

/// Peak resident memory of this process so far.
double peakMegabytes();

} // namespace ncc

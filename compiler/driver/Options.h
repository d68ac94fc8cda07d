// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Everything a user can ask of a compilation, as plain data with defaults.
#pragma once

#include "compiler/frontend/onnx/DefaultInputs.h"
#include "compiler/driver/Sizes.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ncc {

enum class Parallel { Auto, Pipeline, Data };
enum class AutoCast { None, Matmult, All };
enum class CastType { Bf16, Fp16 };

struct Options {
  std::string target = "trn1"; // a built-in device, or a file that describes one
  int cores = 1;
  Parallel parallel = Parallel::Auto;
  AutoCast autoCast = AutoCast::Matmult;
  CastType autoCastType = CastType::Bf16;

  bool quantizeInt8 = false;   // needs calibrationData
  std::string calibrationData; // folder with input_J.pb, or with one such folder per sample

  std::map<std::string, std::vector<int64_t>> shapes; // by input name
  std::map<std::string, int64_t> dims;                // by symbolic dim name
  std::map<std::string, std::string> dimFormulas;     // symbolic dims that follow from others: "past + sequence"
  /// Several shapes make one NEFF with a bucket for each: lists of sizes per dimension of an input or per symbolic dim,
  /// and data sets (folders with input_J.pb, or with such folders), one bucket per different set of shapes.
  std::map<std::string, std::vector<Sizes>> shapeBuckets;
  std::map<std::string, Sizes> dimBuckets;
  std::vector<std::string> shapesFrom;
  bool pad = true;        // let buckets serve smaller shapes where padding is proven not to change a result
  int padShapes = 1024;   // the most smaller shapes to prove it for, all buckets together

  DefaultInputs defaults = DefaultInputs::Auto; // initializers that are inputs too

  int jobs = 0;                    // threads of the compiler; 0: one per CPU. The result does not depend on it
  bool verifyPasses = true;        // run the verifiers of instructions and synchronisation
  int64_t maxInstructions = int64_t{1} << 22; // a model that would need more is refused before any of them is made
  std::set<std::string> disabled;  // passes left out: fuse, prune, layout, tiling, order, residency
};

/// The options that change the result, spelled as on the command line.
std::string canonical(const Options &options);

} // namespace ncc

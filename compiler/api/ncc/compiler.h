// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The compiler as a C++ library. No header of MLIR, LLVM or protobuf is needed to use it. Calls share nothing: any
// number of compilations may run in one process at the same time.
#ifndef NCC_COMPILER_H
#define NCC_COMPILER_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ncc::api {

enum class Parallel { Auto, Pipeline, Data };
enum class AutoCast { None, Matmult, All };
enum class CastType { Bf16, Fp16 };

struct CompileOptions {
  std::string target = "trn1"; ///< a built-in device, or a file that describes one
  int cores = 1;
  Parallel parallel = Parallel::Auto;
  AutoCast autoCast = AutoCast::Matmult;
  CastType autoCastType = CastType::Bf16;
  bool quantizeInt8 = false;   ///< needs calibrationData
  std::string calibrationData; ///< folder
  std::map<std::string, std::vector<int64_t>> shapes; ///< by input name
  std::map<std::string, int64_t> dims;                ///< by symbolic dimension
  /// Several shapes make one NEFF with a bucket for each: per input, or per symbolic dimension, sizes as on the command line
  /// ("1x{16,64,128}", "16..128"); and folders with data sets.
  std::map<std::string, std::string> shapeBuckets, dimBuckets;
  std::vector<std::string> shapesFrom;
  bool pad = true;             ///< let buckets serve smaller shapes where padding cannot change a result
  int jobs = 1;                ///< threads; 0: one per CPU. The result does not depend on it
};

enum class Severity { Note, Warning, Error };

struct Message {
  Severity severity;
  std::string code;   ///< "NCC1101"
  std::string node;   ///< name of the ONNX node, or empty
  std::string text;   ///< the fact
  std::string advice; ///< what to do
};
/// Called as messages appear, on the thread that called compile.
using MessageHandler = std::function<void(const Message &)>;

struct CompileResult {
  bool ok = false;
  std::string report; ///< JSON
  explicit operator bool() const { return ok; }
};

/// Compiles the ONNX file `modelPath` into the NEFF file `neffPath`, which appears whole or not at all.
CompileResult compile(const std::string &modelPath, const std::string &neffPath, const CompileOptions &options = {},
                      const MessageHandler &onMessage = {});

/// "0.1.0".
const char *version();
/// Names of the built-in devices.
std::vector<std::string> targets();

} // namespace ncc::api

#endif // NCC_COMPILER_H

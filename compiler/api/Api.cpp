// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The C++ face over the driver.
#include "compiler/api/ncc/compiler.h"

#include "compiler/driver/Compile.h"
#include "runtime/neff/Writer.h"

#include <filesystem>

using namespace ncc;

namespace {

/// Lists of sizes from their text.
bool translateSizes(const api::CompileOptions &from, Options &to, DiagnosticEngine &diagnostics) {
  auto bad = [&](const std::string &text) {
    diagnostics.report(Code::BadOption, "'" + text + "' is no list of sizes", {}, {}, "write sizes as 16, {16,64,128}, 16..128 or 16..128:16");
    return false;
  };
  for (const auto &[input, text] : from.shapeBuckets) {
    std::optional<std::vector<Sizes>> shape = parseShape(text);
    if (!shape) {
      return bad(text);
    }
    to.shapeBuckets[input] = *std::move(shape);
  }
  for (const auto &[name, text] : from.dimBuckets) {
    std::optional<Sizes> sizes = parseSizes(text);
    if (!sizes || sizes->front() < 1) {
      return bad(text);
    }
    to.dimBuckets[name] = *std::move(sizes);
  }
  to.shapesFrom = from.shapesFrom;
  to.pad = from.pad;
  return true;
}

Options translate(const api::CompileOptions &from) {
  Options to;
  to.target = from.target;
  to.cores = from.cores;
  to.parallel = static_cast<ncc::Parallel>(from.parallel);
  to.autoCast = static_cast<ncc::AutoCast>(from.autoCast);
  to.autoCastType = static_cast<ncc::CastType>(from.autoCastType);
  to.quantizeInt8 = from.quantizeInt8;
  to.calibrationData = from.calibrationData;
  to.shapes = from.shapes;
  to.dims = from.dims;
  to.jobs = from.jobs;
  return to;
}

} // namespace

api::CompileResult api::compile(const std::string &modelPath, const std::string &neffPath, const CompileOptions &options,
                                const MessageHandler &onMessage) {
  DiagnosticEngine diagnostics([&](const Diagnostic &diagnostic) {
    if (onMessage) {
      onMessage({static_cast<api::Severity>(diagnostic.severity), codeString(diagnostic.code), diagnostic.node, diagnostic.message, diagnostic.advice});
    }
  });
  std::error_code ignored;
  std::filesystem::file_status status = std::filesystem::status(neffPath, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    diagnostics.report(Code::OutputUnwritable, "'" + neffPath + "' exists and is not a regular file");
    return {};
  }
  Options translated = translate(options);
  if (!translateSizes(options, translated, diagnostics)) {
    return {};
  }
  std::optional<Compilation> compilation = compileFile(modelPath, translated, diagnostics);
  if (!compilation) {
    return {};
  }
  if (absl::Status written = neff::writeModel(compilation->model, neffPath); !written.ok()) {
    diagnostics.report(Code::OutputUnwritable, std::string(written.message()));
    return {};
  }
  return {true, compilation->report.json(true)};
}

const char *api::version() { return "0.1.0"; }

std::vector<std::string> api::targets() {
  std::vector<std::string> names;
  for (const hw::DeviceSpec &device : hw::knownDevices()) {
    names.push_back(device.name);
  }
  return names;
}

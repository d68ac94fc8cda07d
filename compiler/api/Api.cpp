// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The C++ face over the driver.
#include "compiler/api/ncc/compiler.h"

#include "compiler/driver/Compile.h"
#include "runtime/neff/Writer.h"

#include <filesystem>

using namespace ncc;

namespace {

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
  std::optional<Compilation> compilation = compileFile(modelPath, translate(options), diagnostics);
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

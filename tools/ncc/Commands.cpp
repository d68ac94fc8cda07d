// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What each subcommand does. Diagnostics go to stderr as they appear; results go to stdout.
#include "tools/ncc/CommandLine.h"

#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "compiler/driver/Check.h"
#include "runtime/neff/OutputFile.h"
#include "runtime/neff/Writer.h"
#include "runtime/tensor/Printable.h"

#include <cstdio>
#include <filesystem>
#include <unistd.h>

using namespace ncc;
using namespace ncc::cli;

namespace {

bool good(const absl::Status &status, DiagnosticEngine &diagnostics) {
  if (!status.ok()) {
    diagnostics.report(Code::OutputUnwritable, std::string(status.message()));
  }
  return status.ok();
}

bool writeWhole(const std::string &path, const std::string &content, DiagnosticEngine &diagnostics) {
  return good(neff::writeWholeFile(path, content), diagnostics);
}

/// No output may be a source or the other output, before anything is compiled and again before anything is written.
bool outputsAreFree(const CommandLine &line, const std::vector<std::string> &sources, DiagnosticEngine &diagnostics) {
  for (const std::string &path : {line.output, line.reportFile}) {
    if (!path.empty() && !good(neff::checkOutput(path, sources), diagnostics)) {
      return false;
    }
  }
  std::error_code ignored;
  const bool same = !line.output.empty() && !line.reportFile.empty() &&
                    (line.output == line.reportFile || std::filesystem::weakly_canonical(line.output, ignored) == std::filesystem::weakly_canonical(line.reportFile, ignored) ||
                     std::filesystem::equivalent(line.output, line.reportFile, ignored));
  if (same) {
    diagnostics.report(Code::OutputUnwritable, "the report and the output are the same file, '" + line.output + "'");
  }
  return !same;
}

Progress progressOnTerminal(const CommandLine &line) {
  if (line.quiet || !isatty(STDERR_FILENO)) {
    return {};
  }
  return [](const std::string &phase) { std::fprintf(stderr, "\r\033[K%s ...", phase.c_str()); };
}

int compileCommand(const CommandLine &line, DiagnosticEngine &diagnostics) {
  if (!outputsAreFree(line, {line.model}, diagnostics)) {
    return kFileError;
  }
  std::optional<Compilation> result = compileFile(line.model, line.options, diagnostics, line.emit, progressOnTerminal(line));
  if (!line.quiet && isatty(STDERR_FILENO)) {
    std::fprintf(stderr, "\r\033[K");
  }
  if (!result) {
    return exitCodeOf(diagnostics);
  }
  if (!outputsAreFree(line, result->sources, diagnostics)) {
    return kFileError;
  }
  if (line.emit != Stage::Neff) {
    if (line.output.empty()) {
      std::fwrite(result->text.data(), 1, result->text.size(), stdout);
      return kOk;
    }
    return writeWhole(line.output, result->text, diagnostics) ? kOk : kFileError;
  }
  if (absl::Status status = neff::writeModel(result->model, line.output, {line.debugMap}); !status.ok()) {
    diagnostics.report(Code::OutputUnwritable, std::string(status.message()));
    return kFileError;
  }
  std::error_code unknown;
  result->report.neffBytes = static_cast<int64_t>(std::filesystem::file_size(line.output, unknown));
  if (!line.reportFile.empty() && !writeWhole(line.reportFile, result->report.json(true) + "\n", diagnostics)) {
    return kFileError;
  }
  if (!line.quiet) {
    std::fputs(result->report.summary().c_str(), stdout);
  }
  if (line.timing) {
    std::fputs(result->report.timingTable().c_str(), stdout);
  }
  return kOk;
}

int targetsCommand() {
  std::printf("%-6s %5s %9s %9s %9s %12s\n", "name", "cores", "SBUF MiB", "PSUM MiB", "DRAM GiB", "bf16 TFLOPS");
  for (const hw::DeviceSpec &d : hw::knownDevices()) {
    std::printf("%-6s %5d %9.1f %9.1f %9.0f %12.1f\n", d.name.c_str(), d.coresPerChip, static_cast<double>(d.sbufBytes()) / 1048576,
                static_cast<double>(d.psumBytesPerPartition) * d.partitions / 1048576, static_cast<double>(d.dramBytes) / 1073741824,
                2 * d.peakMacsPerSecond(DType::BF16) / 1e12);
  }
  std::puts("SBUF, PSUM and TFLOPS are per core, DRAM per chip.");
  return kOk;
}

int opsCommand() {
  for (const frontend::SupportedOp &op : frontend::supportedOps()) {
    std::printf("%s%s%s-%lld\n", op.domain.c_str(), op.domain.empty() ? "" : ".", op.op.c_str(), static_cast<long long>(op.since));
  }
  return kOk;
}

/// The page of all diagnostics, docs/diagnostics.md.
int explainAll() {
  std::puts("# Diagnostics\n\nMade by `ncc explain all` from `compiler/diagnostics/Codes.def`. Every message names its code, the model's node where there is one, and what to do;\n"
            "with `--json` each is one line of JSON on stderr.\n");
  std::puts("| code | kind | what it says | when | what to do |\n|---|---|---|---|---|");
  for (const CodeInfo &info : allCodes()) {
    std::printf("| %s | %s | %s | %s | %s |\n", codeString(info.code).c_str(), info.severity == Severity::Error ? "error" : info.severity == Severity::Warning ? "warning" : "note",
                std::string(info.title).c_str(), std::string(info.fact).c_str(), std::string(info.advice).c_str());
  }
  std::puts("\nExit codes: 0 done, 1 the model cannot be compiled, 2 wrong usage or options, 3 a file cannot be read or written, 4 a defect of ncc, 5 results differ (verify, ncc-run).");
  return kOk;
}

int explainCommand(const CommandLine &line) {
  if (line.model == "all") {
    return explainAll();
  }
  const CodeInfo *info = findCode(line.model);
  if (!info) {
    std::fprintf(stderr, "ncc: there is no diagnostic '%s'\n", printable(line.model).c_str());
    return kUsage;
  }
  std::printf("%s: %s\n\n%s\nWhat to do: %s.\n", codeString(info->code).c_str(), std::string(info->title).c_str(), std::string(info->fact).c_str(),
              std::string(info->advice).c_str());
  return kOk;
}

} // namespace

int cli::exitCodeOf(const DiagnosticEngine &diagnostics) {
  for (const Diagnostic &diagnostic : diagnostics.all()) {
    if (diagnostic.severity != Severity::Error) {
      continue;
    }
    switch (diagnostic.code) {
    case Code::ModelUnreadable:
    case Code::OutputUnwritable:
      return kFileError;
    case Code::BadOption:
    case Code::UnknownTarget:
    case Code::ShapeMismatch:
    case Code::TooManyBuckets:
    case Code::UnknownName:
    case Code::UnboundDim:
      return kUsage;
    case Code::InternalError:
      return kInternal;
    default:
      return kModelError;
    }
  }
  return kInternal;
}

int cli::run(const CommandLine &line) {
  bool showNotes = !line.quiet;
  bool colour = isatty(STDERR_FILENO) && !std::getenv("NO_COLOR");
  DiagnosticEngine diagnostics([&](const Diagnostic &diagnostic) {
    if (diagnostic.severity != Severity::Note || showNotes) {
      std::fprintf(stderr, "%s\n", line.json ? diagnostic.json().c_str() : diagnostic.str(colour).c_str());
    }
  });
  switch (line.command) {
  case Command::Compile: return compileCommand(line, diagnostics);
  case Command::Check: return driver::check(line.model, line.options, line.json, diagnostics) ? kOk : exitCodeOf(diagnostics);
  case Command::Verify: return runVerify(line, diagnostics);
  case Command::Targets: return targetsCommand();
  case Command::Ops: return opsCommand();
  case Command::Explain: return explainCommand(line);
  case Command::Version: std::puts("ncc 0.1.0"); return kOk;
  case Command::Help: std::fputs(helpText().c_str(), stdout); return kOk;
  }
  return kInternal;
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The whole product in one function: a model and options in, a NEFF in memory out. Nothing is global; several
// compilations may run at once.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/driver/Options.h"
#include "compiler/driver/Report.h"
#include "runtime/hw/DeviceSpec.h"
#include "runtime/neff/Model.h"

#include <functional>
#include <memory>
#include <optional>

namespace ncc {

namespace frontend {
class Model;
} // namespace frontend

/// Where a compilation may stop.
enum class Stage { Graph, Tile, Core, Neff };

struct Compilation {
  neff::Model model; // refers to memory it owns through `weightOwner`
  Report report;
  std::string text; // the IR, when the compilation stopped before Neff
  std::vector<std::string> sources; // the files it was made from
};

/// Progress: a phase begins.
using Progress = std::function<void(const std::string &phase)>;

/// Nothing after errors, all of which have been reported.
std::optional<Compilation> compile(const frontend::Model &model, const Options &options, DiagnosticEngine &diagnostics,
                                   Stage stop = Stage::Neff, const Progress &progress = {});
/// The same from a file.
std::optional<Compilation> compileFile(const std::string &path, const Options &options, DiagnosticEngine &diagnostics,
                                       Stage stop = Stage::Neff, const Progress &progress = {});

/// The built-in device of that name, or the one a file describes.
std::optional<hw::DeviceSpec> resolveTarget(const std::string &nameOrFile, DiagnosticEngine &diagnostics);

/// Reads a model file; reports what is wrong with it.
std::unique_ptr<frontend::Model> loadModel(const std::string &path, DiagnosticEngine &diagnostics, DefaultInputs defaults = DefaultInputs::Auto);

} // namespace ncc

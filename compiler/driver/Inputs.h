// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Input shapes from a data set.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"

#include <map>
#include <string>
#include <vector>

namespace ncc::frontend {
class Model;
} // namespace ncc::frontend

namespace ncc::driver {

/// Adds the shape of every input_J.pb in `folder` under the name of input J, unless it is there already.
bool shapesFromFolder(const std::string &folder, const frontend::Model &model, std::map<std::string, std::vector<int64_t>> &shapes,
                      DiagnosticEngine &diagnostics);

} // namespace ncc::driver

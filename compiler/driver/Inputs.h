// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Input shapes from a data set.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "runtime/tensor/Tensor.h"

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

/// The data sets of a folder: itself if it holds input_0.pb, else each of its folders that does, by name; `folder` when there are
/// none, so that reading it says what is missing.
std::vector<std::string> setsIn(const std::string &folder);

/// The samples of a calibration folder: itself if it holds input_0.pb, else each of its folders that does, by name.
bool readSamples(const std::string &folder, size_t inputs, std::vector<std::vector<Tensor>> &samples, DiagnosticEngine &diagnostics);

} // namespace ncc::driver

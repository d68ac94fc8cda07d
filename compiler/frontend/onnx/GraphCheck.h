// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What can be told of a model before any node is imported: every name is defined once, bodies have the inputs and outputs their
// nodes need, nodes are as their operators' schemas have them, and initializers are what inputs of their names say. Bodies that no
// condition takes are checked like the others.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"

namespace ncc::frontend {

class Model;

void checkModel(const Model &model, DiagnosticEngine &diagnostics);

} // namespace ncc::frontend

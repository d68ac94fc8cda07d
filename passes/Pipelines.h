// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the compiler and ncc-opt know about passes and dialects: one place to register them all.
#pragma once

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ncc {

/// Every dialect an ncc module may hold.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Makes every pass known by its flag to a textual pipeline (process-wide; for tools only).
void registerAllPasses();

} // namespace ncc

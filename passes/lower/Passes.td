// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes between the dialect levels.

#ifndef NCC_LOWER_PASSES
#define NCC_LOWER_PASSES

include "mlir/Pass/PassBase.td"

def GraphToTilePass : Pass<"ncc-graph-to-tile", "::mlir::ModuleOp"> {
  let summary = "Lower each graph function to the tile program of one core";
  let description = [{
    Every group (a graph.fusion or a single op) goes to the emitter of its family, which obeys the layouts chosen
    before; an op no engine has a form for becomes a firmware call. Arguments become inputs or receives, results
    outputs or sends.
  }];
  let options = [Option<"target", "target", "std::string", "\"trn1\"", "device to lower for">];
  let dependentDialects = ["::ncc::tile::TileDialect"];
}

#endif // NCC_LOWER_PASSES

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Decides which root every tile value of a program lies in, and where in it. Private to passes/memory.
#pragma once

#include "passes/memory/Storage.h"

#include "dialects/tile/Tile.h"
#include "llvm/ADT/DenseMap.h"

namespace ncc::memory {

struct Place {
  uint32_t root = 0;
  View view;
  bool updated = false; // written in place again after the value is complete
};

class Placement {
public:
  explicit Placement(std::vector<Root> &roots) : roots(roots) {}

  /// Places all values, last op first, so that a container is known before its parts.
  mlir::LogicalResult run(tile::ProgramOp program);
  const Place &of(mlir::Value value) const { return places[ids.find(value)->second]; }

private:
  Place choose(mlir::Value value);
  Place fresh(mlir::Value value);
  bool fits(mlir::Value value, const View &view, isa::Space space) const;
  bool readFits(mlir::OpOperand &use, const View &view, isa::Space space) const;
  bool writerFits(mlir::Value value, const View &view, isa::Space space) const;
  /// Copies `part` in front of the join and records where the copy lies.
  void detach(mlir::Value part, tile::JoinOp join, unsigned index);
  void record(mlir::Value value, Place place);

  std::vector<Root> &roots;
  std::vector<Place> places;
  llvm::DenseMap<mlir::Value, unsigned> ids;
};

View viewOf(tile::AccessPatternAttr ap);
isa::Space spaceOf(mlir::Type tile);
/// Innermost dims of the pattern of read `index` that must stay apart from the outer ones (reduce, scan).
int64_t innerDims(mlir::Operation *op, unsigned index);

} // namespace ncc::memory

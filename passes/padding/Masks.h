// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Makes a program right for all the smaller shapes that were proven under needs: masks become inputs, and what the needs
// ask for is inserted in front of the ops that asked.
#pragma once

#include "passes/padding/Relation.h"

namespace ncc::padding {

/// What all accepted shapes of one bucket need together.
class MaskPlan {
public:
  /// Number of the shapes, or nothing when their needs contradict those of earlier ones.
  std::optional<size_t> add(const Relation &relation);
  /// Changes `main`, a program like the large one of all relations. New arguments are i1 [n], true at the start.
  void apply(mlir::func::FuncOp main) const;
  /// Per accepted shapes: how many leading entries of each mask are true.
  std::vector<std::vector<int64_t>> lengths(mlir::func::FuncOp main) const;

private:
  struct Key {
    int64_t op;
    unsigned operand;
    graph::NeedKind kind;
    auto operator<=>(const Key &) const = default;
  };
  struct Place {
    double value = 0;
    std::map<int64_t, std::map<size_t, int64_t>> dims; // true sizes by dim and number of the shapes
  };
  struct Mask {
    int64_t size;
    std::vector<int64_t> lengths; // by number of the shapes
    auto operator<=>(const Mask &) const = default;
  };
  Mask maskOf(mlir::Operation *op, const Key &key, int64_t dim) const;
  std::vector<Mask> masks(mlir::ArrayRef<mlir::Operation *> ops) const;
  friend class MaskWriter;

  std::map<Key, Place> places;
  size_t count = 0;
};

} // namespace ncc::padding

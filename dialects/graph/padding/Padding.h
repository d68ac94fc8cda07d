// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The questions PaddingOpInterface answers: an op at padded ("large") shapes beside the same op at the true ("small")
// ones.
#pragma once

#include "dialects/graph/Infer.h"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace ncc::graph {

/// A value's dims in both programs; dims that differ are padded.
struct Extent {
  DimVector large, small;
  int64_t rank() const { return static_cast<int64_t>(large.size()); }
  bool padded(int64_t dim) const { return large[static_cast<size_t>(dim)] != small[static_cast<size_t>(dim)]; }
  bool padded() const { return large != small; }
  /// Padded in any dim from `first` on.
  bool paddedFrom(int64_t first) const;
};

/// Elements beyond the true size of some dim of `dims`, but within it in all other dims, are `value`.
struct Beyond {
  std::set<int64_t> dims;
  double value = 0;
};

/// What has to be inserted before an op.
enum class NeedKind : uint8_t {
  Fill,    // the operand holds `value` beyond its true size in `dims`
  Count,   // a mean over `dims` is divided by the true number of elements
  Keys,    // attention sees no keys beyond the true number of them (dim 2 of operand 1)
  Lengths, // a recurrent layer stops after the true number of steps (dim 0 of operand 0)
};

struct Need {
  NeedKind kind = NeedKind::Fill;
  int64_t op = 0;      // number of the op in its block
  unsigned operand = 0;
  double value = 0;
  std::map<int64_t, int64_t> lengths; // true size by dim
};

class PaddingQuery {
public:
  PaddingQuery(mlir::Operation *large, mlir::Operation *small, int64_t number, llvm::ArrayRef<std::optional<Beyond>> known)
      : large(large), small(small), number(number), known(known), results(large->getNumResults()) {}

  mlir::Operation *const large, *const small;

  Extent operand(unsigned i) const;
  Extent result(unsigned i = 0) const;
  /// What the operand is known to hold beyond its true shape.
  const std::optional<Beyond> &beyond(unsigned i) const { return known[i]; }

  /// The results are not proven; says why, as the end of "node 'x' ...".
  void refuse(const std::string &why) { refusal = refusal.empty() ? why : refusal; }
  /// The operand must hold `value` beyond its true size in those of `dims` that are padded.
  void fill(unsigned operand, llvm::ArrayRef<int64_t> dims, double value);
  void need(NeedKind kind, unsigned operand, llvm::ArrayRef<int64_t> dims, double value = 0);
  /// A result is known to hold a value.
  void holds(unsigned result, Beyond beyond) { results[result] = std::move(beyond); }

  // Rules that many ops share; each refuses where it does not hold.
  /// Same attributes in both programs.
  bool sameAttributes();
  /// The operand broadcasts to the trailing dims of `to` in both programs alike.
  void broadcast(const Extent &from, const Extent &to);
  void broadcastAll();
  /// None of these dims is padded.
  void unpadded(const Extent &extent, llvm::ArrayRef<int64_t> dims, const char *what);
  void unpaddedFrom(const Extent &extent, int64_t first, const char *what);
  /// The constant operand has no negative entries, which would count from another end.
  bool countsFromStart(unsigned operand);

  std::string refusal;
  llvm::SmallVector<Need> needs;
  llvm::SmallVector<std::optional<Beyond>> resultFacts() const { return results; }

private:
  int64_t number;
  llvm::ArrayRef<std::optional<Beyond>> known;
  llvm::SmallVector<std::optional<Beyond>> results;
};

/// What no maximum, and no minimum, of that type sees. NaN when a double cannot say it.
double leastOf(mlir::Type element);
double greatestOf(mlir::Type element);

} // namespace ncc::graph

#include "dialects/graph/padding/PaddingInterface.h.inc"

namespace ncc::graph {

// One function per family file; GraphDialect's loader calls registerPadding.
void registerPadding(mlir::MLIRContext &context);
void registerElementwisePadding(mlir::MLIRContext &context);
void registerShapePadding(mlir::MLIRContext &context);
void registerIndexingPadding(mlir::MLIRContext &context);
void registerReductionPadding(mlir::MLIRContext &context);
void registerLinearPadding(mlir::MLIRContext &context);
void registerWindowPadding(mlir::MLIRContext &context);
void registerRecurrentPadding(mlir::MLIRContext &context);

} // namespace ncc::graph

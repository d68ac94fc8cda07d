// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Decision trees among a program's instructions: rows fetched by number, compared with constants, and choices between what
// two subtrees give. A tree is a function of the table its rows come from; where nobody else reads what lies between, one step
// at the place of the last choice does for all of its instructions.
#pragma once

#include "runtime/host/Tracker.h"

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace ncc::host {

/// Perfect trees of one shape, one per partition. Node i asks whether table[asked[i]][row] <= limits[i] and goes to node
/// 2i + 2 if so, else to 2i + 1; the leaf with number p gives leaves[p].
struct DecisionTrees {
  isa::AccessPattern table; // dims[0] runs over what is asked for
  size_t until = 0;         // the instruction that overwrites the table, or SIZE_MAX
  int64_t count = 0, rows = 0;
  int depth = 0;
  std::vector<int32_t> asked; // [count][nodes]
  std::vector<float> limits;
  std::vector<int16_t> leaves;
  int64_t inner() const { return (int64_t(1) << depth) - 1; }
};

struct FoundDecisions {
  std::vector<bool> dropped;             // by instruction: what only trees read
  std::map<size_t, DecisionTrees> trees; // by the instruction that writes their results
};

/// What is known at load.
struct LoadTimeData {
  std::function<const uint8_t *(uint16_t)> weight;                         // the memory of a constant buffer, else null
  std::function<const uint8_t *(const isa::AccessPattern &)> constantTile; // the pattern's first element, `pitch` a partition, else null
  int64_t pitch = 0;
};

/// Follows a program's straight line; `add` for every instruction in order, then `finish`.
class DecisionFinder {
public:
  DecisionFinder(absl::Span<const isa::Instruction> program, LoadTimeData data);
  void add(size_t at);
  FoundDecisions finish();

private:
  struct Fetch {
    const isa::DmaGather *gather;
    size_t at, until;
    int64_t row, line; // elements of a row, rows of a partition
    std::vector<int64_t> numbers;
  };
  struct Node {
    size_t fetch, limits;    // limits: of the first partition
    int64_t partition, line; // of the first row among those fetched
    int64_t yes, no;         // -1: leaves
    int64_t leaf;            // what the left leaf gives; the right one gives one more
    int height;
    bool taken; // by a choice above
  };
  /// Where the rows of a fetch or the values of a node lie, or what is left of them.
  struct Value {
    Region region;
    size_t number, at;
    bool whole;
  };
  struct Values {
    std::multimap<int64_t, Value> places; // by first byte
    int64_t longest = 0;
    void insert(const Value &value);
    /// Calls fn(value) for all that overlap.
    template <typename Fn>
    void forEachOverlap(const Region &region, Fn fn) const;
    void overwrite(const Region &region, bool dense);
  };

  bool fetch(size_t at, const isa::DmaGather &inst);
  bool compare(size_t at, const isa::TensorScalar &inst);
  bool compare(size_t at, const isa::TensorTensor &inst);
  bool raise(size_t at, const isa::TensorTensor &inst);
  bool choose(size_t at, const isa::Select &inst);
  bool nodesOf(size_t at, const isa::AccessPattern &dst, const isa::AccessPattern &src, const isa::AccessPattern *limits, float limit, int64_t leaf);
  std::optional<size_t> fetchedBy(const isa::AccessPattern &src) const;
  const Value *valueAt(const isa::AccessPattern &ap, int64_t begin, int64_t bytes) const;
  const Value *valueFrom(const isa::AccessPattern &ap) const;
  void make(size_t at, const isa::AccessPattern &dst, int64_t begin, int64_t bytes, const Node &node);
  void readByOthers(const isa::Instruction &inst);
  void overwrite(const isa::Instruction &inst);
  std::optional<DecisionTrees> treesAt(size_t at) const;
  bool place(DecisionTrees &trees, size_t node, int64_t at) const;

  absl::Span<const isa::Instruction> program;
  LoadTimeData data;
  std::vector<Fetch> fetches;
  std::vector<Node> nodes;
  std::vector<float> limits;
  Values rows, values;                       // of fetches, of nodes
  std::vector<Value> made;                   // by the current instruction
  std::vector<std::vector<size_t>> operands; // instructions a part of a tree takes its values from
  std::vector<std::vector<size_t>> madeBy;   // nodes, by instruction
  std::vector<bool> part, outside;           // by instruction: belongs to trees; somebody else reads its result
};

} // namespace ncc::host

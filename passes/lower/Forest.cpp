// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Perfect trees of comparisons. Trees lie on partitions, rows on the free axis: one gather fetches, for a block of nodes, the
// feature each of 128 trees asks for; a comparison per node gives bits (at the lowest level already leaf numbers), and
// from below upward each node selects one of its children's numbers. At the end every tree has the number of the leaf a row
// takes; turned around, with rows on partitions, the numbers fetch the leaves' weights, which are summed in order.
#include "passes/lower/Forest.h"
#include "dialects/graph/Forest.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// Bytes per partition of the features of one block of nodes, and of the votes that are summed at once.
constexpr int64_t kBlockBytes = 32 << 10, kVoteBytes = 16 << 10;
/// From so many rows on, one instruction per node (which may take leaf numbers along) keeps an engine busy.
constexpr int64_t kManyRows = 64;
constexpr int64_t kMostRows = 512;
/// Numbers of leaves pass through f32.
constexpr int64_t kMostLeaves = 1 << 24;

class ForestEmitter {
public:
  ForestEmitter(Lowering &low, graph::ForestOp op, const Group &group)
      : low(low), t(low.t), columns(group.resolve(op.getColumns())), features(*low.state(group.resolve(op.getFeatures())).constant),
        thresholds(*low.state(group.resolve(op.getThresholds())).constant), weights(*low.state(group.resolve(op.getWeights())).constant), kind(op.getKind()),
        rows(low.state(columns).shape[1]), trees(weights.shape()[0]), leaves(weights.shape()[1]), targets(weights.shape()[2]), depth(llvm::Log2_64(leaves)) {
    blockDepth = 1;
    while (blockDepth < depth && ((int64_t(2) << blockDepth) - 1) * rows * 4 <= kBlockBytes) {
      ++blockDepth;
    }
    number = leaves <= 256 ? t.b.getIntegerType(8, /*isSigned=*/false) : t.b.getIntegerType(16);
  }

  void run(Value result) {
    table = low.dramContiguous(columns);
    votes = low.constant(weights);
    SmallVector<SmallVector<Value>> numbers((rows + kPartitions - 1) / kPartitions); // per piece of rows, by group of trees
    for (int64_t first = 0; first < trees; first += kPartitions) {
      int64_t count = std::min(kPartitions, trees - first);
      Value taken = t.tensorScalar(t.sbuf(count, rows, t.b.getF32Type()), t.whole(groupNumbers(first, count)), "add", bases(first, count));
      for (auto [piece, list] : llvm::enumerate(numbers)) {
        int64_t start = static_cast<int64_t>(piece) * kPartitions, here = std::min(kPartitions, rows - start);
        Value turned = t.transpose(t.psum(here, count, t.b.getF32Type()), {taken, t.pattern(0, count, start, {1}, {here})});
        list.push_back(t.copy(t.sbuf(here, count, t.b.getI32Type()), t.whole(turned)));
      }
    }
    Dims shape{rows, targets};
    Grid grid = defaultGrid(shape, layoutOf(2, {0}), targets);
    grid.cells.clear();
    for (auto [piece, part] : llvm::enumerate(grid.rows)) {
      grid.cells.push_back(Lowering::freshView(score(numbers[piece], part.count), grid.boxes[0]));
    }
    low.define(result, std::move(grid));
  }

private:
  static int64_t heap(int64_t level, int64_t place) { return (int64_t(1) << level) - 1 + place; }

  /// The first leaf of each tree, one value per partition.
  Read bases(int64_t first, int64_t count) {
    Tensor base(DType::F32, {count, 1});
    for (int64_t i = 0; i < count; ++i) {
      base.setDouble(i, static_cast<double>((first + i) * leaves));
    }
    return t.whole(low.constantTile(base, count, 1));
  }

  /// [trees][rows]: the number within its tree of the leaf each row takes.
  Value groupNumbers(int64_t first, int64_t count) {
    firstTree = first;
    treeCount = count;
    return block(0, 0);
  }

  /// The leaf numbers below node `place` of a level. Blocks below it come first.
  Value block(int64_t level, int64_t place) {
    int64_t levels = depth - level <= blockDepth ? depth - level : (depth - level - 1) % blockDepth + 1;
    SmallVector<Value> below;
    if (level + levels < depth) {
      for (int64_t child = 0; child < int64_t(1) << levels; ++child) {
        below.push_back(block(level + levels, (place << levels) + child));
      }
    }
    // Nodes of the block, level by level.
    SmallVector<std::pair<int64_t, int64_t>> nodes;
    for (int64_t l = 0; l < levels; ++l) {
      for (int64_t i = 0; i < int64_t(1) << l; ++i) {
        nodes.push_back({level + l, (place << l) + i});
      }
    }
    auto count = static_cast<int64_t>(nodes.size());
    Tensor asked(DType::I32, {treeCount, count}), limits(DType::F32, {treeCount, count});
    for (int64_t tree = 0; tree < treeCount; ++tree) {
      for (auto [i, node] : llvm::enumerate(nodes)) {
        int64_t at = (firstTree + tree) * (leaves - 1) + heap(node.first, node.second), to = tree * count + static_cast<int64_t>(i);
        asked.setInt(to, features.asInt(at));
        limits.setDouble(to, thresholds.asDouble(at));
      }
    }
    Value x = t.gather(t.sbuf(treeCount, count * rows, t.b.getF32Type()), t.whole(table), t.whole(low.constant(asked)), rows, low.state(columns).shape[0]);
    Value limit = low.constantTile(limits, treeCount, count);
    Value numbers = below.empty() ? Value() : joined(below);
    for (int64_t l = levels; l-- > 0;) {
      int64_t width = int64_t(1) << l, begin = width - 1;
      bool last = !numbers; // its children are leaves
      Value yes = compared(x, limit, begin, width, last ? (place << l) * 2 : -1);
      numbers = last ? yes : selected(yes, numbers, width);
    }
    return numbers;
  }

  Value joined(ArrayRef<Value> parts) {
    if (parts.size() == 1) {
      return parts.front();
    }
    SmallVector<Attribute> places;
    for (size_t i = 0; i < parts.size(); ++i) {
      places.push_back(t.pattern(0, treeCount, static_cast<int64_t>(i) * rows, {1}, {rows}));
    }
    return t.join(t.sbuf(treeCount, static_cast<int64_t>(parts.size()) * rows, number), parts, places);
  }

  /// [trees][width][rows]: 1 where nodes [begin, begin + width) of a block say yes; plus, from `leaf` on, the leaf number of no.
  Value compared(Value x, Value limit, int64_t begin, int64_t width, int64_t leaf) {
    if (rows < kManyRows) {
      Read asked{x, t.pattern(0, treeCount, begin * rows, {rows, 1}, {width, rows})}, limits{limit, t.pattern(0, treeCount, begin, {1, 0}, {width, rows})};
      Type type = t.sbuf(treeCount, width * rows, number);
      Value yes = t.tensorTensor(type, "le", asked, limits);
      if (leaf < 0 || leaves == 2) {
        return yes;
      }
      Tensor first(number.isInteger(8) ? DType::U8 : DType::I16, {treeCount, width});
      for (int64_t i = 0; i < first.size(); ++i) {
        first.setInt(i, leaf + 2 * (i % width));
      }
      Value base = low.constantTile(first, treeCount, width);
      return t.tensorTensor(type, "add", {yes, t.pattern(0, treeCount, 0, {rows, 1}, {width, rows})}, {base, t.pattern(0, treeCount, 0, {1, 0}, {width, rows})});
    }
    SmallVector<Value> parts;
    for (int64_t i = 0; i < width; ++i) {
      Read feature{x, t.pattern(0, treeCount, (begin + i) * rows, {1}, {rows})}, value{limit, t.pattern(0, treeCount, begin + i, {1}, {1})};
      int64_t base = leaf < 0 ? 0 : leaf + 2 * i;
      parts.push_back(t.tensorScalar(t.sbuf(treeCount, rows, number), feature, "le", value, false, base ? "add" : "bypass", double(base)));
    }
    return joined(parts);
  }

  /// Each node's child: the odd one where it says yes.
  Value selected(Value yes, Value children, int64_t width) {
    Read odd{children, t.pattern(0, treeCount, rows, {2 * rows, 1}, {width, rows})}, even{children, t.pattern(0, treeCount, 0, {2 * rows, 1}, {width, rows})};
    return t.select(t.sbuf(treeCount, width * rows, number), {yes, t.pattern(0, treeCount, 0, {rows, 1}, {width, rows})}, odd, even);
  }

  /// [rows][targets] of the leaves taken, in the order of the trees; so many groups at once as votes fit.
  Value score(ArrayRef<Value> numbers, int64_t count) {
    Type f32 = t.b.getF32Type();
    auto most = static_cast<size_t>(std::max<int64_t>(1, kVoteBytes / (4 * targets * kPartitions)));
    Value total;
    for (size_t first = 0; first < numbers.size(); first += most) {
      ArrayRef<Value> group = numbers.slice(first, std::min(most, numbers.size() - first));
      int64_t here = 0;
      SmallVector<Attribute> places;
      for (Value part : group) {
        int64_t width = tile::elementsOf(part.getType());
        places.push_back(t.pattern(0, count, here, {1}, {width}));
        here += width;
      }
      Value list = group.size() == 1 ? group.front() : t.join(t.sbuf(count, here, t.b.getI32Type()), group, places);
      Value taken = t.gather(t.sbuf(count, here * targets, f32), t.whole(votes), t.whole(list), targets, trees * leaves);
      if (total) { // what was summed before comes first
        Attribute parts[] = {t.pattern(0, count, 0, {1}, {targets}), t.pattern(0, count, targets, {1}, {here * targets})};
        taken = t.join(t.sbuf(count, ++here * targets, f32), {total, taken}, parts);
      }
      if (here == 1) {
        total = taken;
        continue;
      }
      Read byTarget{taken, t.pattern(0, count, 0, {1, targets}, {targets, here})};
      if (kind != graph::ReduceKind::Sum) {
        total = t.reduce(t.sbuf(count, targets, f32), kind == graph::ReduceKind::Min ? "min" : "max", byTarget, 1);
        continue;
      }
      Value sums = tile::ScanOp::create(t.b, t.loc, t.sbuf(count, targets * here, f32), ValueRange{taken}, t.b.getArrayAttr({byTarget.ap}),
                                        tile::AccessPatternAttr(), false, StringAttr(), "add");
      total = t.copy(t.sbuf(count, targets, f32), {sums, t.pattern(0, count, here - 1, {here}, {targets})});
    }
    return total;
  }

  Lowering &low;
  TileBuilder &t;
  Value columns, table, votes;
  Tensor features, thresholds, weights;
  graph::ReduceKind kind;
  int64_t rows, trees, leaves, targets, depth, blockDepth = 1;
  int64_t firstTree = 0, treeCount = 0;
  Type number;
};

} // namespace

bool ncc::lower::supportsForest(Lowering &low, const Group &group) {
  auto op = cast<graph::ForestOp>(group.root);
  auto known = [&](Value value) { return low.state(group.resolve(value)).constant.has_value(); };
  auto weights = cast<RankedTensorType>(op.getWeights().getType()), result = cast<RankedTensorType>(op.getResult().getType());
  return group.body.empty() && known(op.getFeatures()) && known(op.getThresholds()) && known(op.getWeights()) && result.getNumElements() > 0 &&
         result.getDimSize(0) <= kMostRows && weights.getDimSize(0) * weights.getDimSize(1) <= kMostLeaves && weights.getDimSize(1) <= (1 << 12) &&
         weights.getDimSize(2) * 4 <= kVoteBytes / 16;
}

void ncc::lower::emitForest(Lowering &low, const Group &group) { ForestEmitter(low, cast<graph::ForestOp>(group.root), group).run(group.outer[0]); }

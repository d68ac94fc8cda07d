// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Decision trees in the host executor: the same bits as the precise interpreter's at every CPU level, found or not.

#include "runtime/host/TreeSteps.h"
#include "test/runtime/HostCheck.h"

#include <limits>

namespace ncc::host {
namespace {

/// Trees on partitions, one instruction per node (many rows) or per level (few), as the compiler writes them.
struct TreeProgram {
  int trees = 5, depth = 3, features = 4;
  uint32_t rows = 100;
  DType type = DType::U8;
  bool byLevel = false, lateLimits = false; // limits are copied while the program runs

  ModelBuilder b;
  uint16_t x = 0;
  AccessPattern result;

  uint32_t bytes() const { return rows * static_cast<uint32_t>(dtypeSize(type)); }
  uint64_t levelAt(int level) const { return 100000 + static_cast<uint64_t>(((1 << level) - 1) * static_cast<int>(bytes())); }
  uint64_t choiceAt(int level) const { return 140000 + static_cast<uint64_t>(((1 << level) - 1) * static_cast<int>(bytes())); }
  AccessPattern tile(uint64_t at, uint32_t width) const { return onChip(Space::Sbuf, type, 0, trees, at, {{static_cast<int32_t>(rows), width}, {1, rows}}); }
  /// Every second of 2 * width runs.
  AccessPattern everySecond(uint64_t at, uint32_t width) const {
    return onChip(Space::Sbuf, type, 0, trees, at, {{static_cast<int32_t>(2 * rows), width}, {1, rows}});
  }

  void build() {
    const int inner = (1 << depth) - 1;
    const auto all = static_cast<uint32_t>(trees * inner), width = static_cast<uint32_t>(inner);
    const float odd[] = {0.0f, -0.0f, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::nanf(""), 1e-42f};
    std::mt19937 rng(7);
    std::vector<int32_t> asked(all);
    std::vector<float> limits = randomValues(all, 1, 11);
    for (size_t i = 0; i < all; ++i) {
      asked[i] = static_cast<int32_t>(rng() % static_cast<unsigned>(2 * features)) - features; // negative ones count from the end
      limits[i] = rng() % 4 ? limits[i] : odd[rng() % 6];
    }
    x = b.input("x", DType::F32, {features, rows});
    const uint16_t y = b.output("y", type, {trees, rows});
    const uint16_t list = b.weight("asked", DType::I32, asked), values = b.weight("limits", DType::F32, limits);
    b.copy(sbuf(DType::F32, trees, 90000, width), dram(values, DType::F32, 0, {{1, all}}), 0, !lateLimits);
    if (lateLimits) { // the place holds something else before and after
      b.copy(sbuf(DType::F32, trees, 90000, 1), dram(list, DType::F32, 0, {{1, static_cast<uint32_t>(trees)}}));
      b.copy(sbuf(DType::F32, trees, 90000, width), dram(values, DType::F32, 0, {{1, all}}));
    }
    isa::DmaGather gather;
    gather.dst = sbuf(DType::F32, trees, 0, width * rows);
    gather.src = dram(x, DType::F32, 0, {{static_cast<int32_t>(rows), static_cast<uint32_t>(features)}, {1, rows}});
    gather.index = dram(list, DType::I32, 0, {{1, all}});
    b.run(gather);
    for (int level = depth; level-- > 0;) {
      byLevel ? compareLevel(level) : compareNodes(level);
    }
    if (lateLimits) {
      b.copy(sbuf(DType::F32, trees, 90000, width), dram(list, DType::F32, 0, {{1, all}}));
    }
    for (int level = depth - 1; level-- > 0;) {
      const uint32_t nodes = 1u << level;
      const uint64_t below = level + 2 == depth ? levelAt(level + 1) : choiceAt(level + 1);
      isa::Select select;
      select.dst = tile(choiceAt(level), nodes);
      select.pred = tile(levelAt(level), nodes);
      select.a = everySecond(below + bytes(), nodes);
      select.b = everySecond(below, nodes);
      b.run(select);
    }
    result = sbuf(type, trees, depth == 1 ? levelAt(0) : choiceAt(0), rows);
    b.copy(dram(y, type, 0, {{1, static_cast<uint32_t>(trees) * rows}}), result);
  }

  void compareNodes(int level) {
    for (int i = 0; i < 1 << level; ++i) {
      const int node = (1 << level) - 1 + i;
      isa::TensorScalar compare;
      compare.dst = sbuf(type, trees, levelAt(level) + static_cast<uint64_t>(i) * bytes(), rows);
      compare.src = sbuf(DType::F32, trees, static_cast<uint64_t>(node) * rows * 4, rows);
      compare.s0 = sbuf(DType::F32, trees, 90000 + static_cast<uint64_t>(node) * 4, 1);
      compare.op0 = isa::AluOp::le;
      compare.op1 = level + 1 == depth && i > 0 ? isa::AluOp::add : isa::AluOp::bypass;
      compare.s1 = static_cast<float>(2 * i);
      b.run(compare);
    }
  }

  void compareLevel(int level) {
    const uint32_t nodes = 1u << level, first = nodes - 1;
    isa::TensorTensor compare;
    compare.dst = level + 1 == depth ? tile(choiceAt(level), nodes) : tile(levelAt(level), nodes);
    compare.a = onChip(Space::Sbuf, DType::F32, 0, trees, first * rows * 4, {{static_cast<int32_t>(rows), nodes}, {1, rows}});
    compare.b = onChip(Space::Sbuf, DType::F32, 0, trees, 90000 + first * 4, {{1, nodes}, {0, rows}});
    compare.op = isa::AluOp::le;
    b.run(compare);
    if (level + 1 < depth) {
      return;
    }
    std::vector<int16_t> wide;
    std::vector<uint8_t> narrow;
    for (int tree = 0; tree < trees; ++tree) {
      for (uint32_t i = 0; i < nodes; ++i) {
        wide.push_back(static_cast<int16_t>(2 * i));
        narrow.push_back(static_cast<uint8_t>(2 * i));
      }
    }
    const uint16_t base = type == DType::U8 ? b.weight("base", type, narrow) : b.weight("base", type, wide);
    b.copy(sbuf(type, trees, 95000, nodes), dram(base, type, 0, {{1, static_cast<uint32_t>(trees) * nodes}}), 0, true);
    isa::TensorTensor add;
    add.dst = tile(levelAt(level), nodes);
    add.a = tile(choiceAt(level), nodes);
    add.b = onChip(Space::Sbuf, type, 0, trees, 95000, {{1, nodes}, {0, rows}});
    b.run(add);
  }

  /// Copies a place on chip to an output of its own, behind what was built.
  void alsoReturn(const AccessPattern &ap) {
    const auto count = static_cast<uint32_t>(ap.totalSize());
    const uint16_t out = b.output("also", ap.dtype, {static_cast<int64_t>(count)});
    b.copy(dram(out, ap.dtype, 0, {{1, count}}), ap);
  }

  /// The precise interpreter's bits, and how many instructions the host does in trees.
  void check(bool found) {
    EXPECT_TRUE(neff::verifyModel(*b.model).ok()) << neff::verifyModel(*b.model);
    ASSERT_TRUE(neff::materializeWeights(*b.model).ok());
    for (CpuLevel level : levels()) {
      auto precise = sim::makePreciseExecutor(b.model);
      ASSERT_TRUE(precise.ok());
      auto host = makeHostExecutor(b.model, {.level = level});
      ASSERT_TRUE(host.ok()) << host.status();
      EXPECT_EQ((*host)->describe().find(" 0 instructions in decision trees") == std::string::npos, found) << (*host)->describe();
      for (uint32_t seed : {1u, 2u}) {
        Results want = executeOdd(**precise, seed), got = executeOdd(**host, seed);
        EXPECT_EQ(want.outputs, got.outputs) << cpuLevelName(level) << " depth " << depth << ", " << rows << " rows";
      }
    }
  }

private:
  /// Inputs with what compares oddly.
  Results executeOdd(sim::Executor &executor, uint32_t seed) const {
    std::mt19937 rng(seed);
    std::vector<float> values = randomValues(static_cast<size_t>(features) * rows, 1, seed);
    const float odd[] = {0.0f, -0.0f, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::nanf(""), -1e-42f};
    for (float &value : values) {
      value = rng() % 4 ? value : odd[rng() % 6];
    }
    std::vector<const void *> in{values.data()};
    std::vector<void *> out;
    Results run;
    for (const neff::TensorInfo &info : b.model->outputs) {
      run.outputs.emplace_back(static_cast<size_t>(numElements(info.shape)) * dtypeSize(info.dtype));
    }
    for (auto &bytes : run.outputs) {
      out.push_back(bytes.data());
    }
    EXPECT_TRUE(executor.execute({in, out}, nullptr).ok());
    return run;
  }
};

TEST(HostTrees, ExactForAllShapes) {
  for (bool byLevel : {false, true}) {
    for (uint32_t rows : {1u, 2u, 33u, 130u}) {
      for (int depth : {1, 2, 3, 5, 7}) {
        if (((1u << depth) - 1) * rows * 4 > 90000 || ((1u << depth) - 1) * rows * 2 > 40000) {
          continue;
        }
        TreeProgram p;
        p.depth = depth;
        p.rows = rows;
        p.byLevel = byLevel;
        p.type = depth % 2 ? DType::U8 : DType::I16;
        p.trees = depth == 3 ? 128 : 11;
        p.build();
        p.check(true);
      }
    }
  }
}

TEST(HostTrees, LimitsThatAreCopiedWhileItRuns) {
  TreeProgram p;
  p.lateLimits = true;
  p.build();
  p.check(true);
}

TEST(HostTrees, LeavesThatDoNotCount) {
  TreeProgram p;
  p.build();
  for (isa::Instruction &inst : p.b.program().run) {
    if (auto *select = std::get_if<isa::Select>(&inst)) {
      std::swap(select->a, select->b);
      break;
    }
  }
  p.check(true);
}

// What somebody else reads is there for him.
TEST(HostTrees, ReadByOthers) {
  for (int what = 0; what < 4; ++what) {
    TreeProgram p;
    p.build();
    p.alsoReturn(what == 0 ? sbuf(DType::F32, p.trees, 0, 300) : what == 1 ? sbuf(p.type, p.trees, p.levelAt(1), 100)
                 : what == 2                                   ? sbuf(p.type, p.trees, p.levelAt(2) + 50, 200)
                                                               : sbuf(p.type, p.trees, p.choiceAt(1), 100));
    p.check(true); // at least some nodes are still only the tree's
  }
}

// The next inference reads what this one left: nothing may be missing.
TEST(HostTrees, ReadByTheNextInference) {
  TreeProgram p;
  p.build();
  const uint16_t out = p.b.output("also", p.type, {p.trees, 100});
  isa::DmaCopy early;
  early.dst = dram(out, p.type, 0, {{1, static_cast<uint32_t>(p.trees) * 100}});
  early.src = sbuf(p.type, p.trees, p.levelAt(1), 100);
  auto &run = p.b.program().run;
  run.insert(run.begin(), early);
  p.check(true);
}

TEST(HostTrees, NotTrees) {
  { // another comparison
    TreeProgram p;
    p.build();
    for (isa::Instruction &inst : p.b.program().run) {
      if (auto *compare = std::get_if<isa::TensorScalar>(&inst)) {
        compare->op0 = isa::AluOp::lt;
      }
    }
    p.check(false);
  }
  { // limits that are not constant
    TreeProgram p;
    p.build();
    auto &run = p.b.program().run;
    isa::DmaCopy limits;
    limits.dst = sbuf(DType::F32, p.trees, 90000, 7);
    limits.src = dram(p.x, DType::F32, 0, {{1, 35}});
    run.insert(run.begin(), limits);
    p.check(false);
  }
  { // the table changes before the last choice
    TreeProgram p;
    const uint16_t scratch = p.b.scratch(4 * 100 * 4);
    p.build();
    auto &run = p.b.program().run;
    isa::DmaCopy fill, spoil;
    fill.dst = spoil.dst = dram(scratch, DType::F32, 0, {{1, 400}});
    fill.src = dram(p.x, DType::F32, 0, {{1, 400}});
    spoil.src = sbuf(DType::F32, 1, 90000, 7);
    spoil.dst.dims[0].size = 7;
    std::get<isa::DmaGather>(run[0]).src.buffer = scratch;
    run.insert(run.begin() + 3, spoil);
    run.insert(run.begin(), fill);
    p.check(false);
  }
}

TEST(HostTrees, RanksKeepTheOrder) {
  DecisionTrees trees;
  trees.count = 1;
  trees.depth = 2;
  trees.rows = 9;
  trees.table = dram(0, DType::F32, 0, {{9, 2}, {1, 9}});
  trees.asked = {1, 1, 0};
  trees.limits = {0.5f, std::nanf(""), -0.0f};
  RankOrder order;
  order.add(trees);
  order.add(trees);
  ASSERT_TRUE(order.finish());
  ASSERT_EQ(order.asked.size(), 2u);
  const std::vector<RankNode> nodes = *order.nodesOf(trees);
  EXPECT_EQ(nodes[1].limit, -1); // nothing is at most NaN
  for (CpuLevel level : levels()) {
    const float x[] = {0.0f, -0.0f, 1e-45f, -1e-45f, std::nanf(""), INFINITY, -INFINITY};
    int16_t ranks[7];
    kernelsFor(level).vector.rankRow(ranks, x, 7, order.asked[0].limits.data(), static_cast<int64_t>(order.asked[0].limits.size()));
    for (int i = 0; i < 7; ++i) {
      EXPECT_EQ(ranks[i] <= nodes[2].limit, x[i] <= -0.0f) << x[i];
    }
  }
}

TEST(HostTrees, TooManyLimitsForRanks) {
  DecisionTrees trees;
  trees.asked.assign(40000, 0);
  for (int i = 0; i < 40000; ++i) {
    trees.limits.push_back(static_cast<float>(i));
  }
  RankOrder order;
  order.add(trees);
  EXPECT_FALSE(order.finish());
}

} // namespace
} // namespace ncc::host

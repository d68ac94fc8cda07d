// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The back end as a whole: random tile programs are ordered, allocated (on scratchpads down to a few tiles, so that
// paging is heavy), synchronised, verified, emitted and run by the precise interpreter; the outputs must be those of
// a direct evaluation, bit for bit, and no result may depend on timing.
#include "compiler/emit/Emit.h"
#include "dialects/core/Core.h"
#include "dialects/tile/Tile.h"
#include "passes/memory/Memory.h"
#include "passes/schedule/Schedule.h"
#include "passes/sync/Sync.h"
#include "passes/verify/Verify.h"
#include "runtime/host/Host.h"
#include "runtime/sim/Precise.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace ncc;

namespace {

using Values = std::vector<float>; // partitions x elements

constexpr int kPartitions = 4;

std::string sbuf(int64_t elements) { return "!tile.sbuf<" + std::to_string(kPartitions) + ", " + std::to_string(elements) + ", f32>"; }
std::string pattern(int64_t offset, int64_t stride, int64_t size) {
  return "#tile.ap<0 + " + std::to_string(kPartitions) + ", " + std::to_string(offset) + ", [" + std::to_string(stride) + "], [" +
         std::to_string(size) + "]>";
}

// A program as text, and what it must compute.
struct RandomProgram {
  struct Tile {
    std::string name;
    int64_t elements;
    Values values;
  };
  std::mt19937 random;
  std::string text;
  std::vector<Tile> tiles;
  Values input, expected;
  int next = 0;

  explicit RandomProgram(unsigned seed, int steps) : random(seed) {
    constexpr int64_t kInput = 4096;
    for (int64_t i = 0; i < kInput; ++i) {
      input.push_back(static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 8);
    }
    text = "tile.program @core0 attributes {core = 0 : i64} {\n  %in = tile.input {index = 0 : i64} : !tile.dram<4096, f32>\n";
    for (int i = 0; i < 6; ++i) {
      load();
    }
    for (int i = 0; i < steps; ++i) {
      switch (random() % 6) {
      case 0: load(); break;
      case 1: join(); break;
      case 2: update(); break;
      default: combine(); break;
      }
    }
    finish();
  }

  Tile &any() { return tiles[random() % tiles.size()]; }
  std::string fresh() { return "%t" + std::to_string(next++); }

  void load() {
    int64_t elements = 16 << (random() % 3);
    auto offset = static_cast<int64_t>(random() % (4096 - elements * kPartitions));
    Tile tile{fresh(), elements, {input.begin() + offset, input.begin() + offset + elements * kPartitions}};
    text += "  " + tile.name + " = tile.dma %in {aps = [#tile.ap<0 + 0, " + std::to_string(offset) + ", [1], [" +
            std::to_string(elements * kPartitions) + "]>]} : (!tile.dram<4096, f32>) -> " + sbuf(elements) + "\n";
    tiles.push_back(std::move(tile));
  }

  // Two strided or plain windows of 8 elements.
  void combine() {
    Tile &a = any(), &b = any();
    int64_t strideA = a.elements / 8, strideB = 1, offsetB = static_cast<int64_t>(random() % (b.elements - 7));
    Tile tile{fresh(), 8, {}};
    bool add = random() % 2;
    for (int p = 0; p < kPartitions; ++p) {
      for (int64_t i = 0; i < 8; ++i) {
        float x = a.values[p * a.elements + i * strideA], y = b.values[p * b.elements + offsetB + i];
        tile.values.push_back(add ? x + y : std::max(x, y));
      }
    }
    text += "  " + tile.name + " = tile.tensor_tensor " + a.name + ", " + b.name + " {op = \"" + (add ? "add" : "max") + "\", aps = [" +
            pattern(0, strideA, 8) + ", " + pattern(offsetB, strideB, 8) + "]" + (random() % 2 ? ", engine = \"gpsimd\"" : "") + "} : (" +
            sbuf(a.elements) + ", " + sbuf(b.elements) + ") -> " + sbuf(8) + "\n";
    tiles.push_back(std::move(tile));
  }

  // Two tiles of one size, one after the other or interleaved. The parts stay in use, now and then in other joins.
  void join() {
    Tile &a = any();
    std::vector<Tile *> equal;
    for (Tile &tile : tiles) {
      if (tile.elements == a.elements) {
        equal.push_back(&tile);
      }
    }
    Tile &b = *equal[random() % equal.size()];
    if (a.elements > 128) {
      return;
    }
    bool interleave = random() % 2;
    int64_t n = a.elements;
    Tile tile{fresh(), 2 * n, Values(kPartitions * 2 * n)};
    for (int p = 0; p < kPartitions; ++p) {
      for (int64_t i = 0; i < n; ++i) {
        tile.values[p * 2 * n + (interleave ? 2 * i : i)] = a.values[p * n + i];
        tile.values[p * 2 * n + (interleave ? 2 * i + 1 : n + i)] = b.values[p * n + i];
      }
    }
    text += "  " + tile.name + " = tile.join " + a.name + ", " + b.name + " {places = [" + pattern(0, interleave ? 2 : 1, n) + ", " +
            pattern(interleave ? 1 : n, interleave ? 2 : 1, n) + "]} : (" + sbuf(n) + ", " + sbuf(n) + ") -> " + sbuf(2 * n) + "\n";
    tiles.push_back(std::move(tile));
  }

  // A copy, part of which is then overwritten in place.
  void update() {
    Tile &a = any();
    Tile &b = any();
    int64_t n = a.elements;
    std::string copy = fresh();
    Tile tile{fresh(), n, a.values};
    for (int p = 0; p < kPartitions; ++p) {
      for (int64_t i = 0; i < 4; ++i) {
        tile.values[p * n + 2 * i] = std::max(b.values[p * b.elements + i], 0.0f);
      }
    }
    text += "  " + copy + " = tile.copy " + a.name + " {aps = [" + pattern(0, 1, n) + "]} : (" + sbuf(n) + ") -> " + sbuf(n) + "\n  " +
            tile.name + " = tile.activate " + b.name + ", " + copy + " {func = \"relu\", tied, aps = [" + pattern(0, 1, 4) + "], dst_ap = " +
            pattern(0, 2, 4) + "} : (" + sbuf(b.elements) + ", " + sbuf(n) + ") -> " + sbuf(n) + "\n";
    tiles.push_back(std::move(tile));
  }

  void finish() {
    std::string parts, places, types;
    int64_t total = 0;
    for (int i = 0; i < 24; ++i) {
      Tile &tile = any();
      int64_t size = tile.elements * kPartitions;
      text += "  %s" + std::to_string(i) + " = tile.dma " + tile.name + " {aps = [" + pattern(0, 1, tile.elements) + "]} : (" +
              sbuf(tile.elements) + ") -> !tile.dram<" + std::to_string(size) + ", f32>\n";
      parts += (i ? ", " : "") + ("%s" + std::to_string(i));
      places += (i ? ", " : "") + ("#tile.ap<0 + 0, " + std::to_string(total) + ", [1], [" + std::to_string(size) + "]>");
      types += (i ? ", " : "") + ("!tile.dram<" + std::to_string(size) + ", f32>");
      expected.insert(expected.end(), tile.values.begin(), tile.values.end());
      total += size;
    }
    std::string type = "!tile.dram<" + std::to_string(total) + ", f32>";
    text += "  %all = tile.join " + parts + " {places = [" + places + "]} : (" + types + ") -> " + type +
            "\n  tile.output %all {index = 0 : i64} : " + type + "\n}\n";
  }
};

struct Compiled {
  std::shared_ptr<neff::Model> model;
  int64_t pageIns = 0;
};

void compile(const RandomProgram &program, int64_t sbufBytes, bool order, Compiled &compiled) {
  auto context = std::make_shared<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  context->loadDialect<tile::TileDialect, core::CoreDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(program.text, context.get());
  ASSERT_TRUE(module);
  hw::DeviceSpec device = *hw::findDevice("trn1");
  device.sbufBytesPerPartition = sbufBytes;
  mlir::PassManager passes(context.get());
  if (order) {
    passes.addNestedPass<tile::ProgramOp>(schedule::createOrderTilesPass(device));
  }
  passes.addPass(memory::createAllocateTilesPass(device));
  passes.addNestedPass<core::ProgramOp>(sync::createAssignSemaphoresPass(device));
  passes.addNestedPass<core::ProgramOp>(verify::createVerifyCorePass(device));
  passes.addPass(verify::createVerifySyncPass());
  ASSERT_TRUE(succeeded(passes.run(*module)));
  auto core = *module->getOps<core::ProgramOp>().begin();
  compiled.pageIns = core->getAttrOfType<mlir::DictionaryAttr>("statistics").getAs<mlir::IntegerAttr>("page_ins").getInt();
  emit::ModelInfo info;
  info.inputs.push_back({"x", DType::F32, {static_cast<int64_t>(program.input.size())}});
  info.outputs.push_back({"y", DType::F32, {static_cast<int64_t>(program.expected.size())}});
  absl::StatusOr<neff::Model> model = emit::emitModel(*module, *hw::findDevice("trn1"), std::move(info), context);
  ASSERT_TRUE(model.ok()) << model.status();
  compiled.model = std::make_shared<neff::Model>(*std::move(model));
}

void check(unsigned seed, int steps, int64_t sbufBytes, bool order, int64_t *pageIns = nullptr) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", scratchpad " + std::to_string(sbufBytes) + (order ? ", ordered" : ""));
  RandomProgram program(seed, steps);
  Compiled compiled;
  compile(program, sbufBytes, order, compiled);
  ASSERT_TRUE(compiled.model);
  ASSERT_TRUE(neff::verifyModel(*compiled.model).ok()) << neff::verifyModel(*compiled.model);
  ASSERT_TRUE(neff::materializeWeights(*compiled.model).ok());
  auto executor = sim::makePreciseExecutor(compiled.model, {.checkRaces = true});
  ASSERT_TRUE(executor.ok()) << executor.status();
  Values result(program.expected.size());
  const void *in[] = {program.input.data()};
  void *out[] = {result.data()};
  absl::Status status = (*executor)->execute({in, out}, nullptr);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(result, program.expected);
  if (pageIns) {
    *pageIns += compiled.pageIns;
  }
}

TEST(BackEnd, RandomProgramsInAmpleMemory) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    check(seed, 60, 64 * 1024, seed % 2);
  }
}

// Two replicas that differ in one instruction tell which of them ran.
TEST(BackEnd, ReplicasTakeInferencesInTurn) {
  RandomProgram program(3, 60);
  Compiled compiled;
  compile(program, 64 * 1024, false, compiled);
  neff::Model &model = *compiled.model;
  model.programs.push_back(model.programs[0]);
  model.programs[1].core = 1;
  for (isa::Instruction &inst : model.programs[1].run) {
    if (auto *op = std::get_if<isa::TensorTensor>(&inst)) {
      op->op = isa::AluOp::mul;
    }
  }
  model.groups = {{{0}, {}, {}}, {{1}, {}, {}}};
  ASSERT_TRUE(neff::materializeWeights(model).ok());
  auto precise = sim::makePreciseExecutor(compiled.model);
  auto host = host::makeHostExecutor(compiled.model);
  ASSERT_TRUE(precise.ok() && host.ok());
  for (sim::Executor *executor : {precise->get(), host->get()}) {
    for (int inference = 0; inference < 4; ++inference) {
      Values result(program.expected.size());
      const void *in[] = {program.input.data()};
      void *out[] = {result.data()};
      ASSERT_TRUE(executor->execute({in, out}, nullptr).ok());
      EXPECT_EQ(result == program.expected, inference % 2 == 0) << "inference " << inference;
    }
  }
}

TEST(BackEnd, RandomProgramsWithPaging) {
  int64_t pageIns = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    check(seed, 120, 6 * 1024, seed % 2, &pageIns);
  }
  EXPECT_GT(pageIns, 100);
}

} // namespace

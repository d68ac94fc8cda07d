// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/Hazards.h"
#include "runtime/sim/Precise.h"
#include "runtime/sim/PreciseCore.h"
#include "runtime/sim/PreciseMath.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ncc::sim {
namespace {

using namespace test;

struct Core {
  const hw::DeviceSpec &spec = *hw::findDevice("trn1");
  PreciseCore core{spec};
  ProgramContext context;
  std::vector<uint8_t *> buffers;
  void fill(const AccessPattern &ap, const std::vector<float> &values) { core.storage().writeFloats(ap, buffers.data(), values, {false, false}); }
  std::vector<float> get(const AccessPattern &ap) { return core.storage().readFloats(ap, buffers.data()); }
  void run(const isa::Instruction &inst) {
    context.dram = buffers.data();
    ASSERT_TRUE(isa::verify(inst, spec).ok()) << isa::verify(inst, spec);
    ASSERT_TRUE(core.execute(inst, context).ok());
  }
};

TEST(Precise, MatmulAccumulates) {
  Core c;
  isa::Matmul m;
  m.stationary = sbuf(DType::F32, 2, 0, 2);
  m.moving = sbuf(DType::F32, 2, 64, 3);
  m.dst = psum(DType::F32, 2, 0, 3);
  c.fill(m.stationary, {1, 2, 3, 4});
  c.fill(m.moving, {1, 0, 2, 0, 1, 1});
  c.run(m);
  EXPECT_EQ(c.get(m.dst), (std::vector<float>{1, 3, 5, 2, 4, 8}));
  m.accumulate = true;
  c.run(m);
  EXPECT_EQ(c.get(m.dst), (std::vector<float>{2, 6, 10, 4, 8, 16}));
}

TEST(Precise, MatmulRoundsTheSumOfAnInstructionOnce) {
  Core c;
  isa::Matmul m;
  m.stationary = sbuf(DType::F32, 3, 0, 1);
  m.moving = sbuf(DType::F32, 3, 64, 1);
  m.dst = psum(DType::F32, 1, 0, 1);
  c.fill(m.stationary, {1, 1, 1});
  c.fill(m.moving, {1e8f, 1, -1e8f});
  c.run(m);
  EXPECT_EQ(c.get(m.dst), (std::vector<float>{1})); // 0 if each addition rounded
}

TEST(Precise, IntegerMatmulSubtractsZeroPoints) {
  Core c;
  isa::Matmul m;
  m.stationary = sbuf(DType::I8, 2, 0, 1);
  m.moving = sbuf(DType::U8, 2, 64, 2);
  m.dst = psum(DType::I32, 1, 0, 2);
  m.stationaryZero = 1;
  m.movingZero = 128;
  c.fill(m.stationary, {-127, 5});
  c.fill(m.moving, {255, 0, 130, 128});
  c.run(m);
  EXPECT_EQ(c.get(m.dst), (std::vector<float>{-128 * 127 + 4 * 2, -128 * -128 + 0}));
}

TEST(Precise, CastRules) {
  Core c;
  isa::TensorCopy copy;
  copy.src = sbuf(DType::F32, 1, 0, 4);
  copy.dst = sbuf(DType::I8, 1, 64, 4);
  c.fill(copy.src, {1.5f, -2.5f, 300, NAN});
  c.run(copy);
  EXPECT_EQ(c.get(copy.dst), (std::vector<float>{1, -2, 44, 0}));
  copy.round = copy.saturate = true;
  c.run(copy);
  EXPECT_EQ(c.get(copy.dst), (std::vector<float>{2, -2, 127, 0}));
  isa::TensorScalar scale; // engines that compute round and saturate
  scale.src = copy.src;
  scale.dst = copy.dst;
  scale.op0 = isa::AluOp::mul;
  scale.s0 = 1.0f;
  c.run(scale);
  EXPECT_EQ(c.get(scale.dst), (std::vector<float>{2, -2, 127, 0}));
}

TEST(Precise, IntegersAreExact) {
  Core c;
  isa::TensorTensor add;
  add.a = sbuf(DType::I32, 1, 0, 1);
  add.b = sbuf(DType::I32, 1, 64, 1);
  add.dst = sbuf(DType::I32, 1, 128, 1);
  c.core.storage().writeIntegers(add.a, nullptr, {(1 << 24) + 1});
  c.core.storage().writeIntegers(add.b, nullptr, {2});
  c.run(add);
  EXPECT_EQ(c.core.storage().readIntegers(add.dst, nullptr)[0], (1 << 24) + 3);
}

TEST(Precise, ReduceSelectScanIotaGather) {
  Core c;
  isa::Iota iota;
  iota.dst = onChip(Space::Sbuf, DType::I32, 0, 2, 0, {{3, 2}, {1, 3}});
  iota.base = 10;
  iota.channelMultiplier = 100;
  iota.step0 = 10;
  iota.step1 = 1;
  c.run(iota);
  EXPECT_EQ(c.get(iota.dst), (std::vector<float>{10, 11, 12, 20, 21, 22, 110, 111, 112, 120, 121, 122}));
  isa::TensorReduce reduce;
  reduce.src = iota.dst;
  reduce.dst = sbuf(DType::F32, 2, 64, 2);
  reduce.op = isa::AluOp::max;
  reduce.negate = true;
  c.run(reduce);
  EXPECT_EQ(c.get(reduce.dst), (std::vector<float>{-12, -22, -112, -122}));
  isa::Scan scan;
  scan.src = iota.dst;
  scan.dst = onChip(Space::Sbuf, DType::I32, 0, 2, 128, {{3, 2}, {1, 3}});
  c.run(scan);
  EXPECT_EQ(c.get(scan.dst)[5], 63);
  isa::Select select;
  select.pred = iota.dst;
  select.dst = scan.dst;
  select.a = 1.0f;
  select.b = 2.0f;
  c.run(select);
  EXPECT_EQ(c.get(select.dst)[0], 1);
  std::vector<float> table{0, 1, 10, 11, 20, 21};
  c.buffers = {reinterpret_cast<uint8_t *>(table.data())};
  isa::DmaGather gather;
  gather.src = dram(0, DType::F32, 0, {{2, 3}, {1, 2}});
  gather.index = sbuf(DType::I32, 1, 256, 3);
  gather.dst = sbuf(DType::F32, 3, 320, 2);
  c.core.storage().writeIntegers(gather.index, nullptr, {2, -3, 7});
  c.run(gather);
  EXPECT_EQ(c.get(gather.dst), (std::vector<float>{20, 21, 0, 1, 0, 0}));
  EXPECT_TRUE(c.context.outOfBounds.has_value());
}

TEST(Precise, MlpMatchesPlainLoops) {
  ModelBuilder b = makeMlp({128, 256}, 8, DType::F32);
  ASSERT_TRUE(neff::verifyModel(*b.model).ok()) << neff::verifyModel(*b.model);
  ASSERT_TRUE(neff::materializeWeights(*b.model).ok());
  auto executor = makePreciseExecutor(b.model, {.checkUninitialised = true});
  ASSERT_TRUE(executor.ok()) << executor.status();
  std::vector<float> x = randomValues(128 * 8, 1, 9), y(256 * 8);
  std::vector<float> w = randomValues(128 * 256, 1.7f / std::sqrt(128.0f), 0), bias = randomValues(256, 0.5f, 100);
  const void *in[] = {x.data()};
  void *out[] = {y.data()};
  ASSERT_TRUE((*executor)->execute({in, out}, nullptr).ok());
  for (int n = 0; n < 256; n += 7) {
    for (int t = 0; t < 8; ++t) {
      double sum = bias[n];
      for (int k = 0; k < 128; ++k) {
        sum += static_cast<double>(w[k * 256 + n]) * x[k * 8 + t];
      }
      EXPECT_NEAR(y[n * 8 + t], sum * 0.5 * (1 + std::erf(sum * M_SQRT1_2)), 1e-5);
    }
  }
}

TEST(Precise, ChecksUninitialisedReadsAndRaces) {
  ModelBuilder b;
  b.input("x", DType::F32, {128, 4});
  b.output("y", DType::F32, {128, 4});
  isa::TensorCopy copy;
  copy.src = sbuf(DType::F32, 128, 0, 4);
  copy.dst = sbuf(DType::F32, 128, 64, 4);
  b.run(copy);
  ASSERT_TRUE(neff::materializeWeights(*b.model).ok());
  auto executor = makePreciseExecutor(b.model, {.checkUninitialised = true});
  std::vector<float> x(512), y(512);
  const void *in[] = {x.data()};
  void *out[] = {y.data()};
  EXPECT_FALSE((*executor)->execute({in, out}, nullptr).ok());

  neff::Program p;
  isa::DmaCopy dma;
  dma.src = dram(0, DType::F32, 0, {{1, 512}});
  dma.dst = sbuf(DType::F32, 128, 0, 4);
  p.run = {dma, copy};
  EXPECT_FALSE(findRaces(p, *hw::findDevice("trn1")).ok());
  isa::header(p.run[0]).sync.addSignal(3);
  isa::header(p.run[1]).sync.addWait(3, 1);
  EXPECT_TRUE(findRaces(p, *hw::findDevice("trn1")).ok());
  isa::header(p.run[1]).sync.waits[0].value = 0;
  EXPECT_FALSE(findRaces(p, *hw::findDevice("trn1")).ok());
}

// Bit operations on floats go through integers: what lies outside of them is their nearest end, NaN is 0.
TEST(Precise, BitOperationsOfFarNumbers) {
  constexpr float far = 1.7e38f;
  EXPECT_EQ(aluFloat(isa::AluOp::bit_and, far, 5), 5);
  EXPECT_EQ(aluFloat(isa::AluOp::bit_and, INFINITY, 5), 5);
  EXPECT_EQ(aluFloat(isa::AluOp::bit_and, -far, 5), 0);
  EXPECT_EQ(aluFloat(isa::AluOp::bit_or, NAN, 5), 5);
  EXPECT_EQ(aluFloat(isa::AluOp::bit_xor, -2.7f, 1), -1);
}

} // namespace
} // namespace ncc::sim

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The host executor against the precise interpreter, for every CPU level this machine has.

#include "runtime/host/Steps.h"
#include "runtime/host/Tracker.h"
#include "test/runtime/HostCheck.h"

#include <thread>

namespace ncc::host {
namespace {

// Stated bounds: fp32 2e-5, bf16 1e-2 of the largest output (activations are rounded to bf16 between layers); int8 exact.
TEST(Host, MlpF32) {
  ModelBuilder b = makeMlp({256, 384, 128}, 100, DType::F32);
  EXPECT_LT(worstDifference(b), 2e-5);
}
TEST(Host, MlpBf16) {
  ModelBuilder b = makeMlp({256, 384, 128}, 100);
  EXPECT_LT(worstDifference(b), 1e-2);
}
TEST(Host, MlpOddSizes) {
  for (int tokens : {1, 7, 17, 33, 512}) {
    ModelBuilder b = makeMlp({128, 256, 128}, tokens);
    EXPECT_LT(worstDifference(b), 1e-2) << tokens;
  }
}

/// A matmul of any K, M, N with everything loaded from inputs (nothing constant) or from weights.
ModelBuilder oneMatmul(int k, int m, int n, DType stationary, DType moving, bool constant, int sz, int mz, int chain) {
  ModelBuilder b;
  const bool integers = isInteger(moving);
  DType result = integers ? DType::I32 : DType::F32;
  std::vector<uint8_t> raw(static_cast<size_t>(k) * m * dtypeSize(stationary) * chain);
  std::mt19937 rng(3);
  for (size_t i = 0; i < raw.size(); i += dtypeSize(stationary)) {
    sim::storeDouble(stationary, &raw[i], integers ? static_cast<double>(rng() % 256) - (stationary == DType::I8 ? 128 : 0) : std::ldexp(static_cast<double>(rng() % 2001) - 1000, -10), {});
  }
  uint16_t w = constant ? b.weight("w", stationary, raw) : b.input("w", stationary, {chain, k, m});
  uint16_t x = b.input("x", moving, {chain, k, n});
  uint16_t y = b.output("y", result, {m, n});
  const auto ss = static_cast<int64_t>(dtypeSize(stationary)), ms = static_cast<int64_t>(dtypeSize(moving));
  for (int c = 0; c < chain; ++c) {
    isa::Matmul mm;
    mm.stationary = sbuf(stationary, k, 0, m);
    mm.moving = sbuf(moving, k, 4096 + c % 2 * 4096, n);
    b.copy(mm.stationary, dram(w, stationary, c * k * m * ss, {{m, static_cast<uint32_t>(k)}, {1, static_cast<uint32_t>(m)}}));
    b.copy(mm.moving, dram(x, moving, c * k * n * ms, {{n, static_cast<uint32_t>(k)}, {1, static_cast<uint32_t>(n)}}));
    mm.dst = psum(result, m, 2048, n);
    mm.stationaryZero = sz;
    mm.movingZero = mz;
    mm.accumulate = c > 0;
    b.run(mm);
  }
  isa::TensorCopy copy;
  copy.src = psum(result, m, 2048, n);
  copy.dst = sbuf(result, m, 20000, n);
  b.run(copy);
  b.copy(dram(y, result, 0, {{n, static_cast<uint32_t>(m)}, {1, static_cast<uint32_t>(n)}}), copy.dst);
  return b;
}

TEST(Host, MatmulShapes) {
  std::mt19937 rng(5);
  for (int round = 0; round < 24; ++round) {
    int k = 1 + rng() % 128, m = 1 + rng() % 128, n = 1 + rng() % 512;
    if (round % 3 == 0) {
      k = m = 128;
    }
    bool constant = rng() % 2;
    DType type = round % 4 == 3 ? DType::F32 : round % 4 == 2 ? DType::F16 : DType::BF16;
    ModelBuilder b = oneMatmul(k, m, n, type, type, constant, 0, 0, 1 + round % 3);
    EXPECT_LT(worstDifference(b), 1e-5) << k << " " << m << " " << n << " " << dtypeName(type);
  }
}

TEST(Host, IntegerMatmulsAreExact) {
  std::mt19937 rng(6);
  for (DType s : {DType::I8, DType::U8}) {
    for (DType v : {DType::I8, DType::U8}) {
      for (int round = 0; round < 4; ++round) {
        int k = 1 + rng() % 128, m = 1 + rng() % 128, n = 1 + rng() % 512;
        ModelBuilder b = oneMatmul(k, m, n, s, v, round % 2, round < 2 ? 0 : 3, round < 1 ? 0 : 130 - 128 * (v == DType::I8), 1 + round % 3);
        EXPECT_EQ(worstDifference(b), 0) << k << " " << m << " " << n;
      }
    }
  }
}

TEST(Host, MorePiecesThanAreTracked) {
  // Constants and inputs alternate byte by byte, so that nothing merges; then everything is read at once.
  ModelBuilder b;
  constexpr uint32_t kPieces = kMostTracked + 900;
  std::vector<uint8_t> values(kPieces);
  for (uint32_t i = 0; i < kPieces; ++i) {
    values[i] = static_cast<uint8_t>(i % 251);
  }
  const uint16_t x = b.input("x", DType::U8, {kPieces}), y = b.output("y", DType::U8, {2 * kPieces}), w = b.weight("w", DType::U8, values);
  for (uint32_t i = 0; i < kPieces; ++i) {
    b.copy(sbuf(DType::U8, 1, 2 * i, 1), dram(w, DType::U8, i, {{1, 1}}));
  }
  for (uint32_t i = 0; i < kPieces; ++i) {
    b.copy(sbuf(DType::U8, 1, 2 * i + 1, 1), dram(x, DType::U8, i, {{1, 1}}));
  }
  b.copy(dram(y, DType::U8, 0, {{1, 2 * kPieces}}), sbuf(DType::U8, 1, 0, 2 * kPieces));
  EXPECT_EQ(worstDifference(b), 0);
}

TEST(Host, ConvolutionTapsWithShiftedPatterns) {
  // 3x3 over an 8x8 image of 16 channels with a border, 32 outputs, nine taps in one PSUM chain.
  ModelBuilder b;
  uint16_t x = b.input("x", DType::F32, {16, 10, 10});
  uint16_t y = b.output("y", DType::F32, {32, 8, 8});
  uint16_t w = b.weight("w", DType::BF16, toBf16(randomValues(9 * 16 * 32, 0.1f, 4)));
  AccessPattern image = sbuf(DType::BF16, 16, 0, 100);
  b.copy(image, dram(x, DType::F32, 0, {{1, 1600}}));
  AccessPattern weights = onChip(Space::Sbuf, DType::BF16, 0, 16, 1024, {{32, 9}, {1, 32}});
  b.copy(weights, dram(w, DType::BF16, 0, {{32, 16}, {512, 9}, {1, 32}}));
  for (int tap = 0; tap < 9; ++tap) {
    isa::Matmul m;
    m.dst = onChip(Space::Psum, DType::F32, 0, 32, 0, {{8, 8}, {1, 8}});
    m.stationary = sbuf(DType::BF16, 16, 1024 + tap * 64, 32);
    m.moving = onChip(Space::Sbuf, DType::BF16, 0, 16, (tap / 3 * 10 + tap % 3) * 2, {{10, 8}, {1, 8}});
    m.accumulate = tap > 0;
    b.run(m);
  }
  isa::Activate a;
  a.src = psum(DType::F32, 32, 0, 64);
  a.dst = sbuf(DType::F32, 32, 4096, 64);
  a.func = isa::ActFunc::relu;
  b.run(a);
  b.copy(dram(y, DType::F32, 0, {{64, 32}, {1, 64}}), a.dst);
  EXPECT_LT(worstDifference(b), 1e-5);
}

TEST(Host, WindowsOfTheResult) {
  // Taps that reach only a part of the result: strided windows of PSUM, floats and integers.
  for (bool integers : {false, true}) {
    ModelBuilder b;
    const DType type = integers ? DType::I8 : DType::BF16, result = integers ? DType::I32 : DType::F32;
    const auto size = static_cast<int>(dtypeSize(type));
    uint16_t x = b.input("x", type, {24, 20 * 23});
    uint16_t y = b.output("y", result, {40, 18 * 23});
    std::vector<uint8_t> bytes(static_cast<size_t>(3 * 24 * 40 * size));
    for (size_t i = 0; i < bytes.size(); i += static_cast<size_t>(size)) {
      sim::storeDouble(type, &bytes[i], integers ? static_cast<double>(i % 200) - 100 : static_cast<double>(i % 37) / 32 - 0.5, {});
    }
    uint16_t w = b.weight("w", type, bytes);
    b.copy(sbuf(type, 24, 0, 460), dram(x, type, 0, {{1, 24 * 460}}));
    for (int tap = 0; tap < 3; ++tap) {
      b.copy(sbuf(type, 24, 1024 + tap * 128, 40), dram(w, type, tap * 960 * size, {{1, 960}}));
      isa::Matmul m;
      m.stationary = sbuf(type, 24, 1024 + tap * 128, 40);
      m.dst = tap ? onChip(Space::Psum, result, 0, 40, tap * 4, {{23, 18}, {1, 21}}) : psum(result, 40, 0, 414);
      m.moving = tap ? onChip(Space::Sbuf, type, 0, 24, tap * size * 23, {{23, 18}, {1, 21}}) : sbuf(type, 24, 0, 414);
      m.accumulate = tap > 0;
      m.movingZero = integers ? 5 : 0;
      m.stationaryZero = integers ? -3 : 0;
      b.run(m);
    }
    isa::TensorCopy copy;
    copy.src = psum(result, 40, 0, 414);
    copy.dst = sbuf(result, 40, 8192, 414);
    b.run(copy);
    b.copy(dram(y, result, 0, {{1, 40 * 414}}), copy.dst);
    EXPECT_LT(worstDifference(b), integers ? 1e-12 : 1e-5);
  }
}

TEST(Host, ChangedInstructionOrWeightChangesTheResult) {
  ModelBuilder b = makeMlp({128, 128}, 16);
  ASSERT_TRUE(neff::materializeWeights(*b.model).ok());
  auto before = execute(**makeHostExecutor(b.model), *b.model, 1);
  for (int change = 0; change < 2; ++change) {
    auto other = std::make_shared<neff::Model>(*b.model);
    std::vector<uint8_t> weights(other->weightData, other->weightData + other->weightBytes);
    if (change == 0) {
      for (isa::Instruction &inst : other->programs[0].run) {
        if (auto *act = std::get_if<isa::Activate>(&inst)) {
          act->func = isa::ActFunc::tanh;
        }
      }
    } else {
      weights[101] ^= 0x40;
      std::memcpy(const_cast<uint8_t *>(other->weightData), weights.data(), weights.size());
    }
    auto host = execute(**makeHostExecutor(other), *other, 1);
    auto precise = execute(**sim::makePreciseExecutor(other), *other, 1);
    EXPECT_GT(difference(host, before, *b.model), 0.01);
    EXPECT_LT(difference(host, precise, *b.model), 0.01);
  }
}

TEST(Host, ThreadsGiveTheSameBits) {
  ModelBuilder b = makeMlp({256, 256}, 64);
  ASSERT_TRUE(neff::materializeWeights(*b.model).ok());
  auto one = *makeHostExecutor(b.model, {.threads = 1});
  auto many = *makeHostExecutor(b.model, {.threads = 4});
  Results expected = execute(*one, *b.model, 3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(execute(*many, *b.model, 3).outputs, expected.outputs);
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
}

TEST(Host, PipelineOfTwoCores) {
  ModelBuilder b;
  uint16_t x = b.input("x", DType::F32, {128, 32});
  b.model->channels.push_back({0, 0, 1, 128 * 32 * 4, 2});
  b.copy(sbuf(DType::F32, 128, 0, 32), dram(x, DType::F32, 0, {{1, 4096}}));
  isa::Send send;
  send.src = sbuf(DType::F32, 128, 0, 32);
  b.run(send);
  b.addProgram();
  uint16_t y = b.output("y", DType::F32, {128, 32});
  isa::Recv recv;
  recv.dst = sbuf(DType::F32, 128, 64, 32);
  b.run(recv);
  isa::Activate a;
  a.src = recv.dst;
  a.dst = recv.dst;
  a.func = isa::ActFunc::exp;
  b.run(a);
  b.copy(dram(y, DType::F32, 0, {{1, 4096}}), recv.dst);
  EXPECT_LT(worstDifference(b), 1e-6);
}

//===----------------------------------------------------------------------===//
// Single instructions with random patterns
//===----------------------------------------------------------------------===//

struct PatternMaker {
  std::mt19937 rng;
  uint64_t next = 0;
  /// A pattern of `dims` sizes with random strides, in its own part of a partition.
  AccessPattern make(DType type, int partitions, std::vector<uint32_t> sizes, Space space = Space::Sbuf) {
    AccessPattern ap = onChip(space, type, 0, partitions, 0, {});
    int64_t stride = 1 + (rng() % 3 == 0);
    ap.rank = static_cast<uint8_t>(sizes.size());
    for (int d = ap.rank - 1; d >= 0; --d) {
      ap.dims[d] = {static_cast<int32_t>(stride), sizes[d]};
      stride = stride * sizes[d] + (rng() % 2 ? rng() % 4 : 0);
    }
    ap.offset = space == Space::Psum ? 0 : next;
    next += static_cast<uint64_t>(space == Space::Psum ? 0 : (stride + 8) * 8 / 64 * 64 + 64);
    return ap;
  }
};

/// Fills the operands' memory with the same random bytes in both executors and compares what one instruction leaves.
void compareInstruction(const isa::Instruction &inst, const hw::DeviceSpec &spec, std::mt19937 &rng, double bound) {
  ASSERT_TRUE(isa::verify(inst, spec).ok()) << isa::verify(inst, spec);
  neff::Model model;
  neff::Program program;
  sim::ProgramContext environment;
  environment.program = &program;
  sim::CoreMemory expected(spec);
  isa::forEachRead(inst, [&](const AccessPattern &ap) {
    std::vector<float> values(static_cast<size_t>(ap.totalSize()));
    for (float &v : values) {
      v = static_cast<float>(rng() % 4001) / 500.0f - 4.0f;
    }
    expected.writeFloats(ap, nullptr, values, {false, false});
  });
  CoreContext context(model, program, nullptr, spec);
  const auto sbufBytes = static_cast<size_t>(expected.sbufPitch() * spec.partitions), psumBytes = static_cast<size_t>(expected.psumPitch() * spec.partitions);
  for (CpuLevel level : levels()) {
    std::memcpy(context.memory.sbuf(), expected.sbuf(), sbufBytes);
    std::memcpy(context.memory.psum(), expected.psum(), psumBytes);
    StepPtr step = makeFastStep(inst, context.memory, kernelsFor(level));
    if (!step) {
      return; // the plain way is the precise way
    }
    ASSERT_TRUE(step->run(context).ok());
    sim::CoreMemory reference(spec);
    std::memcpy(reference.sbuf(), expected.sbuf(), sbufBytes);
    std::memcpy(reference.psum(), expected.psum(), psumBytes);
    ASSERT_TRUE(sim::executeInstruction(inst, reference, environment).ok());
    isa::forEachWrite(inst, [&](const AccessPattern &ap) {
      std::vector<double> a = context.memory.readDoubles(ap, nullptr), b = reference.readDoubles(ap, nullptr);
      double largest = 1;
      for (double v : b) {
        largest = std::isfinite(v) ? std::max(largest, std::fabs(v)) : largest;
      }
      double rounding = ap.dtype == DType::BF16 ? 1.0 / 128 : ap.dtype == DType::F16 ? 1.0 / 1024 : isFloat(ap.dtype) ? 0 : 1.0;
      for (size_t i = 0; i < a.size(); ++i) {
        if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) {
          continue;
        }
        double allowed = bound * largest + (isFloat(ap.dtype) ? rounding * std::fabs(b[i]) : bound > 0 ? rounding : 0);
        ASSERT_LE(std::fabs(a[i] - b[i]), allowed) << cpuLevelName(level) << " " << isa::disassemble(inst) << " element " << i << ": " << a[i] << " " << b[i];
      }
    });
    // Nothing else changed.
    isa::forEachWrite(inst, [&](const AccessPattern &ap) {
      std::vector<double> zero(static_cast<size_t>(ap.totalSize()));
      context.memory.writeDoubles(ap, nullptr, zero);
      reference.writeDoubles(ap, nullptr, zero);
    });
    ASSERT_EQ(std::memcmp(context.memory.sbuf(), reference.sbuf(), sbufBytes), 0) << isa::disassemble(inst);
  }
}

TEST(Host, RandomInstructions) {
  const hw::DeviceSpec &spec = *hw::findDevice("trn1");
  std::mt19937 rng(17);
  const DType types[] = {DType::F32, DType::BF16, DType::F16, DType::I8, DType::U8, DType::I32};
  auto floats = [&] { return types[rng() % 3]; };
  auto any = [&] { return types[rng() % 6]; };
  for (int round = 0; round < 80; ++round) {
    PatternMaker make{std::mt19937(rng()), 0};
    const int p = 1 + static_cast<int>(rng() % 128);
    std::vector<uint32_t> sizes{1 + static_cast<uint32_t>(rng() % 5), 1 + static_cast<uint32_t>(rng() % 60)};
    std::vector<uint32_t> flat{sizes[0] * sizes[1]};
    auto shape = [&] { return rng() % 2 ? sizes : flat; };
    auto scalar = [&] { return rng() % 2 ? isa::ScalarOperand(make.make(DType::F32, p, {1})) : isa::ScalarOperand(static_cast<float>(rng() % 100) / 50 - 1); };
    switch (rng() % 7) {
    case 0: {
      isa::Activate i;
      i.dst = make.make(floats(), p, shape());
      i.src = make.make(any(), p, shape());
      i.scale = scalar();
      i.bias = scalar();
      i.func = static_cast<isa::ActFunc>(rng() % isa::enumCount(isa::ActFunc{}));
      i.alpha = 0.3f;
      i.beta = 0.2f;
      if (rng() % 3 == 0) {
        i.rowSum = make.make(DType::F32, p, {1});
      }
      // Functions with steps or poles are compared elsewhere; inputs here may sit right at them.
      using F = isa::ActFunc;
      for (F f : {F::sign, F::floor, F::ceil, F::round, F::is_nan, F::is_inf, F::logical_not, F::reciprocal, F::rsqrt, F::tan, F::log, F::acosh, F::atanh, F::shrink, F::thresholded_relu, F::asin, F::acos, F::sqrt}) {
        i.func = i.func == f ? F::gelu : i.func;
      }
      compareInstruction(i, spec, rng, 2e-6);
      break;
    }
    case 1: {
      isa::TensorTensor i;
      i.dst = make.make(any(), p, shape());
      i.a = make.make(any(), p, shape());
      i.b = make.make(any(), p, shape());
      i.op = static_cast<isa::AluOp>(rng() % 7);
      i.op = i.op == isa::AluOp::div ? isa::AluOp::add : i.op;
      compareInstruction(i, spec, rng, 1e-6);
      break;
    }
    case 2: {
      isa::TensorScalar i;
      i.dst = make.make(any(), p, shape());
      i.src = make.make(any(), p, shape());
      i.s0 = scalar();
      i.s1 = scalar();
      i.op0 = static_cast<isa::AluOp>(1 + rng() % 3);
      i.op1 = static_cast<isa::AluOp>(rng() % 7);
      i.op1 = i.op1 == isa::AluOp::div ? isa::AluOp::max : i.op1;
      i.reverse0 = rng() % 2;
      compareInstruction(i, spec, rng, 1e-6);
      break;
    }
    case 3: {
      isa::TensorReduce i;
      i.src = make.make(floats(), p, sizes);
      i.reduceDims = static_cast<uint8_t>(1 + rng() % 2);
      i.dst = make.make(DType::F32, p, {i.reduceDims == 2 ? 1 : sizes[0]});
      i.op = rng() % 2 ? isa::AluOp::add : isa::AluOp::max;
      i.negate = rng() % 2;
      compareInstruction(i, spec, rng, 1e-5);
      break;
    }
    case 4: {
      isa::TensorCopy i;
      i.dst = make.make(any(), p, shape());
      i.src = make.make(any(), p, shape());
      i.round = rng() % 2;
      i.saturate = rng() % 2;
      compareInstruction(i, spec, rng, 0);
      break;
    }
    case 5: {
      isa::DmaCopy i;
      int q = 1 + static_cast<int>(rng() % 16);
      i.dst = make.make(floats(), p, {static_cast<uint32_t>(q * 4)});
      i.src = make.make(floats(), p * 4 <= 128 ? p * 4 : p, {static_cast<uint32_t>(p * 4 <= 128 ? q : q * 4)});
      i.dst.space = Space::Sbuf;
      compareInstruction(i, spec, rng, 0);
      break;
    }
    default: {
      isa::Select i;
      i.dst = make.make(floats(), p, shape());
      i.pred = make.make(DType::U8, p, shape());
      i.a = make.make(floats(), p, shape());
      i.b = 2.5f;
      compareInstruction(i, spec, rng, 0);
    }
    }
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST(Host, ActivationsWithinStatedBounds) {
  using F = isa::ActFunc;
  std::vector<float> special{0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-30f, -1e-30f, 88.0f, -88.0f, 100.0f, -100.0f, 1e30f, -1e30f};
  for (CpuLevel level : levels()) {
    const VectorKernels &k = kernelsFor(level).vector;
    for (F f : {F::exp, F::sigmoid, F::tanh, F::erf, F::gelu, F::gelu_tanh, F::silu, F::softplus, F::mish, F::elu, F::selu, F::log, F::hard_swish, F::relu}) {
      std::vector<float> x = special;
      for (float v = -12; v < 12; v += 0.00371f) {
        x.push_back(v);
      }
      std::vector<float> y = x;
      ASSERT_TRUE(k.activate(f, y.data(), 1.0f, 1.0f, static_cast<int64_t>(y.size())));
      for (size_t i = 0; i < x.size(); ++i) {
        float want = sim::activation(f, x[i], 1.0f, 1.0f);
        if (std::isnan(want) || std::isinf(want)) {
          EXPECT_EQ(std::isnan(want), std::isnan(y[i])) << isa::enumName(f) << " " << x[i] << " " << y[i];
          EXPECT_EQ(std::isinf(want), std::isinf(y[i])) << isa::enumName(f) << " " << x[i] << " " << y[i];
          continue;
        }
        EXPECT_NEAR(y[i], want, 5e-7 * std::max(1.0f, std::fabs(want)) + (std::fabs(want) > 100 ? 2e-7 * std::fabs(want) : 0)) << isa::enumName(f) << " at " << x[i];
      }
    }
  }
}

} // namespace
} // namespace ncc::host

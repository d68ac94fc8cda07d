// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Instruction.h"

#include <gtest/gtest.h>

#include <random>

namespace ncc::isa {
namespace {

AccessPattern tile(Space space, DType type, int partitions, std::initializer_list<Dim> dims, uint64_t offset = 0) {
  AccessPattern ap;
  ap.space = space;
  ap.dtype = type;
  ap.partitions = static_cast<uint16_t>(partitions);
  ap.offset = offset;
  for (Dim d : dims) {
    ap.dims[ap.rank++] = d;
  }
  return ap;
}

Matmul matmul() {
  Matmul m;
  m.dst = tile(Space::Psum, DType::F32, 128, {{1, 512}}, 2048);
  m.stationary = tile(Space::Sbuf, DType::BF16, 128, {{1, 128}}, 40000);
  m.moving = tile(Space::Sbuf, DType::BF16, 128, {{1, 512}}, 1024);
  return m;
}

AccessPattern randomPattern(std::mt19937 &rng) {
  AccessPattern ap;
  ap.space = static_cast<Space>(1 + rng() % 3);
  ap.dtype = rng() % 2 ? DType::F32 : DType::I8;
  ap.rank = static_cast<uint8_t>(rng() % 6);
  if (ap.space == Space::Dram) {
    ap.buffer = static_cast<uint16_t>(rng());
  } else {
    ap.partition = static_cast<uint16_t>(rng() % 128);
    ap.partitions = static_cast<uint16_t>(rng() % 129);
  }
  ap.offset = rng();
  for (int i = 0; i < ap.rank; ++i) {
    ap.dims[i] = {static_cast<int32_t>(rng()), static_cast<uint32_t>(rng())};
  }
  return ap;
}

// Fills every field of an instruction with arbitrary valid values.
struct Filler {
  std::mt19937 &rng;
  void pattern(const PatternInfo &info, AccessPattern &ap) {
    if (!info.optional || rng() % 2) {
      ap = randomPattern(rng);
    }
  }
  void scalar(const ScalarInfo &, ScalarOperand &s) {
    switch (rng() % 3) {
    case 0:
      s = ScalarOperand(static_cast<float>(rng()));
      break;
    case 1:
      s = ScalarOperand(static_cast<int64_t>(rng()) - (1 << 30));
      break;
    default:
      s = ScalarOperand(randomPattern(rng));
    }
  }
  template <typename T>
  void immediate(const char *, T &value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(rng() % enumCount(T{}));
    } else if constexpr (std::is_same_v<T, bool>) {
      value = rng() % 2;
    } else {
      value = static_cast<T>(rng());
    }
  }
};

template <size_t... I>
std::vector<Instruction> everyInstruction(std::index_sequence<I...>) {
  return {Instruction(std::in_place_index<I>)...};
}

std::vector<Instruction> everyInstruction() {
  return everyInstruction(std::make_index_sequence<std::variant_size_v<Instruction>>());
}

TEST(Isa, EncodingRoundTripsEveryInstruction) {
  std::mt19937 rng(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    std::vector<Instruction> list = everyInstruction();
    for (Instruction &inst : list) {
      Filler filler{rng};
      std::visit([&](auto &i) { visitFields(i, filler); }, inst);
      header(inst).node = rng();
      header(inst).queue = rng() % 16;
      header(inst).sync.addWait(static_cast<uint16_t>(rng() % 256), rng());
      header(inst).sync.addSignal(static_cast<uint16_t>(rng() % 256), 3);
      encode(inst, bytes);
    }
    absl::Span<const uint8_t> span(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
    for (const Instruction &inst : list) {
      auto got = decode(span);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_TRUE(*got == inst) << disassemble(inst) << "\n" << disassemble(*got);
    }
    EXPECT_TRUE(span.empty());
  }
}

TEST(Isa, MatmulIsSmall) {
  Instruction inst = matmul();
  header(inst).sync.addWait(200, 5000);
  header(inst).sync.addSignal(100);
  header(inst).node = 300;
  std::string bytes;
  encode(inst, bytes);
  EXPECT_LE(bytes.size(), 64u);
}

TEST(Isa, DecoderSurvivesGarbage) {
  std::mt19937 rng(3);
  std::string good;
  encode(matmul(), good);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good.substr(0, rng() % (good.size() + 1));
    for (int flips = rng() % 4; flips > 0 && !bytes.empty(); --flips) {
      bytes[rng() % bytes.size()] = static_cast<char>(rng());
    }
    absl::Span<const uint8_t> span(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
    auto got = decode(span);
    if (got.ok()) {
      verify(*got, *hw::findDevice("trn1")).IgnoreError();
      disassemble(*got);
    }
  }
}

TEST(Isa, VerifierKnowsTheMachine) {
  const hw::DeviceSpec &trn1 = *hw::findDevice("trn1");
  const hw::DeviceSpec &inf1 = *hw::findDevice("inf1");
  EXPECT_TRUE(verify(matmul(), trn1).ok()) << verify(matmul(), trn1);
  EXPECT_FALSE(verify(matmul(), inf1).ok()); // 128 stationary columns
  auto broken = [&](auto change) {
    Matmul m = matmul();
    change(m);
    return !verify(m, trn1).ok();
  };
  EXPECT_TRUE(broken([](Matmul &m) { m.dst.offset = 1024; }));          // crosses a bank
  EXPECT_TRUE(broken([](Matmul &m) { m.dst.space = Space::Sbuf; }));    // PSUM only
  EXPECT_TRUE(broken([](Matmul &m) { m.moving.dtype = DType::F32; }));  // f32 pairs with f32
  EXPECT_TRUE(broken([](Matmul &m) { m.moving.partitions = 64; }));     // K differs
  EXPECT_TRUE(broken([](Matmul &m) { m.moving.offset = 180000; }));     // beyond SBUF
  EXPECT_TRUE(broken([](Matmul &m) { m.stationaryZero = 3; }));         // floats have no zero point
  EXPECT_TRUE(broken([](Matmul &m) { m.header.engine = Engine::Vector; }));
  EXPECT_TRUE(broken([](Matmul &m) { m.header.sync.addWait(256, 1); }));
  Matmul f32 = matmul();
  f32.stationary.dtype = f32.moving.dtype = DType::F32;
  EXPECT_TRUE(verify(f32, trn1).ok());
  Activate act;
  act.src = tile(Space::Psum, DType::F32, 32, {{1, 8}});
  act.dst = tile(Space::Sbuf, DType::BF16, 32, {{1, 8}});
  act.src.partition = act.dst.partition = 96;
  EXPECT_TRUE(verify(act, trn1).ok());
  act.src.partition = 40;
  EXPECT_FALSE(verify(act, trn1).ok()); // 0, 32, 64 or 96
}

TEST(Isa, OperandWalkers) {
  int reads = 0, writes = 0;
  Matmul m = matmul();
  forEachRead(m, [&](const AccessPattern &) { ++reads; });
  forEachWrite(m, [&](const AccessPattern &) { ++writes; });
  EXPECT_EQ(reads, 2);
  EXPECT_EQ(writes, 1);
  m.accumulate = true;
  reads = 0;
  forEachRead(m, [&](const AccessPattern &) { ++reads; });
  EXPECT_EQ(reads, 3);
}

} // namespace
} // namespace ncc::isa

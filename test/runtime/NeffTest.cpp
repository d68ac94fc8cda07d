// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Format.h"
#include "runtime/neff/Reader.h"
#include "runtime/neff/Writer.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace ncc::neff {
namespace {

std::string path(const std::string &name) { return ::testing::TempDir() + "/ncc_" + std::to_string(::getpid()) + "_" + name; }

std::string slurp(const std::string &file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Bytes span(const std::string &s) { return {reinterpret_cast<const uint8_t *>(s.data()), s.size()}; }

TEST(Hash, KnownVectors) {
  EXPECT_EQ(hex(sha256(span(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256(span("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(span(std::string(1000, 'a')))), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

TEST(Hash, FastHashIgnoresCuts) {
  std::string data(100003, '\0');
  std::mt19937 rng(1);
  for (char &c : data) {
    c = static_cast<char>(rng());
  }
  std::string whole = fastHash(span(data));
  FastHash cut;
  for (size_t at = 0; at < data.size();) {
    size_t n = std::min<size_t>(rng() % 300, data.size() - at);
    cut.update(data.data() + at, n);
    at += n;
  }
  EXPECT_EQ(cut.finish(), whole);
  data[5000] ^= 1;
  EXPECT_NE(fastHash(span(data)), whole);
  EXPECT_NE(fastHash(span(std::string(64, '\0'))), fastHash(span(std::string(63, '\0'))));
}

TEST(Tar, LargeSizesAreBase256) {
  auto header = tarHeader("weights.bin", uint64_t{20} << 30);
  EXPECT_EQ(header[124], 0x80);
  auto small = tarHeader("a", 5);
  std::string archive(small.begin(), small.end());
  archive += std::string("hello") + std::string(507, '\0') + std::string(1024, '\0');
  auto members = readTar(span(archive));
  ASSERT_TRUE(members.ok());
  EXPECT_EQ((*members)[0].size, 5u);
}

TEST(Neff, RoundTripIsExactAndDeterministic) {
  test::ModelBuilder b = test::makeMlp({256, 384, 128}, 64);
  b.model->channels.clear();
  CallEntry call;
  call.kernel = "layer_norm";
  call.attributes.set("axis", int64_t{1});
  call.inputs = {CallOperand{0, 0, DType::F32, {2, 2}}, CallOperand{0, 16, DType::F32, {2}}, std::nullopt};
  call.outputs = {CallOperand{1, 0, DType::F32, {2, 2}}};
  b.program().calls.push_back(call);
  b.run(isa::Call{});
  b.program().init.push_back(isa::Nop{});
  b.program().blockStarts = {0, 5};
  b.model->report = "{\"x\": 1}";
  std::string one = path("one.neff"), two = path("two.neff");
  ASSERT_TRUE(writeModel(*b.model, one).ok());
  ASSERT_TRUE(writeModel(*b.model, two).ok());
  EXPECT_EQ(slurp(one), slurp(two));
  auto read = readModel(one);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->programs[0].run == b.program().run);
  EXPECT_TRUE(read->programs[0].init == b.program().init);
  EXPECT_EQ(read->programs[0].blockStarts, b.program().blockStarts);
  EXPECT_EQ(read->programs[0].calls[0].attributes.getInt("axis", 0), 1);
  EXPECT_FALSE(read->programs[0].calls[0].inputs[2].has_value());
  EXPECT_EQ(read->inputs, b.model->inputs);
  EXPECT_EQ(read->nodes.size(), 2u);
  EXPECT_EQ(read->report, b.model->report);
  EXPECT_EQ(read->provenance.target, "trn1");
  // What was read writes the same file again.
  ASSERT_TRUE(writeModel(*read, two).ok());
  EXPECT_EQ(slurp(one), slurp(two));
  // Without the debug map everything else is as before.
  ASSERT_TRUE(writeModel(*b.model, two, {.debugMap = false}).ok());
  auto stripped = readModel(two);
  ASSERT_TRUE(stripped.ok());
  EXPECT_TRUE(stripped->nodes.empty());
  EXPECT_TRUE(stripped->programs[0].run == b.program().run);
  ::unlink(one.c_str());
  ::unlink(two.c_str());
}

TEST(Neff, ReplicasShareAFolder) {
  test::ModelBuilder b = test::makeMlp({128, 128}, 16);
  std::string single = path("single.neff"), file = path("replicas.neff");
  ASSERT_TRUE(writeModel(*b.model, single).ok());
  b.model->programs.push_back(b.model->programs[0]);
  b.model->programs[1].core = 1;
  b.model->groups = {{{0}, {}, {}}, {{1}, {}, {}}};
  ASSERT_TRUE(writeModel(*b.model, file).ok());
  EXPECT_LT(slurp(file).size(), slurp(single).size() + 512);
  auto read = readModel(file);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->programs.size(), 2u);
  EXPECT_EQ(read->programs[1].core, 1u);
  EXPECT_TRUE(read->programs[1].run == b.program().run);
  // A program that differs keeps a folder of its own.
  b.model->programs[1].run.pop_back();
  ASSERT_TRUE(writeModel(*b.model, file).ok());
  read = readModel(file);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->programs[1].run.size() + 1, read->programs[0].run.size());
  ::unlink(single.c_str());
  ::unlink(file.c_str());
}

TEST(Neff, TarListsAndWeightsAreAligned) {
  test::ModelBuilder b = test::makeMlp({128, 128}, 16);
  std::string file = path("tar.neff");
  ASSERT_TRUE(writeModel(*b.model, file).ok());
  EXPECT_EQ(std::system(("tail -c +1025 " + file + " | tar t > " + file + ".list").c_str()), 0);
  std::string list = slurp(file + ".list");
  EXPECT_NE(list.find("info.json"), std::string::npos);
  EXPECT_NE(list.find("sg00/pe.bin"), std::string::npos);
  std::string bytes = slurp(file);
  auto members = readTar(span(bytes).subspan(kHeaderSize));
  ASSERT_TRUE(members.ok());
  for (const TarMember &m : *members) {
    if (m.name == "weights.bin") {
      EXPECT_EQ((m.offset + kHeaderSize) % kWeightAlignment, 0u);
    }
  }
  ::unlink(file.c_str());
  ::unlink((file + ".list").c_str());
}

TEST(Neff, DamageIsNoticed) {
  test::ModelBuilder b = test::makeMlp({128, 128}, 16);
  std::string file = path("damage.neff");
  ASSERT_TRUE(writeModel(*b.model, file).ok());
  const std::string good = slurp(file);
  std::mt19937 rng(11);
  auto load = [&](const std::string &bytes) {
    std::string aligned = bytes;
    auto memory = std::make_shared<std::vector<uint8_t>>(bytes.size() + 64);
    size_t shift = (64 - reinterpret_cast<uintptr_t>(memory->data()) % 64) % 64;
    std::memcpy(memory->data() + shift, bytes.data(), bytes.size());
    return readModel(Bytes(memory->data() + shift, bytes.size()), memory).ok();
  };
  EXPECT_TRUE(load(good));
  for (size_t cut : {0, 10, 1023, 1024, 1500, 5000}) {
    EXPECT_FALSE(load(good.substr(0, cut)));
  }
  EXPECT_FALSE(load(good.substr(0, good.size() / 2)));
  // Any flipped bit in a member's contents is found; one elsewhere must at least do no harm.
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good;
    for (int flips = 1 + rng() % 3; flips > 0; --flips) {
      bytes[rng() % (round % 2 ? bytes.size() : 8192)] ^= static_cast<char>(1 << rng() % 8);
    }
    load(bytes);
  }
  std::string weights = good;
  weights[weights.find(std::string(64, '\0'), 70000) - 200] ^= 1;
  load(weights);
  ::unlink(file.c_str());
}

TEST(Neff, VerifierRefusesWildPrograms) {
  auto broken = [](auto change) {
    test::ModelBuilder b = test::makeMlp({128, 128}, 16);
    change(b);
    return !verifyModel(*b.model).ok();
  };
  EXPECT_FALSE(broken([](test::ModelBuilder &) {}));
  auto firstDma = [](test::ModelBuilder &b) -> isa::DmaCopy & { return std::get<isa::DmaCopy>(b.program().run[0]); };
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) { firstDma(b).src.buffer = 99; }));
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) { firstDma(b).src.offset = 4; }));
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) { firstDma(b).src.dims[0].stride = -1000; }));
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) { std::swap(firstDma(b).src, firstDma(b).dst); }));
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) { b.program().buffers[2].offset = 1 << 30; }));
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) { b.program().buffers[0].bytes = 8; }));
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) { b.run(isa::Call{}); }));
  EXPECT_TRUE(broken([&](test::ModelBuilder &b) {
    isa::Send send;
    send.src = test::sbuf(DType::F32, 128, 0, 4);
    b.run(send);
  }));
}

TEST(Neff, NothingIsLeftBehindWhenWritingFails) {
  test::ModelBuilder b = test::makeMlp({128, 128}, 16);
  EXPECT_FALSE(writeModel(*b.model, "/nonexistent/dir/x.neff").ok());
  EXPECT_FALSE(writeModel(*b.model, "/proc/x.neff").ok());
}

} // namespace
} // namespace ncc::neff

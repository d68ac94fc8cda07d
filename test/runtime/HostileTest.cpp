// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Files with right hashes and anything inside: each change to a sound file is refused with a reason, on both executors. Programs
// here, what surrounds them in HostilePartsTest.cpp.
#include "test/runtime/HostileModels.h"

namespace ncc::test {
namespace {

/// The model, changed as if the compiler had meant it, in a sealed file.
std::string wide(const std::function<void(ModelBuilder &)> &change) {
  ModelBuilder b = wideModel();
  change(b);
  return partsOf(*b.model).seal();
}

/// The first instruction of that kind.
template <typename I>
I &first(ModelBuilder &b) {
  for (isa::Instruction &inst : b.program().run) {
    if (I *found = std::get_if<I>(&inst)) {
      return *found;
    }
  }
  ADD_FAILURE();
  return std::get<I>(b.program().run.front());
}

TEST(Hostile, TheModelsAreSound) {
  expectSound(*wideModel().model);
  expectSound(*integerMatmul(512).model);
  expectSound(*channelModel().model);
}

TEST(Hostile, RangesThatWrap) {
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).src = dram(0, DType::F32, 0, {{1 << 30, 1u << 30}, {1 << 30, 1u << 30}, {1, 512}}); }), "elements");
  expectRefused(wide([](auto &b) { // 16 bytes times strides whose sum is 2^64
                  first<isa::DmaCopy>(b).src = dram(0, DType::C128, 0, {{INT32_MIN, 1u << 29}, {INT32_MIN, 32}});
                }),
                "outside");
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).src.offset = UINT64_MAX - 3; }), "outside");
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).dst.offset = UINT64_MAX - 63; }), "outside");
  expectRefused(wide([](auto &b) { first<isa::TensorTensor>(b).dst.offset = uint64_t{1} << 63; }), "outside");
  expectRefused(wide([](auto &b) { first<isa::TensorTensor>(b).a.dims[0].stride = INT32_MAX; }), "outside");
  expectRefused(wide([](auto &b) { first<isa::Activate>(b).src.dims[0].stride = -1; }), "outside");
  expectRefused(wide([](auto &b) { first<isa::Scan>(b).src.dims[0].size = UINT32_MAX; }), "outside");
}

TEST(Hostile, PartitionsAndDims) {
  expectRefused(wide([](auto &b) { first<isa::TensorTensor>(b).dst.partition = 65535; }), "partitions");
  expectRefused(wide([](auto &b) { first<isa::TensorTensor>(b).dst.partitions = 0; }), "partitions");
  expectRefused(wide([](auto &b) { first<isa::TensorTensor>(b).dst.partition = 1; }), "cannot start");
  expectRefused(wide([](auto &b) { first<isa::TensorTensor>(b).a.dims[0].size = 0; }), "empty");
  expectRefused(wide([](auto &b) {
                  isa::AccessPattern &ap = first<isa::TensorTensor>(b).a;
                  ap.rank = 5;
                  ap.dims = {{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 16}}};
                }),
                "dims");
  expectRefused(wide([](auto &b) { first<isa::TensorReduce>(b).reduceDims = 9; }), "reduceDims");
  expectRefused(wide([](auto &b) { first<isa::TensorReduce>(b).src = onChip(Space::Sbuf, DType::F32, 0, 32, 0, {{0, 1u << 30}}); }), "more than");
}

TEST(Hostile, TypesNoEngineHolds) {
  for (DType type : {DType::C64, DType::C128, DType::I4, DType::I2, DType::U4, DType::U2, DType::F4E2M1, DType::F8E8M0, DType::F8E4M3Fnuz, DType::F8E5M2Fnuz, DType::F64}) {
    expectRefused(wide([&](auto &b) { first<isa::TensorTensor>(b).a.dtype = type; }), "no engine holds");
    expectRefused(wide([&](auto &b) { first<isa::DmaCopy>(b).dst.dtype = type; }), "no engine holds");
    expectRefused(wide([&](auto &b) { first<isa::TensorScalar>(b).s0.pattern.dtype = type; }), "no engine holds");
  }
  expectRefused(wide([](auto &b) { first<isa::DmaGather>(b).index.dtype = DType::U8; }), "cannot be u8");
  expectRefused(wide([](auto &b) { first<isa::DmaGather>(b).dst.dtype = DType::U4; }), "");
  expectRefused(wide([](auto &b) { // replaced as they are they would do; added they do not
                  isa::DmaScatter &scatter = first<isa::DmaScatter>(b);
                  scatter.dst = scatter.src = dram(scatter.dst.buffer, DType::C64, 0, {{8, 4}, {1, 8}});
                  scatter.op = isa::AluOp::add;
                }),
                "replaced only");
}

TEST(Hostile, ConversionsThatDoNotExist) {
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).src = dram(0, DType::C64, 0, {{1, 256}}); }), "differ in size");
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).src = dram(0, DType::F4E2M1, 0, {{1, 512}}); }), "no conversion");
}

TEST(Hostile, WhatInitDoesNotHave) {
  for (uint16_t buffer : {0, 2}) { // an input, an output
    expectRefused(wide([&](auto &b) { std::get<isa::DmaCopy>(b.program().init[0]).src.buffer = buffer; }), "init does not have");
  }
  expectRefused(wide([](auto &b) { b.program().init.push_back(isa::Call{}); }), "during init");
  expectRefused(wide([](auto &b) { std::swap(std::get<isa::DmaCopy>(b.program().init[0]).src, std::get<isa::DmaCopy>(b.program().init[0]).dst); }), "constant");
  ModelBuilder b = channelModel();
  b.model->programs[0].init = b.model->programs[0].run;
  expectRefused(partsOf(*b.model).seal(), "init");
  b.model->programs[0].init.clear();
  b.model->programs[1].init = b.model->programs[1].run;
  std::get<isa::Recv>(b.model->programs[1].init[0]).dst = sbuf(DType::F32, 128, 0, 1);
  expectRefused(partsOf(*b.model).seal(), "none during init");
}

TEST(Hostile, MoreElementsThanPlaces) {
  expectRefused(wide([](auto &b) { first<isa::DmaScatter>(b).src = dram(0, DType::F32, 0, {{0, 1u << 30}, {1, 16}}); }), "index");
  expectRefused(wide([](auto &b) {
                  auto &copy = first<isa::DmaCopy>(b);
                  copy.dst = onChip(Space::Sbuf, DType::F32, 0, 32, 0, {{0, 1u << 20}, {1, 16}});
                }),
                "more than");
  expectRefused(wide([](auto &b) {
                  auto &gather = first<isa::DmaGather>(b);
                  gather.dst = dram(3, DType::F32, 0, {{0, 1u << 29}, {1, 16}});
                  gather.index = dram(1, DType::I32, 0, {{0, 1u << 29}});
                }),
                "more than");
}

TEST(Hostile, ReferencesToNothing) {
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).src.buffer = 65535; }), "no buffer 65535");
  expectRefused(wide([](auto &b) { first<isa::Call>(b).entry = UINT32_MAX; }), "no entry");
  expectRefused(wide([](auto &b) { b.run(isa::Semaphore()).count = 0; }), "semaphore");
  expectRefused(wide([](auto &b) { b.run(isa::Semaphore()).semaphore = 65535; }), "semaphore");
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).header.queue = 255; }), "DMA queue");
  expectRefused(wide([](auto &b) { first<isa::DmaCopy>(b).header.sync.addWait(4096, 1); }), "semaphore");
  expectRefused(wide([](auto &b) { first<isa::Activate>(b).header.engine = isa::Engine::Vector; }), "does not run");
  ModelBuilder b = channelModel();
  std::get<isa::Send>(b.model->programs[0].run[0]).slotOffset = UINT64_MAX - 256;
  expectRefused(partsOf(*b.model).seal(), "slot");
  b = channelModel();
  std::get<isa::Recv>(b.model->programs[1].run[0]).channel = 9;
  expectRefused(partsOf(*b.model).seal(), "channel");
  b = channelModel();
  b.model->channels[0].toCore = 5;
  expectRefused(partsOf(*b.model).seal(), "receives on no such channel");
}

TEST(Hostile, MatmulsBeyondTheDevice) {
  expectRefused(partsOf(*integerMatmul(600).model).seal(), "too many columns");
  ModelBuilder b = integerMatmul(512);
  first<isa::Matmul>(b).movingZero = INT32_MAX;
  expectRefused(partsOf(*b.model).seal(), "zero point");
  b = integerMatmul(512);
  first<isa::Matmul>(b).stationary.partitions = 16;
  expectRefused(partsOf(*b.model).seal(), "differ in partitions");
  b = integerMatmul(512);
  first<isa::Matmul>(b).dst.dtype = DType::F32;
  expectRefused(partsOf(*b.model).seal(), "do not fit");
}

/// What the device may be is what executors can do: its widest matmul is right, and runs on nobody's stack.
TEST(Hostile, TheWidestMatmulOfADescription) {
  ModelBuilder b = integerMatmul(4096);
  auto set = [&](const std::string &key, const std::string &value) {
    std::string &text = b.model->device;
    const size_t at = text.find("\n" + key + " ");
    ASSERT_NE(at, std::string::npos) << key;
    text.replace(at + 1, text.find('\n', at + 1) - at - 1, key + " = " + value + " # a device to come");
  };
  set("max_moving_free", "8192");
  set("psum_bank_bytes", "32768");
  set("psum_bytes_per_partition", "524288");
  set("psum_banks", "16");
  set("sbuf_bytes_per_partition", "1048576");
  expectSound(*b.model);
}

} // namespace
} // namespace ncc::test

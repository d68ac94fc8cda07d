// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Small sound models, each using another part of what a NEFF can hold, and what becomes of them once something in the file was
// changed and the file sealed again.
#pragma once

#include "runtime/api/Session.h"
#include "runtime/neff/Writer.h"
#include "runtime/sim/Timing.h"
#include "test/fuzz/NeffParts.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <unistd.h>

namespace ncc::test {

inline fuzz::NeffParts partsOf(const neff::Model &model) {
  const std::string path = ::testing::TempDir() + "/ncc_hostile_" + std::to_string(::getpid()) + ".neff";
  EXPECT_TRUE(neff::writeModel(model, path).ok());
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  ::unlink(path.c_str());
  return *fuzz::NeffParts::open({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()});
}

/// Reads, opens and runs on an executor, with the limits; the first thing that goes wrong.
inline absl::Status outcome(const std::string &sealed, api::ExecutorKind kind, const neff::Limits &limits = {}) {
  const neff::Bytes bytes(reinterpret_cast<const uint8_t *>(sealed.data()), sealed.size());
  std::shared_ptr<uint8_t> copy = fuzz::alignedCopy(bytes);
  absl::StatusOr<neff::Model> model = neff::readModel(neff::Bytes(copy.get(), bytes.size()), copy);
  if (!model.ok()) {
    return model.status();
  }
  auto shared = std::make_shared<const neff::Model>(*std::move(model));
  api::SessionOptions options;
  options.executor = kind;
  options.limits = limits;
  auto session = api::Session::open(shared, options);
  if (!session.ok()) {
    return session.status();
  }
  const neff::Model &shapes = shared->buckets.empty() ? *shared : shared->buckets.back();
  std::vector<ops::Value> inputs;
  for (size_t i = 0; i < shared->inputs.size(); ++i) {
    const ValueType type = shapes.typeOfInput(i);
    inputs.emplace_back(Tensor(type.dtype, type.shape));
    for (int64_t k = 0; k < inputs.back().tensor().size(); ++k) {
      const_cast<Tensor &>(inputs.back().tensor()).setInt(k, 2); // a trip count, an index
    }
  }
  return (*session)->runValues(inputs).status();
}

/// Right hashes do not make it sound: refused with a reason, on both executors, for all who read it.
inline void expectRefused(const std::string &sealed, const std::string &reason) {
  for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    const absl::Status status = outcome(sealed, kind);
    EXPECT_FALSE(status.ok()) << "nobody minds: " << reason;
    EXPECT_NE(status.message().find(reason), std::string_view::npos) << status;
  }
}

/// A sound model runs as it is, so that a refusal is the change's doing.
inline void expectSound(const neff::Model &model) {
  for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    const absl::Status status = outcome(partsOf(model).seal(), kind);
    EXPECT_TRUE(status.ok()) << status;
  }
}

/// Vector, scalar and GpSimd instructions, row moves by index, firmware calls, and an init.
inline ModelBuilder wideModel() {
  ModelBuilder b;
  const uint16_t x = b.input("x", DType::F32, {32, 16}), n = b.input("n", DType::I32, {4});
  const uint16_t y = b.output("y", DType::F32, {32, 16}), rows = b.output("rows", DType::F32, {4, 16});
  const uint16_t scratch = b.scratch(32 * 16 * 4), w = b.weight("w", DType::F32, std::vector<float>(32 * 16, 0.5f));
  const AccessPattern tile = sbuf(DType::F32, 32, 0, 16), other = sbuf(DType::F32, 32, 1024, 16), resident = sbuf(DType::F32, 32, 4096, 16);
  const AccessPattern column = sbuf(DType::F32, 32, 2048, 1);
  const auto whole = [](uint16_t buffer) { return dram(buffer, DType::F32, 0, {{16, 32}, {1, 16}}); };
  b.copy(resident, whole(w), 0, true);
  b.copy(tile, whole(x));
  isa::Activate act;
  act.src = tile;
  act.dst = other;
  act.func = isa::ActFunc::tanh;
  act.rowSum = column;
  b.run(act);
  isa::TensorScalar scaled;
  scaled.src = other;
  scaled.dst = tile;
  scaled.s0 = column;
  b.run(scaled);
  isa::TensorTensor sum;
  sum.a = tile;
  sum.b = resident;
  sum.dst = other;
  b.run(sum);
  isa::TensorReduce reduce;
  reduce.src = other;
  reduce.dst = column;
  b.run(reduce);
  isa::Scan scan;
  scan.src = other;
  scan.dst = tile;
  b.run(scan);
  isa::Iota iota;
  iota.dst = sbuf(DType::I32, 32, 3072, 16);
  iota.header.engine = isa::Engine::GpSimd;
  b.run(iota);
  isa::Select select;
  select.pred = iota.dst;
  select.a = tile;
  select.b = 1.0f;
  select.dst = other;
  b.run(select);
  b.copy(whole(scratch), other);
  isa::DmaGather gather;
  gather.dst = dram(rows, DType::F32, 0, {{1, 64}});
  gather.src = whole(x);
  gather.index = dram(n, DType::I32, 0, {{1, 4}});
  b.run(gather);
  isa::DmaScatter scatter;
  scatter.dst = whole(scratch);
  scatter.src = dram(rows, DType::F32, 0, {{1, 64}});
  scatter.index = dram(n, DType::I32, 0, {{1, 4}});
  b.run(scatter);
  neff::CallEntry call;
  call.kernel = "softmax";
  call.attributes.set("axis", int64_t{1});
  call.inputs = {neff::CallOperand{scratch, 0, DType::F32, {32, 16}}};
  call.outputs = {{y, 0, DType::F32, {32, 16}}};
  b.program().calls = {call};
  b.run(isa::Call{});
  return b;
}

/// An integer matmul with zero points, `columns` wide.
inline ModelBuilder integerMatmul(uint32_t columns) {
  ModelBuilder b("inf1"); // multiplies integers
  const uint16_t x = b.input("x", DType::U8, {32, columns}), y = b.output("y", DType::I32, {16, columns});
  const uint16_t w = b.weight("w", DType::I8, std::vector<int8_t>(32 * 16, 3));
  b.copy(sbuf(DType::U8, 32, 0, columns), dram(x, DType::U8, 0, {{1, 32 * columns}}));
  b.copy(sbuf(DType::I8, 32, 32768, 16), dram(w, DType::I8, 0, {{1, 32 * 16}}));
  isa::Matmul m;
  m.dst = psum(DType::I32, 16, 0, columns);
  m.stationary = sbuf(DType::I8, 32, 32768, 16);
  m.moving = sbuf(DType::U8, 32, 0, columns);
  m.stationaryZero = 1;
  m.movingZero = 128;
  b.run(m);
  isa::TensorCopy copy;
  copy.src = m.dst;
  copy.dst = sbuf(DType::I32, 16, 40960, columns);
  b.run(copy);
  b.copy(dram(y, DType::I32, 0, {{1, 16 * columns}}), copy.dst);
  return b;
}

/// Two cores, the second of which gets what the first sends.
inline ModelBuilder channelModel() {
  ModelBuilder b;
  const uint16_t x = b.input("x", DType::F32, {128});
  isa::Send send;
  send.src = dram(x, DType::F32, 0, {{1, 128}});
  b.run(send);
  b.addProgram();
  const uint16_t y = b.output("y", DType::F32, {128});
  isa::Recv recv;
  recv.dst = dram(y, DType::F32, 0, {{1, 128}});
  b.run(recv);
  b.model->channels = {{0, 0, 1, 512, 2}};
  return b;
}

} // namespace ncc::test

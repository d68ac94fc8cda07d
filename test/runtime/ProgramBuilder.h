// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Builds small models by hand, so that the runtime is tested without the compiler.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/neff/Model.h"
#include "runtime/tensor/FloatConvert.h"

#include <memory>
#include <random>

namespace ncc::test {

using isa::AccessPattern;
using isa::Dim;
using isa::Space;

inline AccessPattern onChip(Space space, DType type, int partition, int partitions, uint64_t offset, std::initializer_list<Dim> dims) {
  AccessPattern ap;
  ap.space = space;
  ap.dtype = type;
  ap.partition = static_cast<uint16_t>(partition);
  ap.partitions = static_cast<uint16_t>(partitions);
  ap.offset = offset;
  for (Dim d : dims) {
    ap.dims[ap.rank++] = d;
  }
  return ap;
}
inline AccessPattern sbuf(DType type, int partitions, uint64_t offset, int64_t free) {
  return onChip(Space::Sbuf, type, 0, partitions, offset, {{1, static_cast<uint32_t>(free)}});
}
inline AccessPattern psum(DType type, int partitions, uint64_t offset, int64_t free) {
  return onChip(Space::Psum, type, 0, partitions, offset, {{1, static_cast<uint32_t>(free)}});
}
inline AccessPattern dram(uint16_t buffer, DType type, uint64_t offset, std::initializer_list<Dim> dims) {
  AccessPattern ap;
  ap.space = Space::Dram;
  ap.dtype = type;
  ap.buffer = buffer;
  ap.offset = offset;
  for (Dim d : dims) {
    ap.dims[ap.rank++] = d;
  }
  return ap;
}

struct ModelBuilder {
  std::shared_ptr<neff::Model> model = std::make_shared<neff::Model>();
  std::vector<std::shared_ptr<std::vector<uint8_t>>> keep;
  size_t current = 0;

  explicit ModelBuilder(const char *device = "trn1") {
    model->device = hw::findDevice(device)->text;
    model->provenance = {"ncc test", "", device, "", "hand-made", "bf16"};
    addProgram();
  }
  neff::Program &program() { return model->programs[current]; }
  void addProgram() {
    model->programs.emplace_back();
    current = model->programs.size() - 1;
    program().core = static_cast<uint32_t>(current);
  }
  uint16_t buffer(neff::Buffer b) {
    program().buffers.push_back(std::move(b));
    return static_cast<uint16_t>(program().buffers.size() - 1);
  }
  static uint64_t bytesOf(DType type, const Shape &shape) { return static_cast<uint64_t>(numElements(shape)) * dtypeSize(type); }
  uint16_t input(const std::string &name, DType type, Shape shape) {
    model->inputs.push_back({name, type, shape});
    return buffer({name, neff::BufferKind::Input, bytesOf(type, shape), type, shape, static_cast<uint32_t>(model->inputs.size() - 1)});
  }
  uint16_t output(const std::string &name, DType type, Shape shape) {
    model->outputs.push_back({name, type, shape});
    return buffer({name, neff::BufferKind::Output, bytesOf(type, shape), type, shape, static_cast<uint32_t>(model->outputs.size() - 1)});
  }
  uint16_t scratch(uint64_t bytes) { return buffer({"scratch", neff::BufferKind::Scratch, bytes, DType::U8, {static_cast<int64_t>(bytes)}}); }
  template <typename T>
  uint16_t weight(const std::string &name, DType type, const std::vector<T> &values) {
    auto bytes = std::make_shared<std::vector<uint8_t>>(values.size() * sizeof(T));
    std::memcpy(bytes->data(), values.data(), bytes->size());
    keep.push_back(bytes);
    neff::Buffer b{name, neff::BufferKind::Weight, bytes->size(), type, {static_cast<int64_t>(values.size())}};
    b.offset = model->addWeights(bytes->data(), bytes->size());
    return buffer(b);
  }
  template <typename I>
  I &run(I inst, uint32_t node = 0) {
    inst.header.node = node;
    program().run.push_back(inst);
    return std::get<I>(program().run.back());
  }
  uint32_t node(const std::string &name, const std::string &op) {
    model->nodes.push_back({name, op});
    return static_cast<uint32_t>(model->nodes.size());
  }
  void copy(const AccessPattern &dst, const AccessPattern &src, uint32_t node = 0, bool init = false) {
    isa::DmaCopy dma;
    dma.dst = dst;
    dma.src = src;
    dma.header.node = node;
    (init ? program().init : program().run).push_back(dma);
  }
};

/// y[N][tokens] = act(W[K][N]^T x[K][tokens] + b), feature-major, K and N multiples of 128, tokens <= 512; x and y live in
/// SBUF as K/128 (N/128) tiles of [128][tokens] one after another in the free dim.
struct Dense {
  int64_t k, n, tokens;
  DType type = DType::BF16;
  isa::ActFunc act = isa::ActFunc::gelu;
  uint64_t xAt, yAt, weightAt, biasAt; // SBUF bytes inside a partition
};

inline std::vector<uint16_t> toBf16(const std::vector<float> &values) {
  std::vector<uint16_t> out;
  for (float v : values) {
    out.push_back(floatToBf16(v));
  }
  return out;
}

inline void addDense(ModelBuilder &b, const Dense &d, const std::vector<float> &weights, const std::vector<float> &bias, uint32_t node = 0) {
  const auto size = static_cast<int64_t>(dtypeSize(d.type));
  const uint16_t w = d.type == DType::BF16 ? b.weight("w", d.type, toBf16(weights)) : b.weight("w", d.type, weights);
  const uint16_t bi = b.weight("b", DType::F32, bias);
  const int64_t kTiles = d.k / 128, nTiles = d.n / 128;
  const auto tokens = static_cast<uint32_t>(d.tokens);
  for (int64_t nt = 0; nt < nTiles; ++nt) {
    // One DMA per weight column block: [K=128][kTiles][128], and its bias.
    b.copy(onChip(Space::Sbuf, d.type, 0, 128, d.weightAt + nt % 2 * kTiles * 128 * size, {{128, static_cast<uint32_t>(kTiles)}, {1, 128}}),
           dram(w, d.type, nt * 128 * size, {{static_cast<int32_t>(d.n), 128}, {static_cast<int32_t>(128 * d.n), static_cast<uint32_t>(kTiles)}, {1, 128}}), node);
    b.copy(sbuf(DType::F32, 128, d.biasAt + nt % 2 * 4, 1), dram(bi, DType::F32, nt * 128 * 4, {{1, 128}}), node);
    AccessPattern acc = psum(DType::F32, 128, nt % 4 * 2048, tokens);
    for (int64_t kt = 0; kt < kTiles; ++kt) {
      isa::Matmul m;
      m.dst = acc;
      m.stationary = sbuf(d.type, 128, d.weightAt + (nt % 2 * kTiles + kt) * 128 * size, 128);
      m.moving = sbuf(d.type, 128, d.xAt + kt * d.tokens * size, tokens);
      m.accumulate = kt > 0;
      b.run(m, node);
    }
    isa::Activate a;
    a.dst = sbuf(d.type, 128, d.yAt + nt * d.tokens * size, tokens);
    a.src = acc;
    a.bias = sbuf(DType::F32, 128, d.biasAt + nt % 2 * 4, 1);
    a.func = d.act;
    b.run(a, node);
  }
  b.model->usefulMacs += static_cast<double>(d.k) * static_cast<double>(d.n) * static_cast<double>(d.tokens);
}

inline std::vector<float> randomValues(size_t count, float scale, uint32_t seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> dist(-scale, scale);
  std::vector<float> out(count);
  for (float &v : out) {
    v = dist(rng);
  }
  return out;
}

/// A chain of dense layers: input [features][tokens] f32, output the same of the last layer.
inline ModelBuilder makeMlp(const std::vector<int64_t> &features, int64_t tokens, DType type = DType::BF16, isa::ActFunc act = isa::ActFunc::gelu) {
  ModelBuilder b;
  const auto size = static_cast<int64_t>(dtypeSize(type));
  const auto t32 = static_cast<uint32_t>(tokens);
  int64_t widest = *std::max_element(features.begin(), features.end());
  uint64_t region = static_cast<uint64_t>(widest / 128 * tokens * size);
  uint64_t at[2] = {0, region};
  uint64_t weightAt = 2 * region, biasAt = weightAt + static_cast<uint64_t>(2 * widest * size);
  uint16_t in = b.input("x", DType::F32, {features[0], tokens});
  uint16_t out = b.output("y", DType::F32, {features.back(), tokens});
  for (int64_t t = 0; t < features[0] / 128; ++t) {
    b.copy(sbuf(type, 128, at[0] + t * tokens * size, tokens), dram(in, DType::F32, t * 128 * tokens * 4, {{static_cast<int32_t>(tokens), 128}, {1, t32}}));
  }
  for (size_t l = 0; l + 1 < features.size(); ++l) {
    Dense d{features[l], features[l + 1], tokens, type, act, at[l % 2], at[(l + 1) % 2], weightAt, biasAt};
    uint32_t node = b.node("layer" + std::to_string(l), "Gemm");
    addDense(b, d, randomValues(static_cast<size_t>(d.k * d.n), 1.7f / std::sqrt(static_cast<float>(d.k)), static_cast<uint32_t>(l)),
             randomValues(static_cast<size_t>(d.n), 0.5f, static_cast<uint32_t>(100 + l)), node);
  }
  uint64_t last = at[(features.size() - 1) % 2];
  for (int64_t t = 0; t < features.back() / 128; ++t) {
    b.copy(dram(out, DType::F32, t * 128 * tokens * 4, {{static_cast<int32_t>(tokens), 128}, {1, t32}}), sbuf(type, 128, last + t * tokens * size, tokens));
  }
  return b;
}

} // namespace ncc::test

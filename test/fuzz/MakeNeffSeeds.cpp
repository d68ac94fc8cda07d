// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Writes the seeds of fuzz-neff: small sealed files that between them use every instruction, calls, channels, groups, plans and
// buckets.
//
//   make-neff-seeds FOLDER
#include "test/runtime/HostileModels.h"

using namespace ncc;
using namespace ncc::test;

namespace {

/// A device of little memory, for small files and fast runs.
void shrink(neff::Model &model) {
  const std::string key = "\nsbuf_bytes_per_partition";
  const size_t at = model.device.find(key);
  model.device.replace(at, model.device.find('\n', at + 1) - at, key + " = 65536 # small");
}

neff::Model transposed() {
  ModelBuilder b;
  const uint16_t x = b.input("x", DType::F32, {16, 32}), y = b.output("y", DType::F32, {32, 16});
  b.copy(sbuf(DType::F32, 16, 0, 32), dram(x, DType::F32, 0, {{32, 16}, {1, 32}}));
  isa::Transpose turn;
  turn.src = sbuf(DType::F32, 16, 0, 32);
  turn.dst = psum(DType::F32, 32, 0, 16);
  b.run(turn);
  isa::Memset fill;
  fill.dst = sbuf(DType::F32, 32, 4096, 16);
  fill.value = 1.0f;
  b.run(fill);
  isa::TensorTensor sum;
  sum.a = turn.dst;
  sum.b = sum.dst = fill.dst;
  b.run(sum);
  b.run(isa::Semaphore());
  b.run(isa::Nop());
  b.copy(dram(y, DType::F32, 0, {{16, 32}, {1, 16}}), fill.dst);
  return *b.model;
}

/// Two replicas that each take half of the batch.
neff::Model sliced() {
  ModelBuilder b;
  b.model->inputs = {{"x", DType::F32, {4, 8}}};
  b.model->outputs = {{"y", DType::F32, {4, 8}}};
  for (int core = 0; core < 2; ++core) {
    if (core > 0) {
      b.addProgram();
    }
    const uint16_t x = b.buffer({"x", neff::BufferKind::Input, 64, DType::F32, {2, 8}, 0}), y = b.buffer({"y", neff::BufferKind::Output, 64, DType::F32, {2, 8}, 0});
    b.copy(dram(y, DType::F32, 0, {{1, 16}}), dram(x, DType::F32, 0, {{1, 16}}));
    const auto number = static_cast<uint32_t>(core);
    b.model->groups.push_back({{number}, {{2 * core, 2, 0}}, {{2 * core, 2, 0}}});
  }
  return *b.model;
}

struct Call {
  const char *name, *kernel, *attributes;
  std::vector<Shape> in, out;
};

/// One firmware call of fp32 tensors.
neff::Model called(const Call &call) {
  ModelBuilder b;
  neff::CallEntry entry;
  entry.kernel = call.kernel;
  entry.attributes = *ops::Attributes::fromJson(call.attributes);
  for (size_t i = 0; i < call.in.size(); ++i) {
    entry.inputs.push_back(neff::CallOperand{b.input("x" + std::to_string(i), DType::F32, call.in[i]), 0, DType::F32, call.in[i]});
  }
  for (size_t i = 0; i < call.out.size(); ++i) {
    entry.outputs.push_back({b.output("y" + std::to_string(i), DType::F32, call.out[i]), 0, DType::F32, call.out[i]});
  }
  b.program().calls = {entry};
  b.run(isa::Call());
  return *b.model;
}

const Call kCalls[] = {
    {"conv", "conv", R"({"strides": [1, 1], "pads": [1, 1, 1, 1], "dilations": [1, 1], "group": 1})", {{1, 2, 5, 5}, {3, 2, 3, 3}}, {{1, 3, 5, 5}}},
    {"conv_transpose", "conv_transpose", R"({"strides": [2], "pads": [0, 0], "dilations": [1], "output_padding": [0], "group": 1})", {{1, 2, 4}, {2, 3, 2}}, {{1, 3, 8}}},
    {"pool", "pool", R"({"kind": "max", "kernel": [2, 2], "strides": [2, 2], "pads": [0, 0, 0, 0], "dilations": [1, 1]})", {{1, 2, 4, 4}}, {{1, 2, 2, 2}}},
    {"lstm", "lstm", R"({"hidden_size": 2, "direction": "forward"})", {{2, 1, 3}, {1, 8, 3}, {1, 8, 2}}, {{2, 1, 1, 2}, {1, 1, 2}, {1, 1, 2}}},
    {"resize", "resize", R"({"scales": {"f": ["0x1p1", "0x1p0"]}, "mode": "linear", "antialias": 1})", {{3, 4}}, {{6, 4}}},
    {"attention", "attention", R"({"scale": {"f": "0x1p-1"}})", {{1, 2, 3, 4}, {1, 1, 3, 4}, {1, 1, 3, 4}}, {{1, 2, 3, 4}}},
    {"pad", "pad", R"({"low": [1, 0], "high": [0, 2], "mode": "reflect"})", {{3, 4}}, {{4, 6}}},
    {"grid_sample", "grid_sample", R"({"mode": "cubic", "padding": "border"})", {{1, 1, 4, 4}, {1, 2, 2, 2}}, {{1, 1, 2, 2}}},
    {"reduce", "reduce", R"({"kind": "log_sum_exp", "axes": [1], "keepdims": 1})", {{3, 4}}, {{3, 1}}},
    {"forest", "forest", "{}", {{2, 4}, {1, 3}, {1, 3}, {1, 4, 1}}, {{4, 1}}},
};

/// Host steps of several kinds in an `if` and a loop.
neff::Model planned() {
  neff::Model model;
  model.device = hw::findDevice("trn1")->text;
  model.provenance = {"ncc test", "", "trn1", "", "plan", "f32"};
  model.inputs = {{"x", DType::F32, {4}}, {"n", DType::I64, {}}, {"b", DType::Bool, {}}, {"s", DType::String, {2}}};
  model.outputs = {{"y", DType::F32, {4}}, {"z", DType::I64, {1, 0}}, {"t", DType::String, {2}}};
  const ValueType vector = ValueType::tensor(DType::F32, {4}), count = ValueType::tensor(DType::I64, {}), flag = ValueType::tensor(DType::Bool, {});
  const ValueType text = ValueType::tensor(DType::String, {2}), found = ValueType::tensor(DType::I64, {1, kUnknownDim});
  for (const ValueType &type : {vector, count, flag, text, vector, count, flag, vector, vector, vector, vector, found, text}) {
    model.plan.values.push_back({type, std::nullopt});
  }
  auto host = [](const char *kernel, std::vector<int64_t> in, std::vector<uint32_t> out, const char *key = nullptr, const char *value = nullptr) {
    neff::PlanStep step;
    step.kernel = kernel;
    step.inputs = std::move(in);
    step.outputs = std::move(out);
    if (key) {
      step.attributes.set(key, std::string(value));
    }
    return step;
  };
  neff::PlanStep loop, choice;
  loop.kind = neff::StepKind::Loop;
  loop.inputs = {1, 2, 0};
  loop.outputs = {4};
  loop.blocks = {neff::PlanBlock{{5, 6, 7}, {6, 8}, {host("binary", {7, 7}, {8}, "kind", "add")}}};
  choice.kind = neff::StepKind::If;
  choice.inputs = {2};
  choice.outputs = {9};
  choice.blocks = {neff::PlanBlock{{}, {4}, {}}, neff::PlanBlock{{}, {10}, {host("unary", {4}, {10}, "kind", "neg")}}};
  model.plan.main = {{0, 1, 2, 3}, {9, 11, 12}, {loop, choice, host("nonzero", {9}, {11}), host("string_concat", {3, 3}, {12})}};
  return model;
}

/// A bucket with a mask and smaller shapes.
neff::Model bucketed() {
  ModelBuilder b;
  const uint16_t x = b.input("x", DType::F32, {6}), m = b.input("ncc.valid.0", DType::Bool, {6});
  const uint16_t y = b.output("y", DType::F32, {6}), z = b.output("z", DType::Bool, {6});
  b.copy(dram(y, DType::F32, 0, {{1, 6}}), dram(x, DType::F32, 0, {{1, 6}}));
  b.copy(dram(z, DType::Bool, 0, {{1, 6}}), dram(m, DType::Bool, 0, {{1, 6}}));
  neff::Model model;
  model.device = b.model->device;
  model.provenance = b.model->provenance;
  model.inputs = {{"x", DType::F32, {0}}};
  model.outputs = {{"y", DType::F32, {0}}, {"z", DType::Bool, {0}}};
  model.buckets = {*b.model};
  model.buckets[0].padded.push_back({{{3}}, {{3}, {6}}, {3}});
  return model;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make-neff-seeds FOLDER\n");
    return 2;
  }
  std::map<std::string, neff::Model> models{{"transpose", transposed()}, {"groups", sliced()}, {"plan", planned()}, {"buckets", bucketed()}};
  std::vector<ModelBuilder> keep{wideModel(), integerMatmul(64), channelModel(), makeMlp({128, 128}, 4)};
  const char *const names[] = {"wide", "integers", "channel", "dense"};
  for (size_t i = 0; i < keep.size(); ++i) {
    models[names[i]] = *keep[i].model;
  }
  for (const Call &call : kCalls) {
    models[std::string("call_") + call.name] = called(call);
  }
  for (auto &[name, model] : models) {
    shrink(model);
    const std::string sealed = partsOf(model).seal();
    std::ofstream(std::string(argv[1]) + "/" + name + ".neff", std::ios::binary) << sealed;
    const absl::Status status = outcome(sealed, api::ExecutorKind::Host);
    std::printf("%-24s %6zu bytes  %s\n", name.c_str(), sealed.size(), status.ok() ? "runs" : std::string(status.message()).c_str());
  }
  return 0;
}

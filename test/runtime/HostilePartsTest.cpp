// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Files with right hashes and anything in what surrounds programs: device, header, buffers, calls, channels, plan, buckets, sizes.
#include "runtime/hw/Limits.h"
#include "test/runtime/HostileModels.h"

namespace ncc::test {
namespace {

using neff::Json;

/// A value of the device's description replaced.
std::string withDevice(const std::string &key, const std::string &value) {
  fuzz::NeffParts parts = partsOf(*wideModel().model);
  std::string &text = parts["device.txt"];
  const size_t at = text.find("\n" + key + " ");
  EXPECT_NE(at, std::string::npos) << key;
  text.replace(at + 1, text.find('\n', at + 1) - at - 1, key + " = " + value + " # assumed");
  return parts.seal();
}

TEST(HostileDevice, EveryNumberHasItsRange) {
  for (const char *key : {"cores_per_chip", "chips_per_host", "partitions", "sbuf_bytes_per_partition", "psum_bytes_per_partition", "psum_banks",
                          "psum_bank_bytes", "pe_rows", "pe_columns", "max_moving_free", "max_stationary_columns", "semaphores", "tensor_ghz", "vector_ghz",
                          "scalar_ghz", "gpsimd_ghz", "base_ghz", "dram_bytes", "dram_bytes_per_ns", "dma_engines", "dma_queues", "dma_bytes_per_ns",
                          "link_bytes_per_ns", "gpsimd_call_bytes_per_ns"}) {
    for (const char *value : {"0", "-1", "1e18", "nan", "inf", "1e-300", "x", "9223372036854775808"}) {
      expectRefused(withDevice(key, value), std::string("`") + key + "`");
    }
  }
  for (const char *key : {"dma_start_ns", "dma_issue_ns", "dma_descriptor_overhead_bytes", "link_latency_ns", "matmul_bf16", "min_instruction_cycles",
                          "tensor_latency_cycles", "gpsimd_call_start_ns", "first_run_ns", "price_per_chip_hour"}) {
    expectRefused(withDevice(key, "-1"), "from 0 to");
    expectRefused(withDevice(key, "1e300"), "from 0 to");
  }
}

TEST(HostileDevice, ErrorsSayWhatIsAllowed) {
  const absl::Status status = outcome(withDevice("psum_bank_bytes", "1000000000"), api::ExecutorKind::Host);
  EXPECT_NE(status.message().find("line"), std::string_view::npos) << status;
  EXPECT_NE(status.message().find("`1000000000` is not a whole number from 64 to " + std::to_string(hw::kMostPsumBankBytes)), std::string_view::npos) << status;
  expectRefused(withDevice("psum_banks", "16"), "`psum_banks` times `psum_bank_bytes`");
  expectRefused(withDevice("partitions", "128\x1b[31m"), "its value is not");
  expectRefused(withDevice("fast_vector_bf16", "maybe"), "yes or no");
}

TEST(HostileDevice, DevicesToComeAreFine) {
  auto fine = [](std::initializer_list<std::pair<const char *, const char *>> changes) {
    std::string text = hw::findDevice("trn2")->text;
    for (auto [key, value] : changes) {
      const size_t at = text.find(std::string("\n") + key + " ");
      text.replace(at + 1, text.find('\n', at + 1) - at - 1, std::string(key) + " = " + value + " # to come");
    }
    return hw::parseDevice(text).status();
  };
  EXPECT_TRUE(fine({{"max_moving_free", "8192"}}).ok());
  EXPECT_TRUE(fine({{"sbuf_bytes_per_partition", "1048576"}}).ok());
  EXPECT_TRUE(fine({{"psum_banks", "16"}, {"psum_bytes_per_partition", "32768"}}).ok());
  EXPECT_TRUE(fine({{"psum_banks", "2"}, {"psum_bytes_per_partition", "4096"}}).ok());
  EXPECT_TRUE(fine({{"partitions", "64"}, {"pe_rows", "32"}, {"pe_columns", "32"}, {"max_stationary_columns", "32"}}).ok());
}

TEST(HostileParts, Header) {
  fuzz::NeffParts parts = partsOf(*wideModel().model);
  parts.header.featureBits = ~uint64_t{0};
  expectRefused(parts.seal(), "not supported");
  parts.header.featureBits = 0;
  parts.header.versionMajor = 99;
  expectRefused(parts.seal(), "not supported");
}

/// The only program's definition changed.
std::string withDefinition(const std::function<void(Json &)> &change) {
  fuzz::NeffParts parts = partsOf(*wideModel().model);
  parts.edit("sg00/def.json", change);
  return parts.seal();
}

TEST(HostileParts, Buffers) {
  expectRefused(withDefinition([](Json &j) { j["buffers"][0]["bytes"] = 8u; }), "size of its shape");
  expectRefused(withDefinition([](Json &j) { j["buffers"][0]["dtype"] = "string"; }), "string");
  expectRefused(withDefinition([](Json &j) { j["buffers"][0]["index"] = 7u; }), "no input or output");
  expectRefused(withDefinition([](Json &j) { j["buffers"][5]["offset"] = uint64_t{1} << 45; }), "weights");
  expectRefused(withDefinition([](Json &j) { j["buffers"][5]["bytes"] = uint64_t{1} << 45; }), "weights");
  expectRefused(withDefinition([](Json &j) { j["buffers"][4]["bytes"] = 2048u - 64u; }), "outside");
  expectRefused(withDefinition([](Json &j) { j["buffers"][4]["bytes"] = uint64_t{1} << 46; }), "too large");
  expectRefused(withDefinition([](Json &j) { j["buffers"][4]["bytes"] = uint64_t{1} << 39; }), "memory");
  expectRefused(withDefinition([](Json &j) { j["run_instructions"] = 1u << 25; }), "more instructions");
  expectRefused(withDefinition([](Json &j) { j["buffers"].erase(5); }), "no buffer");
  expectRefused(withDefinition([](Json &j) { j["buffers"][0]["shape"] = {0, int64_t{1} << 60, int64_t{1} << 60}; }), "shape");
}

/// The call changed: {kernel, attributes, inputs, outputs}.
std::string withCall(const std::function<void(Json &)> &change) {
  return withDefinition([&](Json &j) { change(j["calls"][0]); });
}

TEST(HostileParts, Calls) {
  expectRefused(withCall([](Json &c) { c["kernel"] = "format_disk"; }), "no kernel");
  expectRefused(withCall([](Json &c) { c["kernel"] = "shape_of"; }), "no kernel");
  expectRefused(withCall([](Json &c) { c["attributes"] = R"({"axis": 5})"; }), "axis 5");
  expectRefused(withCall([](Json &c) { c["attributes"] = R"({"axis": -9223372036854775808})"; }), "axis");
  expectRefused(withCall([](Json &c) { c["attributes"] = "[]"; }), "attributes");
  expectRefused(withCall([](Json &c) { c["inputs"] = Json::array(); }), "operands");
  expectRefused(withCall([](Json &c) { c["inputs"][0] = nullptr; }), "missing");
  expectRefused(withCall([](Json &c) { c["outputs"] = Json::array(); }), "results");
  expectRefused(withCall([](Json &c) { c["outputs"].push_back(c["outputs"][0]); }), "results");
  expectRefused(withCall([](Json &c) { c["outputs"][0]["dtype"] = "i8"; }), "result 0");
  expectRefused(withCall([](Json &c) { c["inputs"][0]["shape"] = {4, 16}; }), "result 0");
  expectRefused(withCall([](Json &c) { c["inputs"][0]["dtype"] = "c128"; }), "outside of buffer");
  expectRefused(withCall([](Json &c) { c["inputs"][0]["offset"] = 4u; }), "outside of buffer");
  expectRefused(withCall([](Json &c) { c["inputs"][0]["buffer"] = 77u; }), "does not exist");
  expectRefused(withCall([](Json &c) { c["outputs"][0]["buffer"] = 0u; }), "constant");
}

TEST(HostileParts, KernelsOfEveryKindRefuseWhatDoesNotFit) {
  struct Case {
    const char *kernel, *attributes;
    std::vector<Shape> in, out;
  };
  const Shape x{32, 16};
  const Case cases[] = {
      {"transpose", R"({"perm": [0, 7]})", {x}, {x}},
      {"transpose", R"({"perm": [1, 1]})", {x}, {x}},
      {"slice", R"({"offsets": [31, 0], "strides": [1, 1]})", {x}, {x}},
      {"slice", R"({"offsets": [0, 0], "strides": [9223372036854775807, 1]})", {x}, {x}},
      {"concat", R"({"axis": 0})", {x, x}, {x}},
      {"pad", R"({"low": [1], "high": [0]})", {x}, {x}},
      {"pad", R"({"low": [-4611686018427387904, 0], "high": [0, 0]})", {x}, {x}},
      {"reduce", R"({"kind": "sum", "axes": [2]})", {x}, {x}},
      {"reduce", R"({"kind": "sum", "axes": [0], "keepdims": 1})", {x}, {x}},
      {"matmul", "{}", {x, x}, {x}},
      {"gather_elements", R"({"axis": 1})", {x, {64, 16}}, {{64, 16}}},
      {"topk", R"({"axis": 1, "k": 17})", {x}, {x, x}},
      {"topk", R"({"axis": 1, "k": -1})", {x}, {x, x}},
      {"expand", "{}", {{3, 16}}, {x}},
      {"reshape", "{}", {x}, {{32, 15}}},
      {"cumsum", R"({"axis": 3})", {x}, {x}},
      {"layer_norm", R"({"axis": 1})", {x, {15}}, {x}},
      {"lrn", R"({"size": 0})", {x}, {x}},
      {"pool", R"({"kernel": [0]})", {{1, 32, 16}}, {{1, 32, 16}}},
      {"pool", R"({"kernel": [4611686018427387904]})", {{1, 32, 16}}, {{1, 32, 16}}},
      {"pool", R"({"kernel": [2], "strides": [0]})", {{1, 32, 16}}, {{1, 32, 15}}},
      {"conv", R"({"group": 0})", {{1, 8, 16}, {8, 8, 1}}, {{1, 8, 16}}},
      {"conv", R"({"group": 3})", {{1, 8, 16}, {8, 8, 1}}, {{1, 8, 16}}},
      {"conv", R"({"pads": [100, -100]})", {{1, 8, 16}, {8, 8, 1}}, {{1, 8, 16}}},
      {"conv_transpose", R"({"strides": [0]})", {{1, 8, 16}, {8, 8, 1}}, {{1, 8, 16}}},
      {"lstm", R"({"hidden_size": 4611686018427387904})", {{1, 1, 4}, {1, 16, 4}, {1, 16, 4}}, {{1, 1, 1, 4}, {1, 1, 4}, {1, 1, 4}}},
      {"attention", "{}", {{1, 3, 2, 4}, {1, 2, 2, 4}, {1, 2, 2, 4}}, {{1, 3, 2, 4}}},
      {"resize", R"({"scales": {"f": ["0x1p-200", "0x1p0"]}, "antialias": 1, "mode": "linear"})", {x}, {x}},
      {"resize", R"({"scales": {"f": ["0x1p0"]}})", {x}, {x}},
      {"grid_sample", "{}", {{1, 1, 4, 4}, {1, 2, 2, 3}}, {{1, 1, 2, 2}}},
      {"roi_align", R"({"height": 1, "width": 1, "sampling_ratio": 9223372036854775807})", {{1, 1, 4, 4}, {1, 4}, {1}}, {{1, 1, 1, 1}}},
      {"deform_columns", R"({"kernel": [9223372036854775807, 2], "strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1]})", {{1, 1, 2, 2}, {1, 8, 2, 2}}, {{1, 4, 4}}},
      {"forest", "{}", {{2, 4}, {1, 3}, {1, 2}, {1, 4, 1}}, {{4, 1}}},
      {"det", "{}", {{2, 3}}, {{1}}},
      {"bitcast", "{}", {{3}}, {{4}}},
      {"one_hot", R"({"axis": 9})", {{2}, {2}}, {{2, 3}}},
      {"tfidf", R"({"max_gram": 1048576})", {{4}}, {{4}}},
      {"random", "{}", {{3}}, {{3}}},
  };
  for (const Case &c : cases) {
    const std::string sealed = withCall([&](Json &call) {
      auto operands = [](const std::vector<Shape> &shapes, unsigned buffer) {
        Json list = Json::array();
        for (const Shape &shape : shapes) {
          list.push_back({{"buffer", buffer}, {"offset", 0u}, {"dtype", "f32"}, {"shape", std::vector<int64_t>(shape.begin(), shape.end())}});
        }
        return list;
      };
      call["kernel"] = c.kernel;
      call["attributes"] = c.attributes;
      call["inputs"] = operands(c.in, 4);
      call["outputs"] = operands(c.out, 4);
    });
    for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
      EXPECT_FALSE(outcome(sealed, kind).ok()) << c.kernel << " " << c.attributes;
    }
  }
}

TEST(HostileParts, Sizes) {
  fuzz::NeffParts parts = partsOf(*channelModel().model);
  parts.edit("info.json", [](Json &j) { j["channels"][0]["bytes"] = uint64_t{1} << 36; });
  parts.edit("info.json", [](Json &j) { j["channels"][0]["slots"] = 1024u; });
  expectRefused(parts.seal(), "bytes of memory");
  parts.edit("info.json", [](Json &j) { j["channels"][0]["slots"] = 0u; });
  expectRefused(parts.seal(), "malformed channel");
  parts = partsOf(*channelModel().model);
  parts.edit("info.json", [](Json &j) { j["outputs"].push_back({{"name", "more"}, {"dtype", "c128"}, {"shape", {int64_t{1} << 43}}}); });
  expectRefused(parts.seal(), "bytes of memory");
  parts = partsOf(*channelModel().model);
  parts.edit("info.json", [](Json &j) { j["weight_bytes"] = uint64_t{1} << 45; });
  expectRefused(parts.seal(), "weights");
}

TEST(HostileParts, LimitsAreTheCallers) {
  const std::string sealed = partsOf(*wideModel().model).seal();
  for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    EXPECT_TRUE(outcome(sealed, kind, {.work = 1e5}).ok());
    EXPECT_EQ(outcome(sealed, kind, {.work = 1e3}).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(outcome(sealed, kind, {.memory = 1e6}).code(), absl::StatusCode::kResourceExhausted);
  }
}

/// y = x doubled until its first element exceeds a bound, by a loop that says itself when to end.
neff::Model loopModel() {
  neff::Model model;
  model.device = hw::findDevice("trn1")->text;
  model.provenance = {"ncc test", "", "trn1", "", "loop", "f32"};
  model.inputs = {{"x", DType::F32, {4}}, {"n", DType::I64, {}}};
  model.outputs = {{"y", DType::F32, {4}}};
  const ValueType vector = ValueType::tensor(DType::F32, {4}), count = ValueType::tensor(DType::I64, {}), flag = ValueType::tensor(DType::Bool, {});
  for (const ValueType &type : {vector, count, vector, count, flag, vector, vector}) {
    model.plan.values.push_back({type, std::nullopt});
  }
  neff::PlanStep twice, loop;
  twice.kernel = "binary";
  twice.attributes.set("kind", std::string("add"));
  twice.inputs = {5, 5};
  twice.outputs = {6};
  loop.kind = neff::StepKind::Loop;
  loop.inputs = {1, -1, 0};
  loop.outputs = {2};
  loop.blocks = {neff::PlanBlock{{3, 4, 5}, {4, 6}, {twice}}};
  model.plan.main = {{0, 1}, {2}, {loop}};
  return model;
}

std::string withPlan(const std::function<void(Json &)> &change) {
  fuzz::NeffParts parts = partsOf(loopModel());
  parts.edit("plan.json", change);
  return parts.seal();
}

TEST(HostileParts, Plans) {
  expectSound(loopModel());
  auto loop = [](Json &j) -> Json & { return j["main"]["steps"][0]; };
  expectRefused(withPlan([&](Json &j) { loop(j)["inputs"][2] = 6; }), "not defined");
  expectRefused(withPlan([&](Json &j) { loop(j)["outputs"][0] = 0u; }), "defined twice");
  expectRefused(withPlan([&](Json &j) { loop(j)["blocks"] = Json::array(); }), "number of blocks");
  expectRefused(withPlan([&](Json &j) { loop(j)["blocks"][0]["steps"][0]["kernel"] = "rm"; }), "no host kernel");
  expectRefused(withPlan([&](Json &j) { loop(j)["blocks"][0]["steps"][0]["inputs"] = Json::array({5}); }), "number of inputs");
  expectRefused(withPlan([&](Json &j) { loop(j)["blocks"][0]["steps"][0]["attributes"] = R"({"kind": "explode"})"; }), "explode");
  expectRefused(withPlan([&](Json &j) { j["values"][6]["type"]["dtype"] = "i64"; }), "result 0");
  expectRefused(withPlan([&](Json &j) { loop(j)["kind"] = "core"; }), "segment");
  expectRefused(withPlan([&](Json &j) {
                  Json type = {{"kind", "tensor"}, {"dtype", "f32"}, {"shape", {4}}};
                  for (int depth = 0; depth < 1000; ++depth) {
                    type = {{"kind", "sequence"}, {"element", type}};
                  }
                  j["values"][6]["type"] = type;
                }),
                "nested too deeply");
  expectRefused(withPlan([&](Json &j) { j["values"][6]["constant"] = {{"offset", uint64_t{1} << 45}, {"bytes", 16u}}; }), "weights");
}

TEST(HostileParts, LoopsEndAtTheLimit) {
  const std::string endless = withPlan([](Json &j) { j["main"]["steps"][0]["inputs"][0] = -1; });
  for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    EXPECT_EQ(outcome(endless, kind, {.steps = 1e5}).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(outcome(endless, kind, {.work = 1e8}).code(), absl::StatusCode::kResourceExhausted);
  }
}

/// One bucket of a model that copies its input.
neff::Model bucketModel() {
  ModelBuilder b;
  const uint16_t x = b.input("x", DType::F32, {4}), y = b.output("y", DType::F32, {4});
  b.copy(dram(y, DType::F32, 0, {{1, 4}}), dram(x, DType::F32, 0, {{1, 4}}));
  neff::Model model;
  model.device = b.model->device;
  model.provenance = b.model->provenance;
  model.inputs = {{"x", DType::F32, {0}}};
  model.outputs = {{"y", DType::F32, {0}}};
  model.buckets = {*b.model};
  model.buckets[0].padded.push_back({{{3}}, {{3}}, {}});
  return model;
}

TEST(HostileParts, Buckets) {
  expectSound(bucketModel());
  auto nested = [](int dim) { return Json::array({Json::array({dim})}); };
  auto with = [](const std::function<void(Json &)> &change) {
    fuzz::NeffParts parts = partsOf(bucketModel());
    parts.edit("bucket00/info.json", change);
    return parts.seal();
  };
  expectRefused(with([&](Json &j) { j["padded"][0]["inputs"] = nested(9); }), "does not fit its bucket");
  expectRefused(with([&](Json &j) { j["padded"][0]["outputs"] = nested(-2); }), "does not fit its bucket");
  expectRefused(with([](Json &j) { j["padded"][0]["lengths"] = Json::array({1}); }), "does not fit its bucket");
  expectRefused(with([&](Json &j) { j["padded"][0]["inputs"] = nested(4); }), "served already");
  expectRefused(with([](Json &j) { j["inputs"][0]["shape"] = Json::array({5}); }), "differs from the tensor");
  expectRefused(with([](Json &j) { j["inputs"].push_back(j["inputs"][0]); }), "no vector of bools");
}

} // namespace
} // namespace ncc::test

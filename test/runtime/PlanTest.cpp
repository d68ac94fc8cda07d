// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Plans by hand: they run, survive the file, and are refused when anything in them is wrong.

#include "runtime/api/Session.h"
#include "runtime/neff/PlanJson.h"
#include "runtime/neff/Writer.h"
#include "runtime/ops/host/HostKernel.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace ncc::neff {
namespace {

using ops::Value;

Tensor floats(std::vector<double> values) {
  Tensor tensor(DType::F64, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.mutableAs<double>().begin());
  return tensor;
}

/// y = x + x in double, then the positions of what is not zero; a loop that inserts y into a sequence n times.
struct PlanBuilder {
  std::shared_ptr<Model> model = std::make_shared<Model>();

  uint32_t value(ValueType type) {
    model->plan.values.push_back({std::move(type), std::nullopt});
    return static_cast<uint32_t>(model->plan.values.size()) - 1;
  }
  PlanStep host(const char *kernel, std::vector<int64_t> inputs, std::vector<uint32_t> outputs) {
    PlanStep step;
    step.kernel = kernel;
    step.inputs = std::move(inputs);
    step.outputs = std::move(outputs);
    step.node = std::string("node_") + kernel;
    return step;
  }

  PlanBuilder() {
    const ValueType vector = ValueType::tensor(DType::F64, {3}), list = ValueType::of(ValueKind::Sequence, vector);
    model->device = hw::findDevice("trn1")->text;
    model->provenance = {"ncc test", "", "trn1", "", "plan", "f32"};
    model->inputs = {{"x", DType::F64, {3}}, {"n", DType::I64, {}}};
    model->outputs = {{"positions", DType::I64, {1, 0}}, {"list", DType::F32, {0}}};
    const uint32_t x = value(vector), n = value(ValueType::tensor(DType::I64, {})), y = value(vector);
    const uint32_t positions = value(ValueType::tensor(DType::I64, {1, kUnknownDim})), empty = value(list), made = value(list);
    const uint32_t i = value(ValueType::tensor(DType::I64, {})), go = value(ValueType::tensor(DType::Bool, {}));
    const uint32_t carried = value(list), longer = value(list);
    PlanStep add = host("binary", {x, x}, {y});
    add.attributes.set("kind", std::string("add"));
    PlanStep start = host("sequence_empty", {}, {empty});
    start.attributes.set("dtype", std::string("f64"));
    PlanStep loop = host("", {n, -1, empty}, {made});
    loop.kind = StepKind::Loop;
    loop.blocks = {PlanBlock{{i, go, carried}, {go, longer}, {host("sequence_insert", {carried, y}, {longer})}}};
    model->plan.main = {{x, n}, {positions, made}, {add, host("nonzero", {y}, {positions}), start, loop}};
  }
};

TEST(Plan, Runs) {
  PlanBuilder b;
  ASSERT_TRUE(verifyModel(*b.model).ok()) << verifyModel(*b.model);
  auto session = api::Session::open(b.model);
  ASSERT_TRUE(session.ok()) << session.status();
  Tensor n(DType::I64, {});
  n.setInt(0, 2);
  sim::InferenceReport report;
  auto outputs = (*session)->runValues({Value(floats({1, 0, 0.1})), Value(n)}, &report);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const Tensor &positions = (*outputs)[0].tensor();
  EXPECT_EQ(positions.shape(), (Shape{1, 2}));
  EXPECT_EQ(positions.asInt(1), 2);
  ASSERT_EQ((*outputs)[1].items().size(), 2u);
  EXPECT_EQ((*outputs)[1].items()[1].tensor().asDouble(2), 0.2); // exact in double
  EXPECT_EQ(report.hostSteps, 5);
  EXPECT_FALSE((*session)->runValues({Value(floats({1, 2})), Value(n)}).ok()); // another shape
  EXPECT_FALSE((*session)->runValues({Value(n), Value(n)}).ok());              // another type
  EXPECT_FALSE((*session)->runValues({Value(n)}).ok());
}

TEST(Plan, SizesThatSeveralOperandsTell) {
  // fill(shape, value), then pad_by(it, pads, value): results of unknown size, of two operands and of three.
  auto model = std::make_shared<Model>();
  model->device = hw::findDevice("trn1")->text;
  model->provenance = {"ncc test", "", "trn1", "", "plan", "f32"};
  model->inputs = {{"shape", DType::I64, {2}}, {"value", DType::F64, {1}}, {"pads", DType::I64, {4}}, {"border", DType::F64, {}}};
  model->outputs = {{"y", DType::F64, {0, 0}}};
  const ValueType open = ValueType::tensor(DType::F64, Shape{kUnknownDim, kUnknownDim});
  for (const TensorInfo &info : model->inputs) {
    model->plan.values.push_back({ValueType::tensor(info.dtype, info.shape), std::nullopt});
  }
  model->plan.values.push_back({open, std::nullopt});
  model->plan.values.push_back({open, std::nullopt});
  PlanStep fill, pad;
  fill.kernel = "fill";
  fill.inputs = {0, 1};
  fill.outputs = {4};
  pad.kernel = "pad_by";
  pad.inputs = {4, 2, 3};
  pad.outputs = {5};
  model->plan.main = {{0, 1, 2, 3}, {5}, {fill, pad}};
  ASSERT_TRUE(verifyModel(*model).ok()) << verifyModel(*model);
  auto session = api::Session::open(model);
  ASSERT_TRUE(session.ok()) << session.status();
  Tensor shape(DType::I64, {2}), pads(DType::I64, {4}), border(DType::F64, {});
  for (int64_t i = 0; i < 2; ++i) {
    shape.setInt(i, 2 + i);
    pads.setInt(i, 1);
  }
  border.setDouble(0, 7);
  auto outputs = (*session)->runValues({Value(shape), Value(floats({5})), Value(pads), Value(border)});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((*outputs)[0].tensor().shape(), (Shape{3, 4}));
  EXPECT_EQ((*outputs)[0].tensor().asDouble(0), 7);
  EXPECT_EQ((*outputs)[0].tensor().asDouble(11), 5);
  // The same sizes, beyond the caller's memory.
  api::SessionOptions small;
  small.limits.memory = 1e6;
  session = api::Session::open(model, small);
  ASSERT_TRUE(session.ok()) << session.status();
  shape.setInt(0, 1 << 20);
  EXPECT_EQ((*session)->runValues({Value(shape), Value(floats({5})), Value(pads), Value(border)}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Plan, SurvivesTheFile) {
  PlanBuilder b;
  PlanValue text{ValueType::tensor(DType::String, {2}), PlanConstant{0, 0, {"a\xff", ""}}};
  b.model->plan.values.push_back(text);
  const std::string file = ::testing::TempDir() + "/ncc_plan_" + std::to_string(::getpid()) + ".neff";
  ASSERT_TRUE(writeModel(*b.model, file).ok());
  auto read = readModel(file);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(dumpJson(planToJson(read->plan)), dumpJson(planToJson(b.model->plan)));
  EXPECT_EQ(read->plan.values.back().constant->strings, text.constant->strings);
  ::unlink(file.c_str());
}

void expectBad(const std::function<void(Model &)> &damage) {
  PlanBuilder b;
  damage(*b.model);
  EXPECT_FALSE(verifyModel(*b.model).ok());
}

TEST(Plan, IsRefusedWhenDamaged) {
  expectBad([](Model &m) { m.plan.main.steps[0].inputs[0] = 99; });
  expectBad([](Model &m) { m.plan.main.steps[0].inputs[0] = -2; });
  expectBad([](Model &m) { m.plan.main.steps[0].outputs[0] = 0; });                       // defined twice
  expectBad([](Model &m) { std::swap(m.plan.main.steps[0], m.plan.main.steps[1]); });     // used before it is defined
  expectBad([](Model &m) { m.plan.main.results[0] = 9; });                                // of the loop's body
  expectBad([](Model &m) { m.plan.main.steps[1].kernel = "system"; });
  expectBad([](Model &m) { m.plan.main.steps[1].inputs.push_back(0); });
  expectBad([](Model &m) { m.plan.main.steps[3].blocks.clear(); });
  expectBad([](Model &m) { m.plan.main.steps[3].blocks[0].results.pop_back(); });
  expectBad([](Model &m) { m.plan.main.steps[3].inputs.resize(1); });
  expectBad([](Model &m) { m.plan.main.steps[3].kind = StepKind::If; });
  expectBad([](Model &m) { m.plan.main.steps[3].kind = StepKind::Scan; });
  expectBad([](Model &m) { m.plan.main.steps[0].kind = StepKind::Core; });                // no segment 0
  expectBad([](Model &m) { m.plan.main.arguments.pop_back(); });
  expectBad([](Model &m) { m.plan.values[2].constant = PlanConstant{0, 24, {}}; });       // outside the weights
  const ValueType none;
  expectBad([&](Model &m) { m.plan.values[2].type = none; });
  expectBad([](Model &m) { m.programs.emplace_back(); });
  expectBad([](Model &m) { m.segments.emplace_back().plan = m.plan; });
}

TEST(Plan, JsonIsNotTrusted) {
  PlanBuilder b;
  const Json good = planToJson(b.model->plan);
  ASSERT_TRUE(planFromJson(good).ok());
  EXPECT_FALSE(planFromJson(Json()).ok());
  EXPECT_FALSE(planFromJson(Json::array()).ok());
  for (const char *key : {"values", "main"}) {
    Json damaged = good;
    damaged.erase(key);
    EXPECT_FALSE(planFromJson(damaged).ok());
  }
  Json damaged = good;
  damaged["main"]["steps"][0]["kind"] = "shell";
  EXPECT_FALSE(planFromJson(damaged).ok());
  damaged = good;
  damaged["main"]["steps"][0]["outputs"] = {-1};
  EXPECT_FALSE(planFromJson(damaged).ok());
  damaged = good;
  damaged["values"][0]["type"]["shape"] = {1000000000, 1000000000};
  EXPECT_FALSE(planFromJson(damaged).ok());
  damaged = good;
  Json *type = &damaged["values"][4]["type"];
  for (int i = 0; i < 100; ++i) {
    (*type)["element"] = {{"kind", "sequence"}};
    type = &(*type)["element"];
  }
  EXPECT_FALSE(planFromJson(damaged).ok());
  damaged = good;
  Json *block = &damaged["main"];
  for (int i = 0; i < 200; ++i) {
    (*block)["steps"] = Json::array({{{"kind", "if"}, {"inputs", Json::array()}, {"outputs", Json::array()}, {"blocks", Json::array({Json::object()})}}});
    block = &(*block)["steps"][0]["blocks"][0];
    (*block)["arguments"] = (*block)["results"] = (*block)["steps"] = Json::array();
  }
  EXPECT_FALSE(planFromJson(damaged).ok());
}

/// Kernels get what the plan says, and must not believe it.
TEST(Plan, WrongOperandsAreErrors) {
  ops::Attributes attrs;
  attrs.set("kind", std::string("add"));
  const Value three(floats({1, 2, 3})), two(floats({1, 2})), none;
  const std::vector<ValueType> any = {ValueType::unranked(DType::F64)};
  EXPECT_FALSE(ops::runHostKernel("binary", attrs, {three, two}, any).ok());
  EXPECT_FALSE(ops::runHostKernel("binary", attrs, {three, Value::sequence({})}, any).ok());
  EXPECT_FALSE(ops::runHostKernel("binary", attrs, {three, none}, any).ok());
  EXPECT_FALSE(ops::runHostKernel("binary", {}, {three, three}, any).ok());
  EXPECT_FALSE(ops::runHostKernel("binary", attrs, {three, three}, {ValueType::tensor(DType::F64, {4})}).ok());
  EXPECT_FALSE(ops::runHostKernel("transpose", attrs, {none}, any).ok());
  EXPECT_FALSE(ops::runHostKernel("sequence_at", attrs, {three, three}, any).ok());
  EXPECT_FALSE(ops::runHostKernel("optional_get", attrs, {Value::none()}, any).ok());
  Tensor huge(DType::I64, {2});
  huge.setInt(0, int64_t{1} << 40);
  huge.setInt(1, int64_t{1} << 40);
  EXPECT_FALSE(ops::runHostKernel("fill", {}, {Value(huge)}, {}).ok());
  EXPECT_FALSE(ops::runHostKernel("expand_to", {}, {Value(Tensor(DType::F64, {})), Value(huge)}, {}).ok());
  ops::Attributes slice;
  slice.set("offsets", std::vector<int64_t>{2});
  slice.set("strides", std::vector<int64_t>{1});
  EXPECT_FALSE(ops::runHostKernel("slice", slice, {three}, {ValueType::tensor(DType::F64, {2})}).ok());
}

/// Every kernel on operands of the wrong number and kind: an error or a result, never a crash.
TEST(Plan, KernelsSurviveNonsense) {
  Tensor text(DType::String, {2}), index(DType::I64, {1}), flag(DType::Bool, {});
  index.setInt(0, -7);
  const std::vector<Value> zoo = {Value(floats({1, 2})), Value(text), Value(index), Value(flag), Value(Tensor(DType::F32, {0, 3})), Value::sequence({}),
                                  Value::none(), Value::sequence({Value(text), Value(index)}), Value()};
  for (const ops::HostKernel &kernel : ops::allHostKernels()) {
    for (size_t a = 0; a < zoo.size(); ++a) {
      for (size_t b = 0; b < zoo.size(); ++b) {
        for (int count = kernel.least; count <= (kernel.most < 0 ? 3 : kernel.most); ++count) {
          std::vector<Value> operands;
          for (int i = 0; i < count; ++i) {
            operands.push_back(i % 2 ? zoo[b] : zoo[a]);
          }
          (void)ops::runHostKernel(kernel.name, {}, operands, {});
        }
      }
    }
  }
}

} // namespace
} // namespace ncc::neff

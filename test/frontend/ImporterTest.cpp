// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Importing small models: shapes, constants, versions, and what is reported when it cannot be done.
#include "compiler/frontend/onnx/Importer.h"

#include "compiler/frontend/onnx/Model.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"
#include "test/frontend/ModelBuilder.h"

#include "mlir/IR/Verifier.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace ncc;
using namespace ncc::frontend;
using ncc::test::ModelBuilder;
using ncc::test::setFloat;
using ncc::test::setInt;
using ncc::test::setInts;
using ncc::test::setString;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

struct Imported {
  std::unique_ptr<mlir::MLIRContext> context = std::make_unique<mlir::MLIRContext>();
  std::unique_ptr<Model> model;
  std::unique_ptr<DiagnosticEngine> diagnostics = std::make_unique<DiagnosticEngine>();
  mlir::OwningOpRef<mlir::ModuleOp> module;

  mlir::func::FuncOp main() { return module->lookupSymbol<mlir::func::FuncOp>("main"); }
  int count(llvm::StringRef op) {
    int n = 0;
    main().walk([&](mlir::Operation *each) { n += each->getName().stripDialect() == op; });
    return n;
  }
  std::vector<double> run(std::vector<Tensor> inputs) {
    absl::StatusOr<std::vector<Tensor>> results = graph::evaluateFunction(main(), inputs);
    EXPECT_TRUE(results.ok()) << results.status();
    std::vector<double> values;
    for (int64_t i = 0; results.ok() && i < results->front().size(); ++i) {
      values.push_back(results->front().asDouble(i));
    }
    return values;
  }
  bool has(Code code) const {
    return llvm::any_of(diagnostics->all(), [&](const Diagnostic &d) { return d.code == code; });
  }
};

Imported import(const ModelBuilder &builder, const ImportOptions &options = {}) {
  Imported result;
  absl::StatusOr<std::unique_ptr<Model>> model = Model::load(builder.save());
  EXPECT_TRUE(model.ok()) << model.status();
  result.model = std::move(*model);
  result.module = importModel(*result.context, *result.model, options, *result.diagnostics);
  EXPECT_TRUE(!result.module || succeeded(mlir::verify(*result.module)));
  return result;
}

Tensor tensor(const Shape &shape, const std::vector<float> &values) {
  Tensor result(DType::F32, shape);
  std::copy(values.begin(), values.end(), result.mutableAs<float>().begin());
  return result;
}

} // namespace

TEST(Importer, ReportsEveryUnsupportedNodeAtOnce) {
  ModelBuilder builder;
  builder.input("x", {2}).output("z");
  builder.node("FrobnicateA", {"x"}, {"y"}, "first");
  builder.node("FrobnicateB", {"y"}, {"z"});
  Imported result = import(builder);
  EXPECT_FALSE(result.module);
  ASSERT_EQ(result.diagnostics->all().size(), 2u);
  EXPECT_EQ(result.diagnostics->all()[0].node, "first");
  EXPECT_EQ(result.diagnostics->all()[1].node, "FrobnicateB_z");
  EXPECT_THAT(result.diagnostics->all()[0].str(), HasSubstr("NCC1101"));
}

TEST(Importer, ReportsEveryUnsupportedFormAtOnce) {
  ModelBuilder builder;
  builder.input("x", {2, 3}).output("y").output("z");
  setInt(builder.node("Softmax", {"x"}, {"y"}, "a"), "axis", 7);
  builder.node("MatMul", {"x", "x"}, {"z"}, "b");
  Imported result = import(builder);
  EXPECT_FALSE(result.module);
  ASSERT_EQ(result.diagnostics->all().size(), 2u);
  EXPECT_THAT(result.diagnostics->all()[0].message, HasSubstr("axis 7"));
  EXPECT_THAT(result.diagnostics->all()[1].message, HasSubstr("contracted sizes differ"));
}

TEST(Importer, OnlyMovesComplexNumbers) {
  ModelBuilder builder;
  builder.input("x", {2}, 14).input("i", {2}, 7).input("r", {2}).output("y").output("z").output("s").output("t");
  builder.node("Add", {"x", "x"}, {"y"}, "adds");
  setInt(builder.node("Cast", {"r"}, {"z"}, "casts"), "to", 15);
  setString(builder.node("ScatterElements", {"x", "i", "x"}, {"s"}, "scatters"), "reduction", "add");
  builder.node("Neg", {"t0"}, {"t"}, "negates");
  builder.node("Identity", {"x"}, {"t0"}, "moves");
  Imported result = import(builder);
  EXPECT_FALSE(result.module);
  ASSERT_EQ(result.diagnostics->all().size(), 5u);
  for (int refused : {0, 1, 4}) { // the standard has no such form
    EXPECT_EQ(result.diagnostics->all()[refused].code, Code::WrongNode);
    EXPECT_THAT(result.diagnostics->all()[refused].message, HasSubstr("is complex64"));
  }
  for (int refused : {2, 3}) {
    EXPECT_THAT(result.diagnostics->all()[refused].message, HasSubstr("moved, not computed with"));
  }
}

TEST(Importer, BindsShapes) {
  ModelBuilder builder;
  builder.input("x", {-1, -1, 3}).output("y");
  builder.node("Relu", {"x"}, {"y"});
  Imported open = import(builder);
  EXPECT_FALSE(open.module);
  EXPECT_TRUE(open.has(Code::UnboundDim));
  EXPECT_THAT(open.diagnostics->all().back().advice, HasSubstr("--dim d1=SIZE"));

  Imported bound = import(builder, {.shapes = {}, .dims = {{"d1", 5}}, .values = {}});
  ASSERT_TRUE(bound.module);
  EXPECT_TRUE(bound.has(Code::BatchDefault));
  EXPECT_EQ(graph::shapeOf(bound.main().getArgumentTypes()[0]), (Shape{1, 5, 3}));

  Imported shaped = import(builder, {.shapes = {{"x", {2, 4, 3}}}, .dims = {}, .values = {}});
  ASSERT_TRUE(shaped.module);
  EXPECT_EQ(graph::shapeOf(shaped.main().getArgumentTypes()[0]), (Shape{2, 4, 3}));

  EXPECT_TRUE(import(builder, {.shapes = {{"x", {2, 4, 9}}}, .dims = {}, .values = {}}).has(Code::ShapeMismatch));
  EXPECT_TRUE(import(builder, {.shapes = {{"x", {2, 4}}}, .dims = {}, .values = {}}).has(Code::ShapeMismatch));
  EXPECT_TRUE(import(builder, {.shapes = {{"q", {2}}}, .dims = {}, .values = {}}).has(Code::UnknownName));
  EXPECT_TRUE(import(builder, {.shapes = {}, .dims = {{"nope", 2}}, .values = {}}).has(Code::UnknownName));
}

TEST(Importer, FoldsShapeComputations) {
  ModelBuilder builder;
  builder.input("x", {2, 3, 4}).ints("zero", {0}, true).ints("rest", {-1}).output("y");
  builder.node("Shape", {"x"}, {"shape"});
  setInt(builder.node("Gather", {"shape", "zero"}, {"batch"}), "axis", 0);
  builder.ints("axes", {0});
  builder.node("Unsqueeze", {"batch", "axes"}, {"batch1"});
  setInt(builder.node("Concat", {"batch1", "rest"}, {"target"}), "axis", 0);
  builder.node("Reshape", {"x", "target"}, {"y"});
  Imported result = import(builder);
  ASSERT_TRUE(result.module);
  EXPECT_EQ(graph::shapeOf(result.main().getResultTypes()[0]), (Shape{2, 12}));
  EXPECT_EQ(result.count("gather") + result.count("concat"), 0);
}

TEST(Importer, SaysWhichOperandMustBeConstant) {
  ModelBuilder builder;
  builder.input("x", {1, 1, 4, 4}).input("s", {4}, 7).output("y");
  builder.node("Conv", {"x", "x"}, {"c"}, "c");
  builder.node("Reshape", {"c", "s"}, {"r"}, "r");
  builder.node("RandomNormalLike", {"r"}, {"y"}, "noise");
  Imported result = import(builder);
  EXPECT_FALSE(result.module);
  EXPECT_THAT(result.diagnostics->all()[0].message, HasSubstr("computed at run time"));
  EXPECT_TRUE(result.has(Code::DataDependentShape));
}

TEST(Importer, LeavesShapesForRunTime) {
  ModelBuilder builder;
  builder.input("x", {2, 3}).input("s", {2}, 7).output("y");
  builder.node("Reshape", {"x", "s"}, {"y"}, "r");
  Imported result = import(builder);
  ASSERT_TRUE(result.module);
  EXPECT_EQ(result.count("host"), 1);
  auto type = mlir::cast<mlir::RankedTensorType>(result.main().getResultTypes()[0]);
  EXPECT_EQ(type.getRank(), 2);
  EXPECT_TRUE(type.isDynamicDim(0) && type.isDynamicDim(1));
}

TEST(Importer, KnowsOldSoftmax) {
  for (int64_t opset : {11, 13}) {
    ModelBuilder builder(opset);
    builder.input("x", {1, 2, 2}).output("y");
    setInt(builder.node("Softmax", {"x"}, {"y"}), "axis", 1);
    std::vector<double> y = import(builder).run({tensor({1, 2, 2}, {0, 0, 0, 0})});
    EXPECT_DOUBLE_EQ(y[0], opset == 11 ? 0.25 : 0.5);
  }
}

TEST(Importer, KnowsOldClipAndBroadcast) {
  ModelBuilder clip(6);
  clip.input("x", {3}).output("y");
  auto &node = clip.node("Clip", {"x"}, {"y"});
  setFloat(node, "min", -1);
  setFloat(node, "max", 2);
  EXPECT_THAT(import(clip).run({tensor({3}, {-5, 0, 5})}), ElementsAre(-1, 0, 2));

  ModelBuilder add(6);
  add.input("x", {2, 2}).floats("b", {2}, {10, 20}).output("y");
  auto &sum = add.node("Add", {"x", "b"}, {"y"});
  setInt(sum, "broadcast", 1);
  setInt(sum, "axis", 0);
  EXPECT_THAT(import(add).run({tensor({2, 2}, {1, 2, 3, 4})}), ElementsAre(11, 12, 23, 24));
}

TEST(Importer, KnowsOldSliceAndNewSlice) {
  ModelBuilder old(9);
  old.input("x", {4}).output("y");
  auto &node = old.node("Slice", {"x"}, {"y"});
  setInts(node, "starts", {1});
  setInts(node, "ends", {-1});
  EXPECT_THAT(import(old).run({tensor({4}, {0, 1, 2, 3})}), ElementsAre(1, 2));

  ModelBuilder reversed(13);
  reversed.input("x", {4}).ints("s", {-1}).ints("e", {-100}).ints("a", {0}).ints("t", {-2}).output("y");
  reversed.node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
  EXPECT_THAT(import(reversed).run({tensor({4}, {0, 1, 2, 3})}), ElementsAre(3, 1));
}

TEST(Importer, DecomposesBatchNorm) {
  ModelBuilder builder;
  builder.input("x", {1, 2, 1, 1}).floats("s", {2}, {2, 1}).floats("b", {2}, {1, 0}).floats("m", {2}, {1, 0});
  builder.floats("v", {2}, {4, 1}).output("y");
  setFloat(builder.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}), "epsilon", 0);
  Imported result = import(builder);
  EXPECT_EQ(result.count("binary"), 2);
  EXPECT_THAT(result.run({tensor({1, 2, 1, 1}, {3, 7})}), ElementsAre(3, 7));
}

TEST(Importer, TakesTheKnownBranch) {
  ModelBuilder builder;
  builder.input("x", {2}).output("y");
  auto *condition = builder.model.mutable_graph()->add_initializer();
  condition->set_name("c");
  condition->set_data_type(9);
  condition->add_int32_data(0);
  auto &node = builder.node("If", {"c"}, {"y"});
  for (auto [name, op] : {std::pair("then_branch", "Neg"), std::pair("else_branch", "Abs")}) {
    auto *attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(5);
    auto *inner = attribute->mutable_g()->add_node();
    inner->set_op_type(op);
    inner->add_input("x");
    inner->add_output("r");
    attribute->mutable_g()->add_output()->set_name("r");
  }
  EXPECT_THAT(import(builder).run({tensor({2}, {-1, 2})}), ElementsAre(1, 2));
}

TEST(Importer, InlinesFunctions) {
  ModelBuilder builder;
  builder.input("x", {2}).output("y");
  builder.model.add_opset_import()->set_domain("my");
  builder.model.mutable_opset_import(1)->set_version(1);
  auto *function = builder.model.add_functions();
  function->set_name("Leak");
  function->set_domain("my");
  function->add_input("a");
  function->add_output("b");
  function->add_attribute("slope");
  function->add_opset_import()->set_version(17);
  auto *inner = function->add_node();
  inner->set_op_type("LeakyRelu");
  inner->add_input("a");
  inner->add_output("b");
  auto *reference = inner->add_attribute();
  reference->set_name("alpha");
  reference->set_ref_attr_name("slope");
  auto &call = builder.node("Leak", {"x"}, {"y"});
  call.set_domain("my");
  setFloat(call, "slope", 0.5f);
  EXPECT_THAT(import(builder).run({tensor({2}, {-4, 2})}), ElementsAre(-2, 2));
}

TEST(Importer, ReportsBrokenGraphs) {
  ModelBuilder undefined;
  undefined.input("x", {2}).output("y");
  undefined.node("Add", {"x", "nothing"}, {"y"});
  EXPECT_TRUE(import(undefined).has(Code::BadGraph));

  ModelBuilder twice;
  twice.input("x", {2}).output("y");
  twice.node("Abs", {"x"}, {"y"});
  twice.node("Neg", {"x"}, {"y"});
  EXPECT_TRUE(import(twice).has(Code::BadGraph));

  ModelBuilder newer(99);
  newer.input("x", {2}).output("x");
  EXPECT_TRUE(import(newer).has(Code::UnknownVersion));
}

TEST(Importer, SortsNodes) {
  ModelBuilder builder;
  builder.input("x", {2}).output("z");
  builder.node("Neg", {"y"}, {"z"});
  builder.node("Exp", {"w"}, {"y"});
  builder.node("Abs", {"x"}, {"w"});
  Imported imported = import(builder);
  ASSERT_TRUE(imported.module);
  EXPECT_EQ(imported.run({tensor({2}, {0, -1})}), (std::vector<double>{-1, -std::exp(1.0f)}));
  for (int i = 0; i < 50000; ++i) { // a chain backwards must not need a stack as deep
    builder.node("Neg", {"n" + std::to_string(i + 1)}, {"n" + std::to_string(i)});
  }
  builder.node("Neg", {"x"}, {"n50000"});
  EXPECT_TRUE(import(builder).module);
}

TEST(Importer, WritesOutSparseInitializers) {
  for (bool flat : {true, false}) {
    ModelBuilder builder;
    builder.input("x", {2, 2}).output("y");
    auto *sparse = builder.model.mutable_graph()->add_sparse_initializer();
    sparse->add_dims(2);
    sparse->add_dims(2);
    auto *values = sparse->mutable_values();
    values->set_name("w");
    values->set_data_type(1);
    values->add_dims(2);
    values->add_float_data(5);
    values->add_float_data(7);
    auto *indices = sparse->mutable_indices();
    indices->set_data_type(7);
    indices->add_dims(2);
    for (int64_t index : flat ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{0, 1, 1, 0}) {
      indices->add_int64_data(index);
    }
    if (!flat) {
      indices->add_dims(2);
    }
    builder.node("Add", {"x", "w"}, {"y"});
    Imported imported = import(builder);
    ASSERT_TRUE(imported.module);
    EXPECT_EQ(imported.run({tensor({2, 2}, {0, 0, 0, 0})}), (std::vector<double>{0, 5, 7, 0}));
    indices->set_int64_data(0, 4); // outside
    EXPECT_TRUE(import(builder).has(Code::BadTensor));
  }
}

TEST(Importer, RefusesSizesNoDeviceHolds) {
  ModelBuilder huge;
  huge.input("x", {int64_t{1} << 40, int64_t{1} << 40}).output("y");
  huge.node("Trilu", {"x"}, {"y"});
  EXPECT_TRUE(import(huge).has(Code::ShapeMismatch));
  ModelBuilder large; // the mask of this one would have 2^34 elements
  large.input("x", {int64_t{1} << 17, int64_t{1} << 17}).output("y");
  large.node("Trilu", {"x"}, {"y"});
  EXPECT_TRUE(import(large).has(Code::ConstantTooLarge));
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Models that contradict themselves or the standard: what is refused, what is warned of, and what the message names.
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "test/frontend/ModelBuilder.h"

#include <gmock/gmock.h>

using namespace ncc;
using namespace ncc::frontend;
using namespace ncc::test;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace {

constexpr int kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9, kDouble = 11;

struct Findings {
  std::vector<std::string> errors, warnings;
};

Findings findings(const ModelBuilder &builder) {
  absl::StatusOr<std::unique_ptr<Model>> model = Model::load(builder.save());
  EXPECT_TRUE(model.ok()) << model.status();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  DiagnosticEngine diagnostics;
  auto module = importModel(context, **model, {}, diagnostics);
  Findings found;
  for (const Diagnostic &diagnostic : diagnostics.all()) {
    (diagnostic.severity == Severity::Error ? found.errors : found.warnings).push_back(diagnostic.str());
  }
  EXPECT_EQ(static_cast<bool>(module), found.errors.empty());
  return found;
}

/// x -> Relu -> y, float 2x3.
ModelBuilder plain(int64_t opset = 17) {
  ModelBuilder builder(opset);
  builder.input("x", {2, 3}).output("y");
  builder.node("Relu", {"x"}, {"y"}, "relu");
  return builder;
}

void declare(onnx::ValueInfoProto &info, int type, const std::vector<int64_t> &dims) {
  auto *tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape()->clear_dim();
  for (int64_t dim : dims) {
    dim < 0 ? tensor->mutable_shape()->add_dim()->set_dim_param("n") : tensor->mutable_shape()->add_dim()->set_dim_value(dim);
  }
}

/// A branch or body: one node from `input` to `output`, which is declared as `type`.
void fill(onnx::GraphProto &graph, const std::string &op, const std::string &input, const std::string &output, int type = 0) {
  graph.set_name("g_" + output);
  onnx::NodeProto &node = *graph.add_node();
  node.set_op_type(op);
  node.add_input(input);
  node.add_output(output);
  if (op == "Cast") {
    setInt(node, "to", kInt64);
  }
  graph.add_output()->set_name(output);
  if (type) {
    graph.mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(type);
  }
}

struct Branches {
  ModelBuilder builder{17};
  onnx::NodeProto *node;
  onnx::GraphProto *yes, *no;
  Branches() {
    builder.input("x", {2, 3}).input("c", {}, kBool).output("y");
    node = &builder.node("If", {"c"}, {"y"}, "choice");
    yes = &setGraph(*node, "then_branch");
    no = &setGraph(*node, "else_branch");
  }
};

} // namespace

TEST(GraphCheck, SoundModelsPass) {
  EXPECT_THAT(findings(plain()).errors, IsEmpty());
  EXPECT_THAT(findings(plain()).warnings, IsEmpty());
  Branches sound;
  fill(*sound.yes, "Relu", "x", "a", kFloat);
  fill(*sound.no, "Neg", "x", "b", kFloat);
  EXPECT_THAT(findings(sound.builder).errors, IsEmpty());
}

TEST(GraphCheck, GraphsWithoutOutputs) {
  ModelBuilder none = plain();
  none.model.mutable_graph()->clear_output();
  EXPECT_THAT(findings(none).errors, Contains(HasSubstr("the graph has no outputs")));
  EXPECT_THAT(findings(ModelBuilder()).errors, Contains(HasSubstr("the graph has no outputs")));
}

TEST(GraphCheck, OneFunctionTwice) {
  ModelBuilder builder = plain();
  for (const char *op : {"Relu", "Neg"}) {
    onnx::FunctionProto &function = *builder.model.add_functions();
    function.set_domain("mine");
    function.set_name("F");
    function.add_input("a");
    function.add_output("b");
    onnx::NodeProto &node = *function.add_node();
    node.set_op_type(op);
    node.add_input("a");
    node.add_output("b");
  }
  EXPECT_THAT(findings(builder).errors, Contains(HasSubstr("function mine.F is given twice")));
  builder.model.mutable_functions(1)->set_overload("other"); // another function by name
  EXPECT_THAT(findings(builder).errors, IsEmpty());
}

TEST(GraphCheck, NamesDefinedTwice) {
  ModelBuilder inputs = plain();
  inputs.input("x", {2, 3});
  EXPECT_THAT(findings(inputs).errors, Contains(HasSubstr("input 'x' is given twice")));
  ModelBuilder outputs = plain();
  outputs.node("Neg", {"x"}, {"y"}, "neg");
  EXPECT_THAT(findings(outputs).errors, Contains(AllOf(HasSubstr("node 'neg'"), HasSubstr("'y' is defined twice"))));
  ModelBuilder input = plain();
  input.node("Neg", {"y"}, {"x"}, "neg");
  EXPECT_THAT(findings(input).errors, Contains(AllOf(HasSubstr("node 'neg'"), HasSubstr("'x' is defined twice"))));
  ModelBuilder initializer = plain();
  initializer.floats("y", {1}, {1});
  EXPECT_THAT(findings(initializer).errors, Contains(AllOf(HasSubstr("node 'relu'"), HasSubstr("'y' is defined twice"))));
  ModelBuilder nodes = plain();
  nodes.node("Neg", {"x"}, {"z"}, "relu");
  EXPECT_THAT(findings(nodes).errors, Contains(AllOf(HasSubstr("node 'relu'"), HasSubstr("another node has the same name"))));
}

TEST(GraphCheck, BodiesMayNotRedefineWhatTheySee) {
  Branches shadow;
  shadow.builder.model.mutable_graph()->mutable_node()->SwapElements(0, 0);
  fill(*shadow.yes, "Relu", "x", "x");
  fill(*shadow.no, "Neg", "x", "b");
  EXPECT_THAT(findings(shadow.builder).errors, Contains(HasSubstr("'x' is defined twice, here and in a graph around this one")));
  Branches later; // a result may have the name of the node's own
  fill(*later.yes, "Relu", "x", "y");
  fill(*later.no, "Neg", "x", "y");
  EXPECT_THAT(findings(later.builder).errors, IsEmpty());
}

TEST(GraphCheck, TwoVersionsOfOneDomain) {
  ModelBuilder builder = plain();
  builder.model.add_opset_import()->set_version(11);
  EXPECT_THAT(findings(builder).errors, Contains(HasSubstr("two versions of domain 'ai.onnx': 17 and 11")));
  builder.model.mutable_opset_import(1)->set_version(17);
  EXPECT_THAT(findings(builder).errors, IsEmpty());
}

TEST(GraphCheck, InitializersAgainstInputs) {
  auto with = [](int type, const std::vector<int64_t> &dims) {
    ModelBuilder builder;
    builder.input("x", {2, 3}).input("w", dims, type).output("y");
    builder.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6});
    builder.node("Add", {"x", "w"}, {"y"});
    return findings(builder);
  };
  EXPECT_THAT(with(kFloat, {2, 3}).errors, IsEmpty());
  EXPECT_THAT(with(kFloat, {-1, 3}).errors, IsEmpty());
  EXPECT_THAT(with(kInt64, {2, 3}).errors, Contains(HasSubstr("initializer 'w' holds float, the input of its name is int64")));
  EXPECT_THAT(with(kFloat, {2, 4}).errors, Contains(HasSubstr("initializer 'w' has another shape")));
  EXPECT_THAT(with(kFloat, {3}).errors, Contains(HasSubstr("initializer 'w' has another shape")));
}

TEST(GraphCheck, DeclaredOutputs) {
  auto with = [](int type, const std::vector<int64_t> &dims, bool open = false) {
    ModelBuilder builder;
    builder.input("x", {open ? -1 : 2, 3}).output("y");
    builder.node("Relu", {"x"}, {"y"}, "relu");
    declare(*builder.model.mutable_graph()->mutable_output(0), type, dims);
    return findings(builder);
  };
  EXPECT_THAT(with(kFloat, {2, 3}).errors, IsEmpty());
  EXPECT_THAT(with(kFloat, {-1, 3}).errors, IsEmpty());
  EXPECT_THAT(with(kInt64, {2, 3}).errors, Contains(HasSubstr("output 'y' is declared as int64 and computed as float")));
  EXPECT_THAT(with(kDouble, {2, 3}).errors, Contains(HasSubstr("output 'y' is declared as double and computed as float")));
  EXPECT_THAT(with(77, {2, 3}).errors, Contains(HasSubstr("output 'y' is declared as type 77")));
  EXPECT_THAT(with(kFloat, {2, 4}).errors, Contains(HasSubstr("declared with shape [2,4] and computed with shape [2,3]")));
  EXPECT_THAT(with(kFloat, {2, 3, 1}).errors, Contains(HasSubstr("declared with shape [2,3,1]")));
  // Sizes of the traced run are left in models whose inputs have open dims.
  EXPECT_THAT(with(kFloat, {8, 3}, true).errors, IsEmpty());
  EXPECT_THAT(with(kFloat, {8, 3}, true).warnings, Contains(HasSubstr("NCC1010")));
  EXPECT_THAT(with(kInt64, {8, 3}, true).errors, Contains(HasSubstr("NCC1009")));
}

TEST(GraphCheck, DeclaredValues) {
  auto with = [](int type, const std::vector<int64_t> &dims) {
    ModelBuilder builder = plain();
    builder.node("Neg", {"y"}, {"z"});
    builder.output("z");
    auto *info = builder.model.mutable_graph()->add_value_info();
    info->set_name("y");
    declare(*info, type, dims);
    return findings(builder);
  };
  EXPECT_THAT(with(kFloat, {2, 3}).warnings, IsEmpty());
  EXPECT_THAT(with(kInt64, {2, 3}).errors, Contains(HasSubstr("value 'y' is declared as int64 and computed as float")));
  EXPECT_THAT(with(kFloat, {5, 3}).errors, IsEmpty());
  EXPECT_THAT(with(kFloat, {5, 3}).warnings, Contains(HasSubstr("value 'y' is declared with shape [5,3] and computed with shape [2,3]")));
}

TEST(GraphCheck, BranchesBelongTogether) {
  Branches counts;
  fill(*counts.yes, "Relu", "x", "a");
  fill(*counts.no, "Neg", "x", "b");
  counts.no->clear_output();
  EXPECT_THAT(findings(counts.builder).errors, Contains(AllOf(HasSubstr("node 'choice'"), HasSubstr("'else_branch' has 0 outputs, the node needs 1"))));
  Branches inputs;
  fill(*inputs.yes, "Relu", "x", "a");
  fill(*inputs.no, "Neg", "x", "b");
  inputs.yes->add_input()->set_name("q");
  EXPECT_THAT(findings(inputs.builder).errors, Contains(HasSubstr("'then_branch' has 1 input, the node needs 0")));
  Branches types;
  fill(*types.yes, "Relu", "x", "a", kFloat);
  fill(*types.no, "Cast", "x", "b", kInt64);
  EXPECT_THAT(findings(types.builder).errors, Contains(AllOf(HasSubstr("node 'choice'"), HasSubstr("output 0 is float from one branch and int64 from the other"))));
  Branches undeclared;
  fill(*undeclared.yes, "Relu", "x", "a");
  fill(*undeclared.no, "Cast", "x", "b");
  EXPECT_THAT(findings(undeclared.builder).errors, Contains(HasSubstr("node 'choice'")));
  Branches wrong;
  fill(*wrong.yes, "Relu", "x", "a", kInt64);
  fill(*wrong.no, "Neg", "x", "b", kInt64);
  EXPECT_THAT(findings(wrong.builder).errors, Contains(HasSubstr("'a' is declared as int64 and computed as float")));
}

TEST(GraphCheck, AttributesWithoutAValue) {
  Branches empty;
  fill(*empty.yes, "Relu", "x", "a");
  fill(*empty.no, "Neg", "x", "b");
  empty.node->mutable_attribute(1)->clear_g();
  EXPECT_THAT(findings(empty.builder).errors, Contains(AllOf(HasSubstr("node 'choice'"), HasSubstr("attribute 'else_branch' holds nothing"))));
}

TEST(GraphCheck, BranchesNobodyTakesAreChecked) {
  ModelBuilder builder;
  builder.input("x", {2, 3}).output("y");
  auto *condition = builder.model.mutable_graph()->add_initializer();
  condition->set_name("c");
  condition->set_data_type(kBool);
  condition->add_int32_data(1);
  onnx::NodeProto &node = builder.node("If", {"c"}, {"y"}, "choice");
  fill(setGraph(node, "then_branch"), "Relu", "x", "a");
  onnx::GraphProto &no = setGraph(node, "else_branch");
  fill(no, "Softmax", "x", "b");
  setFloat(*no.mutable_node(0), "axis", 1.5f);
  EXPECT_THAT(findings(builder).errors, Contains(AllOf(HasSubstr("node 'Softmax_b'"), HasSubstr("attribute 'axis' is a float"))));
}

TEST(GraphCheck, LoopsTakeWhatTheirBodiesTake) {
  ModelBuilder builder;
  builder.input("x", {2, 3}).ints("m", {3}, true).output("y");
  onnx::NodeProto &node = builder.node("Loop", {"m", "", "x"}, {"y"}, "loop");
  onnx::GraphProto &body = setGraph(node, "body");
  fill(body, "Identity", "c", "co");
  onnx::NodeProto &step = *body.add_node();
  step.set_op_type("Relu");
  step.add_input("v");
  step.add_output("vo");
  body.add_output()->set_name("vo");
  for (auto [name, type] : {std::pair("i", kInt64), std::pair("c", kBool)}) {
    body.add_input()->set_name(name);
    body.mutable_input(body.input_size() - 1)->mutable_type()->mutable_tensor_type()->set_elem_type(type);
  }
  EXPECT_THAT(findings(builder).errors, Contains(AllOf(HasSubstr("node 'loop'"), HasSubstr("'body' has 2 inputs, the node needs 3"))));
  body.add_input()->set_name("v");
  EXPECT_THAT(findings(builder).errors, IsEmpty());
  body.mutable_input(2)->mutable_type()->mutable_tensor_type()->set_elem_type(kInt64);
  EXPECT_THAT(findings(builder).errors, Contains(HasSubstr("'v' is declared as int64 and computed as float")));
}

TEST(GraphCheck, SequencesHoldOneType) {
  ModelBuilder mixed;
  mixed.input("x", {2, 3}).input("i", {2, 3}, kInt64).output("s");
  mixed.node("SequenceConstruct", {"x", "i"}, {"s"}, "make");
  EXPECT_THAT(findings(mixed).errors, Contains(AllOf(HasSubstr("node 'make'"), HasSubstr("is int64, input 0 ('inputs') is float"))));
  ModelBuilder insert;
  insert.input("x", {2, 3}).input("i", {2, 3}, kInt64).output("t");
  insert.node("SequenceConstruct", {"x"}, {"s"}, "make");
  insert.node("SequenceInsert", {"s", "i"}, {"t"}, "insert");
  EXPECT_THAT(findings(insert).errors, Contains(AllOf(HasSubstr("node 'insert'"), HasSubstr("('tensor') is int64"), HasSubstr("seq(float)"))));
  ModelBuilder declared;
  declared.input("x", {2, 3}).output("s");
  declared.node("SequenceConstruct", {"x"}, {"s"}, "make");
  declared.model.mutable_graph()->mutable_output(0)->mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type()->set_elem_type(kInt64);
  EXPECT_THAT(findings(declared).errors, Contains(HasSubstr("output 's' is declared as seq(int64) and computed as seq(float)")));
}

TEST(GraphCheck, OperatorsOfOtherOpsets) {
  ModelBuilder dropped(13);
  dropped.input("x", {1, 1, 2, 2}).floats("s", {4}, {1, 1, 2, 2}).output("y");
  dropped.node("Upsample", {"x", "s"}, {"y"}, "up");
  Findings found = findings(dropped);
  EXPECT_THAT(found.errors, IsEmpty());
  EXPECT_THAT(found.warnings, Contains(AllOf(HasSubstr("warning[NCC1008] node 'up'"), HasSubstr("opset 9 was the last with it"))));
  ModelBuilder early(19);
  early.input("x", {2, 3}).output("y");
  early.node("Gelu", {"x"}, {"y"}, "gelu");
  EXPECT_THAT(findings(early).errors, Contains(AllOf(HasSubstr("NCC1101"), HasSubstr("node 'gelu'"))));
}

TEST(GraphCheck, OldFilesAreReadAsTheyWereWritten) {
  auto cast = [](int64_t ir) {
    ModelBuilder builder(6);
    builder.model.set_ir_version(ir);
    builder.input("x", {2, 3}).output("y");
    setString(builder.node("Cast", {"x"}, {"y"}, "cast"), "to", "DOUBLE");
    return findings(builder);
  };
  EXPECT_THAT(cast(3).errors, IsEmpty());
  EXPECT_THAT(cast(3).warnings, Contains(HasSubstr("NCC1011")));
  EXPECT_THAT(cast(4).errors, Contains(HasSubstr("attribute 'to' is a string")));
  auto untyped = [](int64_t ir) {
    ModelBuilder builder(1);
    builder.model.set_ir_version(ir);
    builder.input("x", {2, 3}).output("y");
    setInt(builder.node("Softmax", {"x"}, {"y"}), "axis", 1);
    builder.model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->clear_type();
    return findings(builder);
  };
  EXPECT_THAT(untyped(1).errors, IsEmpty());
  EXPECT_THAT(untyped(3).errors, Contains(HasSubstr("attribute 'axis' is of no type")));
}

TEST(GraphCheck, EndedInCrashesOnce) {
  ModelBuilder lstm;
  lstm.input("x", {3, 1, 4}).input("w", {1, 8, 4}, kInt32).input("r", {1, 8, 2}, kInt32).output("y");
  setInt(lstm.node("LSTM", {"x", "w", "r"}, {"y"}, "lstm"), "hidden_size", 2);
  EXPECT_THAT(findings(lstm).errors, Contains(AllOf(HasSubstr("NCC1007"), HasSubstr("node 'lstm'"), HasSubstr("input 1 ('W') is int32"))));
  ModelBuilder unpool;
  unpool.input("x", {1, 1, 2, 2}).input("i", {1, 1, 2, 2}, kInt64).output("y");
  setInts(unpool.node("MaxUnpool", {"x", "i"}, {"y"}, "unpool"), "kernel_shape", {-(int64_t{1} << 62), 2});
  EXPECT_THAT(findings(unpool).errors, Contains(AllOf(HasSubstr("node 'unpool'"), HasSubstr("attribute 'kernel_shape' holds -4611686018427387904"))));
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Compilers broken on purpose: the check must name the pass and the node, at the level of graphs and of tiles.
#include "compiler/frontend/onnx/Model.h"
#include "compiler/verify/PassCheck.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/Locations.h"
#include "dialects/tile/Tile.h"
#include "test/frontend/ModelBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

#include <cmath>
#include <set>

using namespace ncc;

namespace {

/// fc1 -> tanh -> fc2 -> relu -> fc3, 12 wide, batch 20.
/// With `divided`, what squash is given was a double on the way, which only a host stage can hold.
std::string saveModel(bool divided = false) {
  test::ModelBuilder builder;
  builder.input("x", {20, 12});
  auto weights = [&](const std::string &name, float phase) {
    std::vector<float> values(144);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = std::sin(phase + static_cast<float>(i));
    }
    builder.floats(name, {12, 12}, values);
  };
  weights("w1", 0);
  weights("w2", 1);
  weights("w3", 2);
  builder.node("MatMul", {"x", "w1"}, {"a"}, "fc1");
  if (divided) {
    test::setInt(builder.node("Cast", {"a"}, {"wide"}, "widen"), "to", 11);
    builder.node("Add", {"wide", "wide"}, {"twice"}, "twice");
    test::setInt(builder.node("Cast", {"twice"}, {"a2"}, "narrow"), "to", 1);
  }
  builder.node("Tanh", {divided ? "a2" : "a"}, {"b"}, "squash");
  builder.node("MatMul", {"b", "w2"}, {"c"}, "fc2");
  builder.node("Relu", {"c"}, {"d"}, "clip");
  builder.node("MatMul", {"d", "w3"}, {"y"}, "fc3");
  builder.output("y");
  return builder.save(divided ? "broken_segments" : "broken_passes");
}

template <typename Derived, typename Op>
struct BrokenPass : mlir::PassWrapper<Derived, mlir::OperationPass<Op>> {
  llvm::StringRef getDescription() const final { return "a defect"; }
};

/// relu becomes abs.
struct WrongKind : BrokenPass<WrongKind, mlir::func::FuncOp> {
  llvm::StringRef getArgument() const final { return "test-wrong-kind"; }
  void runOnOperation() override {
    getOperation().walk([](graph::UnaryOp op) {
      if (op.getKind() == graph::UnaryKind::Relu) {
        op.setKind(graph::UnaryKind::Abs);
      }
    });
  }
};

/// One weight of fc2 changes.
struct WrongWeight : BrokenPass<WrongWeight, mlir::func::FuncOp> {
  llvm::StringRef getArgument() const final { return "test-wrong-weight"; }
  void runOnOperation() override {
    getOperation().walk([](graph::MatmulOp op) {
      if (graph::nodeName(op.getLoc()) != "fc2") {
        return;
      }
      auto constant = op.getB().getDefiningOp<graph::ConstantOp>();
      Tensor changed(DType::F32, {12, 12});
      for (int64_t i = 0; i < changed.size(); ++i) {
        changed.setDouble(i, graph::constantTensor(op.getB())->asDouble(i) + (i == 77 ? 0.5 : 0));
      }
      mlir::OpBuilder b(op);
      op.getBMutable().assign(graph::ConstantOp::create(b, constant.getLoc(), constant.getType(), graph::tensorAttr(op.getContext(), changed)));
    });
  }
};

/// An activation instruction computes another function.
struct WrongInstruction : BrokenPass<WrongInstruction, tile::ProgramOp> {
  llvm::StringRef getArgument() const final { return "test-wrong-instruction"; }
  void runOnOperation() override {
    getOperation().walk([](tile::ActivateOp op) {
      if (op.getFunc() == "tanh") {
        op.setFunc("sigmoid");
      }
    });
  }
};

struct Case {
  const char *phase, *pass, *node;
  void (*add)(mlir::OpPassManager &);
};

verify::CheckResult check(const std::function<void(std::string_view, mlir::OpPassManager &)> &inject, bool divided = false) {
  ncc::DiagnosticEngine diagnostics;
  auto model = frontend::Model::load(saveModel(divided));
  EXPECT_TRUE(model.ok());
  verify::CheckOptions options;
  options.compile.autoCast = AutoCast::None;
  options.inject = inject;
  Tensor x(DType::F32, {20, 12});
  for (int64_t i = 0; i < x.size(); ++i) {
    x.setDouble(i, std::cos(static_cast<double>(i)));
  }
  auto result = verify::checkPasses(**model, options, {x}, diagnostics);
  EXPECT_TRUE(result.has_value());
  return result.value_or(verify::CheckResult());
}

} // namespace

TEST(PassCheck, AllIsWellWithoutDefects) {
  verify::CheckResult result = check({});
  EXPECT_EQ(result.wrongPass, "");
  EXPECT_EQ(result.wrongNode, "");
  ASSERT_FALSE(result.passes.empty());
  EXPECT_EQ(result.passes.back().pass, "compiled model");
  std::vector<std::string> names;
  for (const verify::NodeError &node : result.nodes) {
    names.push_back(node.node);
    EXPECT_TRUE(node.error.within) << node.node;
  }
  EXPECT_EQ(names.back(), "fc3");
  EXPECT_GE(names.size(), 3u);
}

TEST(PassCheck, NamesTheBrokenPassAndTheFirstWrongNode) {
  const Case cases[] = {
      {"fuse", "test-wrong-kind", "clip", [](mlir::OpPassManager &passes) { passes.addNestedPass<mlir::func::FuncOp>(std::make_unique<WrongKind>()); }},
      {"legalize", "test-wrong-weight", "fc2", [](mlir::OpPassManager &passes) { passes.addNestedPass<mlir::func::FuncOp>(std::make_unique<WrongWeight>()); }},
      {"combine", "test-wrong-instruction", "squash", [](mlir::OpPassManager &passes) { passes.addNestedPass<tile::ProgramOp>(std::make_unique<WrongInstruction>()); }},
  };
  for (const Case &broken : cases) {
    verify::CheckResult result = check([&](std::string_view phase, mlir::OpPassManager &passes) {
      if (phase == broken.phase) {
        broken.add(passes);
      }
    });
    EXPECT_EQ(result.wrongPass, broken.pass);
    EXPECT_EQ(result.wrongNode, broken.node) << broken.pass;
    EXPECT_TRUE(!result.passes.empty() && !result.passes.back().good());
  }
}

TEST(PassCheck, ChecksTheSegmentsOfADividedModel) {
  verify::CheckResult good = check({}, true);
  EXPECT_EQ(good.wrongPass, "");
  std::set<std::string> parts;
  for (const verify::PassResult &pass : good.passes) {
    parts.insert(pass.part);
  }
  EXPECT_EQ(parts, (std::set<std::string>{"", "segment_0", "segment_1"}));
  verify::CheckResult broken = check([](std::string_view phase, mlir::OpPassManager &passes) {
    if (phase == "combine") {
      passes.addNestedPass<tile::ProgramOp>(std::make_unique<WrongInstruction>());
    }
  }, true);
  EXPECT_EQ(broken.wrongPass, "test-wrong-instruction");
  EXPECT_EQ(broken.wrongNode, "squash");
  EXPECT_EQ(broken.passes.back().part, "segment_1");
}

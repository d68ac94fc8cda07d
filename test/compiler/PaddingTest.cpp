// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Padded runs of masked programs against the same program at the true shape, with the reference kernels. Beyond the true
// shape every value is as the padded inputs make it; a rule that overlooks something shows here.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "passes/Pipelines.h"
#include "passes/padding/Masks.h"
#include "runtime/api/BucketSessions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace ncc;

namespace {

class PaddingTest : public ::testing::Test {
protected:
  PaddingTest() : context(mlir::MLIRContext::Threading::DISABLED) { loadAllDialects(context); }

  /// A program whose text holds $N where the varying size stands ($M one less, $D twice as much).
  mlir::OwningOpRef<mlir::ModuleOp> program(std::string text, int64_t size) {
    for (auto [letter, value] : {std::pair("$N", size), {"$M", size - 1}, {"$D", 2 * size}}) {
      for (size_t at = text.find(letter); at != std::string::npos; at = text.find(letter)) {
        text.replace(at, 2, std::to_string(value));
      }
    }
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    return module;
  }
  static mlir::func::FuncOp mainOf(mlir::ModuleOp module) { return module.lookupSymbol<mlir::func::FuncOp>("main"); }

  static Tensor input(mlir::Type type, int64_t seed) {
    Tensor tensor(*graph::dtypeOf(mlir::cast<mlir::RankedTensorType>(type).getElementType()), graph::shapeOf(type));
    for (int64_t i = 0; i < tensor.size(); ++i) {
      if (isFloat(tensor.dtype())) {
        tensor.setDouble(i, std::sin(static_cast<double>(i * 7 + seed)) - 0.3);
      } else {
        tensor.setInt(i, (i * 5 + seed) % 3);
      }
    }
    return tensor;
  }

  std::string refusal(const std::string &text, int64_t large, int64_t small) {
    auto a = program(text, large), b = program(text, small);
    return padding::relate(mainOf(*a), mainOf(*b)).refusal;
  }

  /// Every size below `size` is accepted, and gives what the program of that size gives.
  void check(const std::string &text, int64_t size, std::vector<int64_t> smaller) {
    padding::MaskPlan plan;
    auto masked = program(text, size);
    std::vector<padding::Relation> relations;
    for (int64_t one : smaller) {
      auto small = program(text, one);
      relations.push_back(padding::relate(mainOf(*masked), mainOf(*small)));
      ASSERT_EQ(relations.back().refusal, "") << "size " << one;
      ASSERT_TRUE(plan.add(relations.back()));
    }
    std::vector<std::vector<int64_t>> lengths = plan.lengths(mainOf(*masked));
    plan.apply(mainOf(*masked));
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*masked)));
    for (size_t i = 0; i < smaller.size(); ++i) {
      auto small = program(text, smaller[i]);
      compare(mainOf(*masked), mainOf(*small), lengths[i], relations[i]);
    }
  }

  void compare(mlir::func::FuncOp masked, mlir::func::FuncOp small, const std::vector<int64_t> &lengths, const padding::Relation &relation) {
    std::vector<Tensor> truth, padded;
    for (auto [i, type] : llvm::enumerate(small.getArgumentTypes())) {
      truth.push_back(input(type, static_cast<int64_t>(i)));
      padded.push_back(api::padTensor(truth.back(), graph::shapeOf(masked.getArgumentTypes()[i])));
    }
    for (int64_t length : lengths) {
      Tensor mask(DType::Bool, graph::shapeOf(masked.getArgumentTypes()[padded.size()]));
      for (int64_t k = 0; k < mask.size(); ++k) {
        mask.setInt(k, k < length);
      }
      padded.push_back(mask);
    }
    auto expected = graph::evaluateFunction(small, truth);
    auto actual = graph::evaluateFunction(masked, padded);
    ASSERT_TRUE(expected.ok() && actual.ok()) << expected.status() << actual.status();
    for (size_t r = 0; r < expected->size(); ++r) {
      const Tensor cut = api::cutTensor((*actual)[r], relation.outputs[r]);
      ASSERT_EQ(cut.shape(), (*expected)[r].shape());
      for (int64_t k = 0; k < cut.size(); ++k) {
        ASSERT_NEAR(cut.asDouble(k), (*expected)[r].asDouble(k), 1e-5 * std::max(1.0, std::abs((*expected)[r].asDouble(k)))) << "element " << k;
      }
    }
  }

  mlir::MLIRContext context;
};

// Attention by its parts, where what is beyond the true rows is not finite: exp(1 / 0).
TEST_F(PaddingTest, Attention) {
  check(R"(func.func @main(%x: tensor<2x$Nx4xf32>) -> tensor<2x$Nx4xf32> {
    %r = graph.unary reciprocal %x : (tensor<2x$Nx4xf32>) -> tensor<2x$Nx4xf32>
    %s = graph.matmul %r, %x transpose_b = true : (tensor<2x$Nx4xf32>, tensor<2x$Nx4xf32>) -> tensor<2x$Nx$Nxf32>
    %p = graph.softmax %s axis = 2 : (tensor<2x$Nx$Nxf32>) -> tensor<2x$Nx$Nxf32>
    %y = graph.matmul %p, %r : (tensor<2x$Nx$Nxf32>, tensor<2x$Nx4xf32>) -> tensor<2x$Nx4xf32>
    return %y : tensor<2x$Nx4xf32> })", 8, {7, 5, 1});
}

TEST_F(PaddingTest, AttentionOp) {
  check(R"(func.func @main(%q: tensor<1x4x$Nx4xf32>, %k: tensor<1x2x$Nx4xf32>, %m: tensor<1x1x1x$Nxf32>) -> tensor<1x4x$Nx4xf32> {
    %v = graph.unary reciprocal %k : (tensor<1x2x$Nx4xf32>) -> tensor<1x2x$Nx4xf32>
    %y = graph.attention %q, %k, %v, %m scale = 0.5 : (tensor<1x4x$Nx4xf32>, tensor<1x2x$Nx4xf32>, tensor<1x2x$Nx4xf32>, tensor<1x1x1x$Nxf32>) -> tensor<1x4x$Nx4xf32>
    %z = graph.attention %q, %k, %k scale = 0.5 causal = true : (tensor<1x4x$Nx4xf32>, tensor<1x2x$Nx4xf32>, tensor<1x2x$Nx4xf32>) -> tensor<1x4x$Nx4xf32>
    %s = graph.binary add %y, %z : (tensor<1x4x$Nx4xf32>, tensor<1x4x$Nx4xf32>) -> tensor<1x4x$Nx4xf32>
    return %s : tensor<1x4x$Nx4xf32> })", 8, {7, 3});
}

TEST_F(PaddingTest, Reductions) {
  for (const char *kind : {"sum", "mean", "max", "min", "prod", "sum_square", "l1", "l2", "log_sum_exp"}) {
    check(std::string(R"(func.func @main(%x: tensor<3x$Nx2xf32>) -> tensor<3x2xf32> {
      %c = graph.constant dense<0.5> : tensor<f32>
      %s = graph.binary add %x, %c : (tensor<3x$Nx2xf32>, tensor<f32>) -> tensor<3x$Nx2xf32>
      %y = graph.reduce )") + kind + R"( %s axes = [1] keepdims = false : (tensor<3x$Nx2xf32>) -> tensor<3x2xf32>
      return %y : tensor<3x2xf32> })", 6, {5, 2, 1});
  }
}

TEST_F(PaddingTest, SeveralPaddedAxes) {
  check(R"(func.func @main(%x: tensor<1x3x$Nx$Dxf32>) -> (tensor<1x3x1x1xf32>, tensor<1x1x3xi64>) {
    %y = graph.reduce mean %x axes = [2, 3] : (tensor<1x3x$Nx$Dxf32>) -> tensor<1x3x1x1xf32>
    %e = graph.unary exp %x : (tensor<1x3x$Nx$Dxf32>) -> tensor<1x3x$Nx$Dxf32>
    %m = graph.reduce max %e axes = [2] keepdims = false : (tensor<1x3x$Nx$Dxf32>) -> tensor<1x3x$Dxf32>
    %a = graph.arg_reduce max %m axis = 2 keepdims = false : (tensor<1x3x$Dxf32>) -> tensor<1x3xi64>
    %r = graph.reshape %a : (tensor<1x3xi64>) -> tensor<1x1x3xi64>
    return %y, %r : tensor<1x3x1x1xf32>, tensor<1x1x3xi64> })", 4, {3, 2, 1});
}

TEST_F(PaddingTest, Windows) {
  check(R"(func.func @main(%x: tensor<1x2x$Dx3xf32>, %w: tensor<4x2x3x1xf32>) -> (tensor<1x4x$Nx3xf32>, tensor<1x4x$Dx3xf32>) {
    %e = graph.unary exp %x : (tensor<1x2x$Dx3xf32>) -> tensor<1x2x$Dx3xf32>
    %c = graph.conv %e, %w strides = [1, 1] pads = [1, 0, 1, 0] dilations = [1, 1] : (tensor<1x2x$Dx3xf32>, tensor<4x2x3x1xf32>) -> tensor<1x4x$Dx3xf32>
    %p = graph.pool max %c kernel = [3, 1] strides = [2, 1] pads = [1, 0, 0, 0] dilations = [1, 1] : (tensor<1x4x$Dx3xf32>) -> tensor<1x4x$Nx3xf32>
    %q = graph.pool average %p kernel = [3, 1] strides = [1, 1] pads = [1, 0, 1, 0] dilations = [1, 1] count_include_pad = true : (tensor<1x4x$Nx3xf32>) -> tensor<1x4x$Nx3xf32>
    %u = graph.resize nearest %p coordinates = asymmetric nearest = floor scales = [1.0, 1.0, 2.0, 1.0] : (tensor<1x4x$Nx3xf32>) -> tensor<1x4x$Dx3xf32>
    %s = graph.binary add %u, %c : (tensor<1x4x$Dx3xf32>, tensor<1x4x$Dx3xf32>) -> tensor<1x4x$Dx3xf32>
    return %q, %s : tensor<1x4x$Nx3xf32>, tensor<1x4x$Dx3xf32> })", 5, {4, 3, 1});
}

TEST_F(PaddingTest, RecurrentLayers) {
  check(R"(func.func @main(%x: tensor<$Nx2x3xf32>, %w: tensor<2x16x3xf32>, %r: tensor<2x16x4xf32>) -> (tensor<$Nx2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x2x4xf32>) {
    %e = graph.unary exp %x : (tensor<$Nx2x3xf32>) -> tensor<$Nx2x3xf32>
    %y, %h, %c = graph.lstm bidirectional %e, %w, %r hidden_size = 4 : (tensor<$Nx2x3xf32>, tensor<2x16x3xf32>, tensor<2x16x4xf32>) -> (tensor<$Nx2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x2x4xf32>)
    return %y, %h, %c : tensor<$Nx2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x2x4xf32> })", 6, {5, 2, 1});
}

TEST_F(PaddingTest, Moves) {
  check(R"(func.func @main(%x: tensor<$Nx6xf32>, %i: tensor<$Nxi64>, %t: tensor<3x6xf32>) -> (tensor<$Nx7xf32>, tensor<2x$Nx9xf32>, tensor<6xf32>) {
    %g = graph.gather %t, %i axis = 0 : (tensor<3x6xf32>, tensor<$Nxi64>) -> tensor<$Nx6xf32>
    %c = graph.cumsum %g axis = 0 reverse = true : (tensor<$Nx6xf32>) -> tensor<$Nx6xf32>
    %s = graph.slice %c offsets = [0, 5] strides = [1, 1] : (tensor<$Nx6xf32>) -> tensor<$Nx1xf32>
    %j = graph.concat %x, %s axis = 1 : (tensor<$Nx6xf32>, tensor<$Nx1xf32>) -> tensor<$Nx7xf32>
    %h = graph.reshape %x : (tensor<$Nx6xf32>) -> tensor<$Nx2x3xf32>
    %p = graph.transpose %h perm = [1, 0, 2] : (tensor<$Nx2x3xf32>) -> tensor<2x$Nx3xf32>
    %w = graph.pad %p low = [0, 0, 2] high = [0, 0, 4] value = 1.5 : (tensor<2x$Nx3xf32>) -> tensor<2x$Nx9xf32>
    %z = graph.constant dense<0> : tensor<i64>
    %f = graph.gather %x, %z axis = 0 : (tensor<$Nx6xf32>, tensor<i64>) -> tensor<6xf32>
    return %j, %w, %f : tensor<$Nx7xf32>, tensor<2x$Nx9xf32>, tensor<6xf32> })", 8, {6, 1});
}

TEST_F(PaddingTest, Refusals) {
  auto one = [&](const std::string &body, const std::string &result) {
    return refusal("func.func @main(%x: tensor<1x2x$Nxf32>, %i: tensor<2xi64>) -> " + result + " {" + body + " return %y : " + result + " }", 8, 4);
  };
  EXPECT_NE(one("%y = graph.slice %x offsets = [0, 0, $M] strides = [1, 1, -1] : (tensor<1x2x$Nxf32>) -> tensor<1x2x$Nxf32>", "tensor<1x2x$Nxf32>"), "");
  EXPECT_NE(one("%y = graph.gather %x, %i axis = 2 : (tensor<1x2x$Nxf32>, tensor<2xi64>) -> tensor<1x2x2xf32>", "tensor<1x2x2xf32>"), "");
  EXPECT_NE(one("%y = graph.concat %x, %x axis = 2 : (tensor<1x2x$Nxf32>, tensor<1x2x$Nxf32>) -> tensor<1x2x$Dxf32>", "tensor<1x2x$Dxf32>"), "");
  EXPECT_NE(one("%y = graph.arg_reduce max %x axis = 2 keepdims = false select_last = true : (tensor<1x2x$Nxf32>) -> tensor<1x2xi64>", "tensor<1x2xi64>"), "");
  EXPECT_NE(one("%y = graph.resize linear %x coordinates = half_pixel scales = [1.0, 1.0, 2.0] : (tensor<1x2x$Nxf32>) -> tensor<1x2x$Dxf32>", "tensor<1x2x$Dxf32>"), "");
  EXPECT_NE(one("%y = graph.pool average %x kernel = [3] strides = [1] pads = [1, 1] dilations = [1] : (tensor<1x2x$Nxf32>) -> tensor<1x2x$Nxf32>", "tensor<1x2x$Nxf32>"), "");
  EXPECT_NE(one("%y = graph.nonzero %x : (tensor<1x2x$Nxf32>) -> tensor<3x$Dxi64>", "tensor<3x$Dxi64>"), "");
  EXPECT_EQ(one("%y = graph.unary relu %x : (tensor<1x2x$Nxf32>) -> tensor<1x2x$Nxf32>", "tensor<1x2x$Nxf32>"), "");
}

} // namespace

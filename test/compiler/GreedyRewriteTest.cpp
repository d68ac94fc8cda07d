// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rewriting without an end is an error that names an op and its node.
#include "dialects/graph/Graph.h"
#include "passes/GreedyRewrite.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace ncc;

namespace {

/// Swaps the operands of a sum for ever.
struct Swap : OpRewritePattern<graph::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::BinaryOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<graph::BinaryOp>(op, op.getType(), op.getKind(), op.getB(), op.getA());
    return success();
  }
};

} // namespace

TEST(GreedyRewrite, SaysWhatHasNoEnd) {
  MLIRContext context;
  context.loadDialect<graph::GraphDialect, func::FuncDialect>();
  auto module = parseSourceString<ModuleOp>("func.func @main(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2xf32> {\n"
                                            "  %0 = graph.binary add %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32> loc(\"sum\")\n"
                                            "  return %0 : tensor<2xf32>\n}\n",
                                            &context);
  ASSERT_TRUE(module);
  std::string message, where;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    llvm::raw_string_ostream(where) << diagnostic.getLocation();
    return success();
  });
  RewritePatternSet patterns(&context);
  patterns.add<Swap>(&context);
  EXPECT_TRUE(failed(rewriteGreedily(*module, std::move(patterns), GreedyRewriteConfig())));
  EXPECT_NE(message.find("the last op made is graph.binary"), std::string::npos) << message;
  EXPECT_NE(where.find("sum"), std::string::npos) << where;
}

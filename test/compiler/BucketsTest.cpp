// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// From what users write to the shapes of buckets.
#include "compiler/driver/Buckets.h"
#include "compiler/driver/Compile.h"
#include "compiler/frontend/onnx/DimFormula.h"
#include "compiler/frontend/onnx/Model.h"
#include "test/frontend/ModelBuilder.h"

#include <gtest/gtest.h>

using namespace ncc;

namespace {

TEST(Sizes, ListsAndRanges) {
  EXPECT_EQ(parseSizes("16"), (Sizes{16}));
  EXPECT_EQ(parseSizes("{64,16,64}"), (Sizes{16, 64}));
  EXPECT_EQ(parseSizes("16..128"), (Sizes{16, 32, 64, 128}));
  EXPECT_EQ(parseSizes("20..100"), (Sizes{20, 40, 80, 100}));
  EXPECT_EQ(parseSizes("16..60:16"), (Sizes{16, 32, 48, 60}));
  EXPECT_EQ(parseSizes("{1,16..64}"), (Sizes{1, 16, 32, 64}));
  EXPECT_EQ(parseSizes("7..7"), (Sizes{7}));
  for (const char *bad : {"", "{", "{}", "{1,}", "a", "-1", "4..2", "0..4", "1..4:0", "1..9999:1", "1...4", "1..2..3"}) {
    EXPECT_FALSE(parseSizes(bad)) << bad;
  }
}

TEST(Sizes, Shapes) {
  EXPECT_EQ(parseShape("1x{16,64}x8"), (std::vector<Sizes>{{1}, {16, 64}, {8}}));
  EXPECT_EQ(parseShape("1x16..64"), (std::vector<Sizes>{{1}, {16, 32, 64}}));
  EXPECT_EQ(parseShape(""), (std::vector<Sizes>{}));
  for (const char *bad : {"1x", "x1", "1xx2", "1x{2", "1x2x"}) {
    EXPECT_FALSE(parseShape(bad)) << bad;
  }
}

TEST(DimFormula, SumsDifferencesProducts) {
  const std::map<std::string, int64_t> sizes = {{"past", 16}, {"sequence", 4}, {"h.w", 3}};
  EXPECT_EQ(frontend::evaluateDim("past + sequence", sizes), 20);
  EXPECT_EQ(frontend::evaluateDim("past-1+2*h.w", sizes), 21);
  EXPECT_EQ(frontend::evaluateDim("2*sequence*h.w", sizes), 24);
  EXPECT_EQ(frontend::evaluateDim("past", sizes), 16);
  for (const char *bad : {"", "+", "past +", "past sequence", "future", "sequence-past", "past/2", "2**3", "9999999999999*99999999999", "1 x"}) {
    EXPECT_FALSE(frontend::evaluateDim(bad, sizes)) << bad;
  }
  EXPECT_EQ(frontend::namesInDim("past + 2*sequence"), (std::vector<std::string>{"past", "sequence"}));
  EXPECT_TRUE(frontend::namesInDim("past sequence").empty());
}

/// z = x + y; the first dims are the symbol d0, the second dims d1, the last of y is free.
struct Fixture {
  std::unique_ptr<frontend::Model> model;
  DiagnosticEngine diagnostics;
  Fixture() {
    test::ModelBuilder builder;
    builder.input("x", {-1, -1});
    builder.input("y", {-1, -1});
    builder.node("Add", {"x", "y"}, {"z"}, "add");
    builder.output("z");
    model = loadModel(builder.save(), diagnostics);
  }
  std::vector<std::vector<int64_t>> shapesOfX(const Options &options) {
    std::vector<std::vector<int64_t>> shapes;
    std::optional<std::vector<Options>> list = driver::bucketOptions(*model, options, diagnostics);
    for (const Options &one : list ? *list : std::vector<Options>()) {
      shapes.push_back(one.shapes.at("x"));
      EXPECT_EQ(one.shapes.at("y"), shapes.back()); // the symbols are shared
    }
    return shapes;
  }
  bool reported(Code code) const {
    for (const Diagnostic &diagnostic : diagnostics.all()) {
      if (diagnostic.code == code) {
        return true;
      }
    }
    return false;
  }
};

TEST(Buckets, SymbolsVaryTogether) {
  Fixture f;
  Options options;
  options.shapeBuckets["x"] = {{1}, {16, 64}};
  options.shapeBuckets["y"] = {{1}, {16, 64}};
  EXPECT_EQ(f.shapesOfX(options), (std::vector<std::vector<int64_t>>{{1, 16}, {1, 64}}));
}

TEST(Buckets, IndependentSymbolsMultiply) {
  Fixture f;
  Options options;
  options.dimBuckets["d0"] = {1, 2};
  options.dimBuckets["d1"] = {3, 8};
  EXPECT_EQ(f.shapesOfX(options), (std::vector<std::vector<int64_t>>{{1, 3}, {2, 3}, {1, 8}, {2, 8}})); // smallest first
}

TEST(Buckets, Contradictions) {
  Fixture f;
  Options options;
  options.shapeBuckets["x"] = {{1}, {16, 64}};
  options.shapeBuckets["y"] = {{1}, {16, 32}};
  EXPECT_FALSE(driver::bucketOptions(*f.model, options, f.diagnostics));
  EXPECT_TRUE(f.reported(Code::ShapeMismatch));
}

TEST(Buckets, TooMany) {
  Fixture f;
  Options options;
  options.dimBuckets["d0"] = *parseSizes("1..9:1");
  options.dimBuckets["d1"] = *parseSizes("1..9:1");
  EXPECT_FALSE(driver::bucketOptions(*f.model, options, f.diagnostics));
  EXPECT_TRUE(f.reported(Code::TooManyBuckets));
}

TEST(Buckets, UnknownNames) {
  Fixture f;
  Options options;
  options.dimBuckets["nothing"] = {1, 2};
  EXPECT_FALSE(driver::bucketOptions(*f.model, options, f.diagnostics));
  EXPECT_TRUE(f.reported(Code::UnknownName));
}

TEST(Buckets, CommandsOfOneShapeSaySo) {
  Fixture f;
  Options options;
  options.dimBuckets["d1"] = {3, 8};
  EXPECT_FALSE(driver::onlyOptions(*f.model, options, "ncc verify", f.diagnostics));
  EXPECT_TRUE(f.reported(Code::BadOption));
}

/// One NEFF whose buckets share what they have in common; every smaller shape is padded.
TEST(Buckets, Compile) {
  test::ModelBuilder builder;
  builder.input("x", {-1, 8});
  builder.floats("w", {8, 300}, std::vector<float>(2400, 0.5f));
  builder.node("MatMul", {"x", "w"}, {"y"}, "fc");
  builder.output("y");
  Options options;
  options.shapeBuckets["x"] = {{2, 6}, {8}};
  options.autoCast = AutoCast::None;
  DiagnosticEngine diagnostics;
  std::optional<Compilation> result = compileFile(builder.save(), options, diagnostics);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->model.buckets.size(), 2u);
  EXPECT_EQ(result->model.buckets[0].padded.size(), 1u);
  EXPECT_EQ(result->model.buckets[1].padded.size(), 3u);
  EXPECT_LT(result->model.weightBytes, 2u * 2400 * 4);
  EXPECT_EQ(result->report.buckets.size(), 2u);
}

} // namespace

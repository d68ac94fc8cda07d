// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The schema table against the handlers, and the one-node sweep.
#include "compiler/frontend/onnx/Importer.h"
#include "test/frontend/SchemaSweep.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

using namespace ncc;
using namespace ncc::frontend;
using namespace ncc::test;
using ::testing::IsEmpty;

namespace {

const std::string kFolder = ::testing::TempDir() + "ncc_schema_sweep";

std::string listed(const std::set<std::string> &names) {
  std::string text;
  for (const std::string &name : names) {
    text += name + "\n";
  }
  return text;
}

/// What is accepted is what the list says, each with its reason, and nothing else.
void expectAllowed(const SweepResult &result, const std::string &file) {
  std::vector<std::string> faults;
  std::set<std::string> allowed = readAllowed(std::string(NCC_SOURCE_DIR) + "/test/frontend/" + file, faults), extra, gone;
  EXPECT_THAT(faults, IsEmpty()) << "lines without a reason, or twice";
  std::set_difference(result.accepted.begin(), result.accepted.end(), allowed.begin(), allowed.end(), std::inserter(extra, extra.end()));
  std::set_difference(allowed.begin(), allowed.end(), result.accepted.begin(), result.accepted.end(), std::inserter(gone, gone.end()));
  EXPECT_EQ(listed(extra), "") << "accepted against the schema";
  EXPECT_EQ(listed(gone), "") << "listed as accepted, and refused";
}

} // namespace

TEST(Schema, RowsAreWellFormed) { EXPECT_THAT(schemas().faults(), IsEmpty()); }

TEST(Schema, EveryHandlerHasOne) {
  std::set<std::string> missing;
  for (const SupportedOp &op : supportedOps()) {
    if (schemas().forms(op.domain, op.op).empty()) {
      missing.insert(op.domain + "." + op.op);
    }
  }
  EXPECT_EQ(listed(missing), "");
}

TEST(Schema, DefaultsAreValuesTheAttributeMayHave) {
  for (const OpSchema *form : schemas().all()) {
    for (const AttributeSchema &attribute : form->attributes) {
      if (attribute.fallback.empty()) {
        continue;
      }
      EXPECT_FALSE(attribute.required) << formName(*form) << " " << attribute.name;
      char *end = nullptr;
      if (attribute.kind == AttributeSchema::Kind::Int) {
        (void)std::strtoll(attribute.fallback.c_str(), &end, 10);
        EXPECT_EQ(*end, 0) << formName(*form) << " " << attribute.name;
      } else if (attribute.kind == AttributeSchema::Kind::Float) {
        (void)std::strtod(attribute.fallback.c_str(), &end);
        EXPECT_EQ(*end, 0) << formName(*form) << " " << attribute.name;
      } else if (!attribute.choices.empty()) {
        EXPECT_THAT(attribute.choices, ::testing::Contains(attribute.fallback)) << formName(*form) << " " << attribute.name;
      }
    }
  }
}

TEST(Schema, NewestFormThatIsNotNewer) {
  ASSERT_NE(schemas().find("", "MaxPool", 11), nullptr);
  EXPECT_EQ(schemas().find("", "MaxPool", 11)->since, 11);
  EXPECT_EQ(schemas().find("ai.onnx", "MaxPool", 28)->since, 22);
  EXPECT_EQ(schemas().find("", "MaxPool", 9)->since, 8);
  EXPECT_EQ(schemas().find("", "Gelu", 19), nullptr);
  EXPECT_EQ(schemas().droppedBy("", "Upsample", 9), std::nullopt);
  EXPECT_EQ(schemas().droppedBy("", "Upsample", 13), 10);
  EXPECT_EQ(schemas().droppedBy("", "GroupNormalization", 20), 18);
  EXPECT_EQ(schemas().droppedBy("", "GroupNormalization", 21), std::nullopt);
}

TEST(SchemaSweep, EveryFormRefusesItsMutants) {
  SweepResult result = sweepSchemas(kFolder);
  std::printf("%s", result.table().c_str());
  EXPECT_GT(result.forms, 500u);
  EXPECT_EQ(listed(result.badBases), "");
  EXPECT_EQ(listed(result.otherwise), "");
  expectAllowed(result, "schema-sweep-allowed.txt");
}

TEST(SchemaSweep, NodesOfTheConformanceCasesRefuseTheirMutants) {
  SweepResult result = sweepCorpus(std::string(NCC_SOURCE_DIR) + "/test/conformance", kFolder);
  std::printf("%s", result.table().c_str());
  EXPECT_GT(result.forms, 50u);
  EXPECT_EQ(listed(result.badBases), "");
  EXPECT_EQ(listed(result.otherwise), "");
  expectAllowed(result, "schema-sweep-cases-allowed.txt");
}

TEST(SchemaSweep, NodesOfTheCorpusRefuseTheirMutants) {
  const char *corpus = std::getenv("NCC_CORPUS");
  std::string folder = corpus ? corpus : std::string(NCC_SOURCE_DIR) + "/../shared/corpus";
  if (!std::filesystem::exists(folder + "/onnx-node")) {
    GTEST_SKIP() << "there is no corpus";
  }
  SweepResult result = sweepCorpus(folder, kFolder);
  std::printf("%s", result.table().c_str());
  EXPECT_EQ(listed(result.badBases), "");
  EXPECT_EQ(listed(result.otherwise), "");
  expectAllowed(result, "schema-sweep-corpus-allowed.txt");
}

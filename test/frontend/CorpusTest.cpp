// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Import and reference evaluation against the expected outputs of the corpus, when it is there.
#include "test/frontend/CorpusCase.h"

#include "passes/Pipelines.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace ncc::test;

namespace {

constexpr const char *kSimplify =
    "func.func(ncc-canonicalize,ncc-fold-constants,ncc-eliminate-common,ncc-recognize-activations,"
    "ncc-recognize-normalizations,ncc-recognize-attention,ncc-fold-batch-norm,ncc-prune-channels,ncc-canonicalize,"
    "ncc-fold-constants,ncc-remove-dead)";

} // namespace

class CorpusModel : public ::testing::TestWithParam<const char *> {};

TEST_P(CorpusModel, MatchesExpectedOutputs) {
  std::string root = corpusRoot();
  if (root.empty()) {
    GTEST_SKIP() << "no corpus: set NCC_CORPUS to its folder";
  }
  std::string folder = root + "/models/" + GetParam();
  CaseResult plain = runCase(folder);
  EXPECT_EQ(plain.outcome, Outcome::Pass) << plain.detail;
  static const bool registered = (ncc::registerAllPasses(), true);
  CaseResult simplified = registered ? runCase(folder, kSimplify) : plain;
  EXPECT_EQ(simplified.outcome, Outcome::Pass) << simplified.detail;
}

INSTANTIATE_TEST_SUITE_P(Models, CorpusModel,
                         ::testing::Values("mnist12_dynfree", "squeezenet_fp32", "mobilenet_v2_035_128",
                                           "shufflenet_v2_int8", "yolox_nano", "yunet_n_320", "selfie_segmentation",
                                           "tcmonodepth_small", "tbefn_320x480", "cct_float", "vittrack",
                                           "marabou_self_attention", "vespa_transformer", "magika_v1", "dtln_1",
                                           "gtcrn_simple", "unitree_g1_policy", "winml_speech_recog"));

/// Counts may only grow: lower one here only together with the reason.
static void expectAtLeast(const char *part, int least) {
  std::string root = corpusRoot();
  if (root.empty()) {
    GTEST_SKIP() << "no corpus: set NCC_CORPUS to its folder";
  }
  int passed = 0, mismatched = 0;
  for (const std::string &folder : casesIn(root + "/" + part)) {
    if (std::filesystem::path(folder).filename().string().starts_with("light_")) {
      continue; // full-size networks: corpus-eval runs them
    }
    CaseResult result = runCase(folder);
    passed += result.outcome == Outcome::Pass;
    mismatched += result.outcome == Outcome::Mismatch;
    if (result.outcome == Outcome::Mismatch) {
      std::printf("  differs: %s: %s\n", folder.c_str(), result.detail.c_str());
    }
  }
  std::printf("  %s: %d pass, %d differ\n", part, passed, mismatched);
  EXPECT_GE(passed, least);
  EXPECT_LE(mismatched, 10); // drawn numbers (bernoulli, dropout) and two files whose output type contradicts the operator
}

TEST(CorpusNodes, Current) { expectAtLeast("onnx-node", 825); }
TEST(CorpusNodes, Old) { expectAtLeast("onnx-node-old", 1265); }

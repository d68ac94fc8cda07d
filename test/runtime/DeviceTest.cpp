// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/hw/CostModel.h"

#include <gtest/gtest.h>

namespace ncc::hw {
namespace {

TEST(Devices, BuiltInsParseAndMatchPublishedPeaks) {
  ASSERT_EQ(knownDevices().size(), 4u);
  auto tflops = [](const char *name, DType type) { return 2e-12 * findDevice(name)->peakMacsPerSecond(type); };
  EXPECT_NEAR(tflops("inf1", DType::BF16), 16, 0.5);
  EXPECT_NEAR(tflops("trn1", DType::BF16), 92, 0.5);
  EXPECT_NEAR(tflops("inf2", DType::F32), 23, 0.5);
  EXPECT_NEAR(tflops("trn2", DType::BF16), 79, 0.5);
  EXPECT_NEAR(tflops("inf1", DType::I8), 32, 1);
  EXPECT_EQ(findDevice("inf1")->matmulCycles(DType::F32), 0);
  EXPECT_EQ(findDevice("trn2")->coresPerChip, 8);
}

TEST(Devices, ErrorsNameTheLine) {
  std::string text = findDevice("trn1")->text;
  EXPECT_TRUE(parseDevice(text).ok());
  EXPECT_FALSE(parseDevice("").ok());
  EXPECT_FALSE(parseDevice(text + "\nfoo = 1 # assumed").ok());
  auto missing = parseDevice(text + "\npe_rows = 64");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().message().find("line"), absl::string_view::npos);
  EXPECT_FALSE(parseDevice(text + "\npe_rows = -1 # assumed").ok());
  EXPECT_FALSE(parseDevice(text + "\ntensor_ghz = nan # assumed").ok());
  EXPECT_FALSE(parseDevice(text + "\npartitions = 5000 # assumed").ok());
}

TEST(CostModel, FollowsPublishedFormulas) {
  CostModel trn1(*findDevice("trn1"));
  EXPECT_NEAR(trn1.matmulNs(128, 128, 512, DType::BF16), 512 / 2.8, 1e-9);
  EXPECT_NEAR(trn1.matmulNs(128, 128, 16, DType::BF16), 64 / 2.8, 1e-9);
  EXPECT_NEAR(trn1.matmulNs(128, 128, 512, DType::F32), 4 * 512 / 2.8, 1e-9);
  EXPECT_NEAR(trn1.activateNs(10), 64 / 1.4, 1e-9);
  EXPECT_LT(trn1.dmaNs(1 << 20, 4096), trn1.dmaNs(1 << 20, 256));
  EXPECT_GE(trn1.dmaNs(1 << 20, 1 << 20), (1 << 20) / 272.0);
}

} // namespace
} // namespace ncc::hw

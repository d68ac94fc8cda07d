// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The scheduler's view of memory against a plain array, and the accumulator banks.
#include "passes/memory/PsumBanks.h"
#include "passes/schedule/Headroom.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>

using namespace ncc;

TEST(Headroom, MatchesAPlainArray) {
  std::mt19937 random(7);
  for (size_t positions : {1, 2, 3, 7, 64, 100}) {
    constexpr int64_t kLimit = 1000;
    schedule::Headroom headroom(positions, kLimit);
    std::vector<int64_t> need(positions, 0);
    auto any = [&](size_t low, size_t high) { return low + random() % (high - low + 1); };
    for (int i = 0; i < 20; ++i) {
      size_t birth = any(0, positions - 1), death = any(birth, positions - 1);
      int64_t bytes = static_cast<int64_t>(any(1, 60));
      headroom.add(birth, death, bytes);
      for (size_t p = birth; p <= death; ++p) {
        need[p] += bytes;
      }
    }
    headroom.settle(0.5);
    for (int64_t &n : need) {
      n = std::min<int64_t>(n, kLimit / 2);
    }
    int refused = 0;
    for (int i = 0; i < 200; ++i) {
      size_t now = any(0, positions - 1), birth = any(now, positions - 1);
      int64_t bytes = static_cast<int64_t>(any(1, 200));
      int64_t most = birth > now ? *std::max_element(need.begin() + now, need.begin() + birth) : 0;
      bool fits = birth == now || most + bytes <= kLimit;
      ASSERT_EQ(headroom.fits(now, birth, bytes), fits) << positions << " positions, step " << i;
      refused += !fits;
      if (fits) {
        headroom.take(now, birth, bytes);
        for (size_t p = now; p < birth; ++p) {
          need[p] += bytes;
        }
      } else {
        headroom.give(now, birth, bytes);
        for (size_t p = now; p <= birth; ++p) {
          need[p] -= bytes;
        }
      }
    }
    EXPECT_TRUE(positions < 7 || refused > 0);
  }
}

TEST(PsumBanks, AreTakenInTurnAndNeverShareABank) {
  memory::PsumBanks banks(2, 2048);
  auto a = banks.take(2048), b = banks.take(1000);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->offset / 2048, 0);
  EXPECT_EQ(b->offset / 2048, 1);
  EXPECT_FALSE(banks.fits(1025)); // 1,024 bytes are left, in the second bank
  EXPECT_TRUE(banks.fits(1024));
  banks.give(a->offset, 2048);
  EXPECT_TRUE(banks.fits(2048));
  EXPECT_EQ(banks.peak(), 2048 + 1024);
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/api/Session.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

using namespace ncc;
using namespace ncc::test;

namespace {

/// x, copied to y, beside a scratch buffer of that size.
std::shared_ptr<neff::Model> withScratch(uint64_t bytes) {
  ModelBuilder b;
  uint16_t x = b.input("x", DType::F32, {4}), y = b.output("y", DType::F32, {4});
  b.scratch(bytes);
  b.copy(dram(y, DType::F32, 0, {{1, 4}}), dram(x, DType::F32, 0, {{1, 4}}));
  return b.model;
}

} // namespace

TEST(Session, OpensWhatFits) { EXPECT_TRUE(api::Session::open(withScratch(4096)).ok()); }

// Before anything is reserved: a file can say any number.
TEST(Session, RefusesMoreMemoryThanThereIs) {
  for (auto executor : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    api::SessionOptions options;
    options.executor = executor;
    auto session = api::Session::open(withScratch(uint64_t{1} << 55), options);
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.status().code(), absl::StatusCode::kResourceExhausted) << session.status();
  }
}

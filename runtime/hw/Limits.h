// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The largest device a description may describe. Readers of descriptions refuse what lies beyond, and executors size their
// buffers by the same constants, so that neither trusts the other.
#pragma once

#include <cstdint>

namespace ncc::hw {

inline constexpr int kMostPartitions = 128; // of SBUF and PSUM; an access pattern's are counted in 16 bits
inline constexpr int kMostArrayRows = 128;  // of the tensor engine: K of a matmul
inline constexpr int kMostArrayColumns = 128;
inline constexpr int kMostStationaryColumns = 128; // M of a matmul
inline constexpr int kMostMovingFree = 8192;       // N of a matmul
inline constexpr int64_t kMostSbufBytes = int64_t{4} << 20; // per partition
inline constexpr int64_t kMostPsumBytes = int64_t{1} << 20; // per partition
inline constexpr int kMostPsumBanks = 64;
inline constexpr int64_t kMostPsumBankBytes = int64_t{64} << 10;
inline constexpr int kMostSemaphores = 4096;
inline constexpr int kMostDmaQueues = 256; // an instruction's queue is a byte
inline constexpr int kMostCoresPerChip = 1024;

static_assert(int64_t{kMostMovingFree} * 4 <= kMostPsumBankBytes, "the widest result of a matmul fits one bank");

} // namespace ncc::hw

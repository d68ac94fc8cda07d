// Part of ncc, under the Apache License 2.0. See LICENSE.
#pragma once

namespace ncc::driver {

/// How many of `wanted` threads the system gives right now (a limit on processes, a full table). LLVM's pool ends the
/// process when it asks in vain, so the driver asks first; it works with none, too.
int threadsThatStart(int wanted);

} // namespace ncc::driver

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The one place where running out of memory, or of threads, becomes a status. Whoever lets others into the runtime calls through it:
// the session and its threads, the reader of files, the C API, the tools.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace ncc {

/// fn(), which gives a Status or a StatusOr; an allocation that fails in it, or a size that no container has, is ResourceExhausted.
template <typename Fn>
auto guarded(Fn &&fn) -> decltype(fn()) {
  try {
    return std::forward<Fn>(fn)();
  } catch (const std::bad_alloc &) {
    return absl::ResourceExhaustedError("there is not enough memory");
  } catch (const std::length_error &) {
    return absl::ResourceExhaustedError("there is not enough memory for something of that size");
  } catch (const std::system_error &error) { // a thread or a lock that the system does not give
    return absl::ResourceExhaustedError(absl::StrCat("the system gives no more threads: ", error.what()));
  }
}

} // namespace ncc

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the files behind the C API share: the handles' contents, errors and type codes.
#pragma once

#include "runtime/api/Session.h"
#include "runtime/api/nrt.h"

#include <string>

struct nrt_model {
  std::unique_ptr<ncc::api::Session> session;
};

namespace ncc::api {

/// Of the calling thread.
std::string &lastErrorText();
NRT_STATUS fail(NRT_STATUS code, const std::string &text);
NRT_STATUS fromStatus(const absl::Status &status, NRT_STATUS otherwise);
/// In a handler of everything that an entry point may throw: the code, NRT_RESOURCE when memory or threads are missing.
NRT_STATUS caught();
nrt_dtype_t dtypeCode(DType type);
std::optional<DType> dtypeOfCode(nrt_dtype_t code);

} // namespace ncc::api

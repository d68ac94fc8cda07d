// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The C face over the C++ one.
#include "compiler/api/ncc-c.h"

#include "compiler/api/ncc/compiler.h"

#include <cstdlib>
#include <cstring>

using namespace ncc;

void ncc_options_init(ncc_options *options) {
  *options = {};
  options->struct_size = sizeof *options;
  options->cores = 1;
  options->auto_cast = NCC_CAST_MATMULT;
  options->jobs = 1;
}

ncc_status ncc_compile_file(const char *model_path, const char *neff_path, const ncc_options *options, char **report) {
  ncc_options defaults;
  ncc_options_init(&defaults);
  if (!model_path || !neff_path || (options && options->struct_size != sizeof *options)) {
    return NCC_BAD_ARGUMENT;
  }
  const ncc_options &from = options ? *options : defaults;
  bool enums = from.parallel >= NCC_PARALLEL_AUTO && from.parallel <= NCC_PARALLEL_DATA && from.auto_cast >= NCC_CAST_NONE &&
               from.auto_cast <= NCC_CAST_ALL && from.auto_cast_type >= NCC_TYPE_BF16 && from.auto_cast_type <= NCC_TYPE_FP16;
  if (!enums || (from.shape_count && !from.shapes) || (from.dim_count && !from.dims) || (from.shape_bucket_count && !from.shape_buckets) ||
      (from.dim_bucket_count && !from.dim_buckets)) {
    return NCC_BAD_ARGUMENT;
  }
  api::CompileOptions to;
  to.target = from.target ? from.target : "trn1";
  to.cores = from.cores;
  to.parallel = static_cast<api::Parallel>(from.parallel);
  to.autoCast = static_cast<api::AutoCast>(from.auto_cast);
  to.autoCastType = static_cast<api::CastType>(from.auto_cast_type);
  to.quantizeInt8 = from.calibration_data != nullptr;
  to.calibrationData = from.calibration_data ? from.calibration_data : "";
  to.jobs = from.jobs;
  for (size_t i = 0; i < from.shape_count; ++i) {
    to.shapes[from.shapes[i].input] = {from.shapes[i].sizes, from.shapes[i].sizes + from.shapes[i].rank};
  }
  for (size_t i = 0; i < from.dim_count; ++i) {
    to.dims[from.dims[i].name] = from.dims[i].size;
  }
  for (size_t i = 0; i < from.shape_bucket_count; ++i) {
    to.shapeBuckets[from.shape_buckets[i].name] = from.shape_buckets[i].sizes;
  }
  for (size_t i = 0; i < from.dim_bucket_count; ++i) {
    to.dimBuckets[from.dim_buckets[i].name] = from.dim_buckets[i].sizes;
  }
  to.pad = from.exact_only == 0;
  api::CompileResult result = api::compile(model_path, neff_path, to, [&](const api::Message &message) {
    if (from.on_message) {
      ncc_message plain = {static_cast<ncc_severity>(message.severity), message.code.c_str(), message.node.c_str(), message.text.c_str(),
                           message.advice.c_str()};
      from.on_message(&plain, from.user);
    }
  });
  if (report) {
    *report = result ? strdup(result.report.c_str()) : nullptr;
  }
  return result ? NCC_OK : NCC_FAILED;
}

void ncc_free(char *text) { std::free(text); }
const char *ncc_version(void) { return api::version(); }

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Any bytes as a NEFF: the reader refuses them with a status, or gives a model that both executors can be made for.
#include "runtime/api/Session.h"
#include "runtime/neff/Reader.h"

using namespace ncc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto copy = std::make_shared<std::vector<uint8_t>>(data, data + size);
  neff::ReadOptions read;
  read.checkWeightHash = false; // a fuzzer finds no hash
  absl::StatusOr<neff::Model> model = neff::readModel(neff::Bytes(copy->data(), copy->size()), copy, read);
  if (!model.ok()) {
    return 0;
  }
  auto shared = std::make_shared<const neff::Model>(*std::move(model));
  for (api::ExecutorKind kind : {api::ExecutorKind::Host, api::ExecutorKind::Precise}) {
    api::SessionOptions options;
    options.executor = kind;
    (void)api::Session::open(shared, options);
  }
  return 0;
}

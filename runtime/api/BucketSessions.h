// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A loaded model with buckets: chooses one by the inputs' shapes, pads inputs with zeros, fills masks, and cuts outputs to
// their true shapes. A bucket is prepared for execution when it is first used.
#pragma once

#include "runtime/neff/Buckets.h"

#include <functional>
#include <memory>
#include <mutex>

namespace ncc::api {

class Session;

class BucketSessions {
public:
  using Open = std::function<absl::StatusOr<std::unique_ptr<Session>>(std::shared_ptr<const neff::Model>)>;
  BucketSessions(std::shared_ptr<const neff::Model> model, Open open);
  ~BucketSessions();

  /// Thread safe.
  absl::StatusOr<Session *> session(size_t bucket);
  struct Prepared {
    size_t bucket = 0;
    const neff::PaddedShapes *padded = nullptr;
    std::vector<ops::Value> inputs;
  };
  absl::StatusOr<Prepared> prepare(absl::Span<const ops::Value> inputs) const;
  static void cut(const Prepared &prepared, std::vector<ops::Value> &outputs);
  std::string describe() const;

private:
  struct Place {
    std::mutex lock;
    std::unique_ptr<Session> session;
  };
  std::shared_ptr<const neff::Model> model;
  Open open;
  neff::BucketTable table;
  std::vector<Place> places;
};

/// `tensor` in a corner of zeros of shape `full`, and back: its first elements along every dim.
Tensor padTensor(const Tensor &tensor, const Shape &full);
Tensor cutTensor(const Tensor &tensor, const Shape &shape);

} // namespace ncc::api

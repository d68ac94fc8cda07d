// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/api/BucketSessions.h"

#include "runtime/api/Session.h"

#include <algorithm>
#include <cstring>

namespace ncc::api {

namespace {

/// Copies the corner of shape `box` that two tensors share.
void copyBox(const Tensor &from, Tensor &to, const Shape &box) {
  const int64_t count = numElements(box);
  if (count == 0) {
    return;
  }
  const size_t element = dtypeSize(from.dtype());
  const int64_t run = box.empty() ? 1 : box.back();
  const auto *source = static_cast<const uint8_t *>(from.data());
  auto *target = static_cast<uint8_t *>(to.mutableData());
  std::vector<int64_t> index(box.size(), 0);
  for (int64_t row = 0; row < count / run; ++row) {
    int64_t at = 0, into = 0;
    for (size_t d = 0; d < box.size(); ++d) {
      at = at * from.shape()[d] + index[d];
      into = into * to.shape()[d] + index[d];
    }
    std::memcpy(target + static_cast<size_t>(into) * element, source + static_cast<size_t>(at) * element, static_cast<size_t>(run) * element);
    for (size_t d = box.size(); d-- > 1;) { // the next row: all dims but the last count
      if (++index[d - 1] < box[d - 1]) {
        break;
      }
      index[d - 1] = 0;
    }
  }
}

} // namespace

Tensor padTensor(const Tensor &tensor, const Shape &full) {
  Tensor padded(tensor.dtype(), full);
  std::memset(padded.mutableData(), 0, padded.byteSize());
  copyBox(tensor, padded, tensor.shape());
  return padded;
}

Tensor cutTensor(const Tensor &tensor, const Shape &shape) {
  Tensor smaller(tensor.dtype(), shape);
  copyBox(tensor, smaller, shape);
  return smaller;
}

BucketSessions::BucketSessions(std::shared_ptr<const neff::Model> model, Open open)
    : model(std::move(model)), open(std::move(open)), table(*this->model), places(this->model->buckets.size()) {}

BucketSessions::~BucketSessions() = default;

absl::StatusOr<Session *> BucketSessions::session(size_t bucket) {
  if (bucket >= places.size()) {
    return absl::InvalidArgumentError("there is no bucket " + std::to_string(bucket));
  }
  Place &place = places[bucket];
  std::lock_guard<std::mutex> guard(place.lock);
  if (!place.session) {
    absl::StatusOr<std::unique_ptr<Session>> opened = open(std::shared_ptr<const neff::Model>(model, &model->buckets[bucket]));
    if (!opened.ok()) {
      return opened.status();
    }
    place.session = *std::move(opened);
  }
  return place.session.get();
}

absl::StatusOr<BucketSessions::Prepared> BucketSessions::prepare(absl::Span<const ops::Value> inputs) const {
  if (inputs.size() != model->inputs.size()) {
    return absl::InvalidArgumentError("the model has " + std::to_string(model->inputs.size()) + " inputs, " + std::to_string(inputs.size()) + " were given");
  }
  std::vector<Shape> shapes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueType type = model->typeOfInput(i);
    if (inputs[i].kind() != type.kind || (inputs[i].isTensor() && inputs[i].tensor().dtype() != type.dtype)) {
      return absl::InvalidArgumentError("input " + model->inputs[i].name + " is " + type.str() + ", not " + typeOf(inputs[i]).str());
    }
    shapes.push_back(inputs[i].isTensor() ? inputs[i].tensor().shape() : Shape());
  }
  absl::StatusOr<neff::BucketTable::Choice> choice = table.choose(shapes);
  if (!choice.ok()) {
    return choice.status();
  }
  const neff::Model &bucket = model->buckets[choice->bucket];
  Prepared prepared{choice->bucket, choice->padded, {}};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool whole = !inputs[i].isTensor() || inputs[i].tensor().shape() == bucket.inputs[i].shape;
    prepared.inputs.push_back(whole ? inputs[i] : ops::Value(padTensor(inputs[i].tensor(), bucket.inputs[i].shape)));
  }
  for (size_t i = inputs.size(); i < bucket.inputs.size(); ++i) {
    Tensor mask(DType::Bool, bucket.inputs[i].shape);
    const int64_t length = choice->padded ? choice->padded->lengths[i - inputs.size()] : mask.size();
    for (int64_t k = 0; k < mask.size(); ++k) {
      mask.setInt(k, k < length);
    }
    prepared.inputs.emplace_back(std::move(mask));
  }
  return prepared;
}

void BucketSessions::cut(const Prepared &prepared, std::vector<ops::Value> &outputs) {
  for (size_t i = 0; prepared.padded && i < outputs.size() && i < prepared.padded->outputs.size(); ++i) {
    if (!outputs[i].isTensor()) {
      continue;
    }
    Shape shape = prepared.padded->outputs[i];
    for (size_t d = 0; d < shape.size(); ++d) {
      shape[d] = shape[d] < 0 ? outputs[i].tensor().shape()[d] : shape[d];
    }
    if (shape != outputs[i].tensor().shape()) {
      outputs[i] = cutTensor(outputs[i].tensor(), shape);
    }
  }
}

std::string BucketSessions::describe() const {
  std::string text;
  for (size_t i = 0; i < places.size(); ++i) {
    text += places[i].session ? "bucket " + std::to_string(i) + "\n" + places[i].session->describe() : "";
  }
  return text;
}

} // namespace ncc::api

// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Buckets.h"

#include <algorithm>
#include <set>

namespace ncc::neff {

namespace {

absl::Status bad(const std::string &what) { return absl::InvalidArgumentError(what); }

/// Type of a tensor over all buckets, which `get` takes from one of them.
template <typename Get>
ValueType joined(const std::vector<Model> &buckets, Get &&get) {
  ValueType type = get(buckets.front());
  for (const Model &bucket : buckets) {
    type = join(type, get(bucket));
  }
  return type;
}

/// The shapes of the inputs a caller gives: without the bucket's masks.
std::vector<Shape> shapesOf(const Model &bucket, size_t inputs) {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < inputs; ++i) {
    shapes.push_back(bucket.inputs[i].shape);
  }
  return shapes;
}

bool sameTensors(const std::vector<TensorInfo> &whole, const std::vector<TensorInfo> &part) {
  for (size_t i = 0; i < whole.size(); ++i) {
    if (part[i].name != whole[i].name || part[i].dtype != whole[i].dtype) {
      return false;
    }
  }
  return true;
}

bool within(const Shape &shape, const Shape &full) {
  bool fits = shape.size() == full.size();
  for (size_t d = 0; fits && d < shape.size(); ++d) {
    fits = shape[d] >= 0 && shape[d] <= full[d];
  }
  return fits;
}

/// An output's true shape: within what the bucket returns, as far as that is known.
bool withinOutput(const Shape &shape, const ValueType &type) {
  if (!type.isTensor() || !type.ranked) {
    return !type.isTensor() && shape.empty();
  }
  bool fits = shape.size() == type.shape.size();
  for (size_t d = 0; fits && d < shape.size(); ++d) {
    fits = type.shape[d] < 0 ? shape[d] == -1 : shape[d] >= 0 && shape[d] <= type.shape[d];
  }
  return fits;
}

absl::Status checkPadded(const Model &model, const Model &bucket) {
  const size_t inputs = model.inputs.size();
  for (const PaddedShapes &row : bucket.padded) {
    bool fits = row.inputs.size() == inputs && row.outputs.size() == model.outputs.size() && row.lengths.size() == bucket.inputs.size() - inputs;
    for (size_t i = 0; fits && i < inputs; ++i) {
      fits = bucket.typeOfInput(i).isTensor() && within(row.inputs[i], bucket.inputs[i].shape) &&
             (bucket.inputs[i].dtype != DType::String || row.inputs[i] == bucket.inputs[i].shape);
    }
    for (size_t i = 0; fits && i < row.outputs.size(); ++i) {
      fits = withinOutput(row.outputs[i], bucket.typeOfOutput(i));
    }
    for (size_t i = 0; fits && i < row.lengths.size(); ++i) {
      fits = row.lengths[i] >= 0 && row.lengths[i] <= bucket.inputs[inputs + i].shape[0];
    }
    if (!fits) {
      return bad("a padded shape does not fit its bucket");
    }
  }
  return absl::OkStatus();
}

absl::Status checkBucket(const Model &model, const Model &bucket) {
  if (!bucket.buckets.empty()) {
    return bad("a bucket has buckets of its own");
  }
  if (bucket.inputs.size() < model.inputs.size() || bucket.outputs.size() != model.outputs.size() || !sameTensors(model.inputs, bucket.inputs) ||
      !sameTensors(model.outputs, bucket.outputs)) {
    return bad("its tensors are not the model's");
  }
  if (absl::Status status = verifyModel(bucket); !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < bucket.inputs.size(); ++i) {
    const ValueType type = bucket.typeOfInput(i);
    if (type.isTensor() ? !type.isStatic() || type.shape != bucket.inputs[i].shape : i >= model.inputs.size()) {
      return bad("an input has no shape of its own");
    }
    if (i >= model.inputs.size() && (bucket.inputs[i].dtype != DType::Bool || bucket.inputs[i].shape.size() != 1)) {
      return bad("a mask is no vector of bools");
    }
  }
  return checkPadded(model, bucket);
}

} // namespace

ValueType Model::typeOfInput(size_t i) const {
  if (!buckets.empty()) {
    return joined(buckets, [&](const Model &bucket) { return bucket.typeOfInput(i); });
  }
  return hasPlan() ? plan.values[plan.main.arguments[i]].type : ValueType::tensor(inputs[i].dtype, inputs[i].shape);
}

ValueType Model::typeOfOutput(size_t i) const {
  if (!buckets.empty()) {
    return joined(buckets, [&](const Model &bucket) { return bucket.typeOfOutput(i); });
  }
  return hasPlan() ? plan.values[plan.main.results[i]].type : ValueType::tensor(outputs[i].dtype, outputs[i].shape);
}

absl::Status verifyBuckets(const Model &model) {
  if (!model.programs.empty() || model.hasPlan() || !model.segments.empty()) {
    return bad("a model with buckets has its programs in them");
  }
  std::set<std::vector<Shape>> known;
  for (size_t i = 0; i < model.buckets.size(); ++i) {
    const Model &bucket = model.buckets[i];
    if (absl::Status status = checkBucket(model, bucket); !status.ok()) {
      return bad("bucket " + std::to_string(i) + ": " + std::string(status.message()));
    }
    bool fresh = known.insert(shapesOf(bucket, model.inputs.size())).second;
    for (const PaddedShapes &row : bucket.padded) {
      fresh &= known.insert(row.inputs).second;
    }
    if (!fresh) {
      return bad("bucket " + std::to_string(i) + " serves shapes that are served already");
    }
  }
  return absl::OkStatus();
}

BucketTable::BucketTable(const Model &model) : model(model) {
  for (size_t i = 0; i < model.buckets.size(); ++i) {
    choices[shapesOf(model.buckets[i], model.inputs.size())] = {i, nullptr};
    for (const PaddedShapes &row : model.buckets[i].padded) {
      choices[row.inputs] = {i, &row};
    }
  }
}

std::string BucketTable::shapesText(const std::vector<Shape> &inputs) const {
  std::string text;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueType type = model.typeOfInput(i);
    if (type.isTensor() && !(type.isStatic() && type.shape == inputs[i])) { // what is the same in all buckets says nothing
      text += (text.empty() ? "" : " ") + model.inputs[i].name + "=" + shapeString(inputs[i]);
    }
  }
  return text.empty() ? "no input" : text;
}

std::string BucketTable::allowed() const {
  constexpr size_t kMost = 8;
  std::string text;
  size_t padded = 0;
  for (size_t i = 0; i < model.buckets.size(); ++i) {
    text += i < kMost ? (i ? ", " : "") + shapesText(shapesOf(model.buckets[i], model.inputs.size())) : "";
    padded += model.buckets[i].padded.size();
  }
  text += model.buckets.size() > kMost ? " and " + std::to_string(model.buckets.size() - kMost) + " more" : "";
  return text + (padded ? "; padded to one of these, " + std::to_string(padded) + " smaller ones" : "");
}

absl::StatusOr<BucketTable::Choice> BucketTable::choose(const std::vector<Shape> &inputs) const {
  auto it = choices.find(inputs);
  if (it != choices.end()) {
    return it->second;
  }
  std::string why;
  for (size_t i = 0; i < model.buckets.size() && why.empty(); ++i) {
    bool holds = true;
    for (size_t k = 0; k < inputs.size() && k < model.inputs.size(); ++k) {
      holds &= within(inputs[k], model.buckets[i].inputs[k].shape);
    }
    why = holds && !model.buckets[i].unpadded.empty() ? " (it is not padded to a larger one: " + model.buckets[i].unpadded + ")" : why;
  }
  return absl::NotFoundError("the model was not compiled for " + shapesText(inputs) + ", but for " + allowed() + why);
}

} // namespace ncc::neff

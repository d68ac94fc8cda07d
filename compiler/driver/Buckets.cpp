// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Axes are what may vary by itself: a symbol, or a dimension without a name. Their sizes, and the data sets given, span the
// buckets.
#include "compiler/driver/Buckets.h"

#include "compiler/driver/Inputs.h"
#include "compiler/frontend/onnx/InputShapes.h"
#include "compiler/frontend/onnx/DimFormula.h"
#include "compiler/frontend/onnx/Model.h"

#include <algorithm>
#include <set>

using namespace ncc;
using namespace ncc::driver;

namespace {

struct Axis {
  Sizes sizes;
  bool symbol = false; // the key is the name of a symbolic dimension
  std::vector<std::pair<std::string, size_t>> places; // input and dim
};

class Enumerator {
public:
  Enumerator(const frontend::Model &model, const Options &options, DiagnosticEngine &diagnostics)
      : model(model), options(options), diagnostics(diagnostics) {}

  std::optional<std::vector<Options>> run() {
    Options plain = options;
    plain.shapeBuckets.clear();
    plain.dimBuckets.clear();
    plain.shapesFrom.clear();
    bool good = addShapes(plain) && addDims(plain);
    std::optional<std::vector<Options>> list = good ? dataSets(plain) : std::nullopt;
    if (!list || !checkCount(list->size())) {
      return std::nullopt;
    }
    for (const auto &[name, axis] : axes) {
      std::vector<Options> longer;
      for (const Options &one : *list) {
        for (int64_t size : axis.sizes) {
          longer.push_back(one);
          bind(longer.back(), name, axis, size);
        }
      }
      *list = std::move(longer);
    }
    return list->size() == 1 ? list : bound(*list);
  }

private:
  /// The symbol of an input's dimension, or a name of its own.
  std::string keyOf(const std::string &input, size_t dim, bool &symbol) const {
    symbol = false;
    for (const onnx::ValueInfoProto &info : model.proto().graph().input()) {
      const auto &dims = info.type().tensor_type().shape().dim();
      if (info.name() == input && static_cast<int>(dim) < dims.size()) {
        const std::string &name = dims[static_cast<int>(dim)].dim_param();
        symbol = !frontend::namesNothing(name);
        return symbol ? name : input + "#" + std::to_string(dim);
      }
    }
    return input + "#" + std::to_string(dim);
  }

  bool addAxis(const std::string &key, const Sizes &sizes, bool symbol) {
    auto [it, fresh] = axes.try_emplace(key, Axis{sizes, symbol, {}});
    if (!fresh && it->second.sizes != sizes) {
      diagnostics.report(Code::ShapeMismatch, "dimension '" + key + "' would have the sizes " + sizesText(it->second.sizes) + " and " + sizesText(sizes), {}, {},
                         "give the same sizes wherever the dimension appears, or only once with --dim " + key + "=" + sizesText(sizes));
      return false;
    }
    return true;
  }

  bool addShapes(Options &plain) {
    for (const auto &[input, shape] : options.shapeBuckets) {
      std::vector<int64_t> first;
      for (size_t dim = 0; dim < shape.size(); ++dim) {
        first.push_back(shape[dim].front());
        if (shape[dim].size() == 1) {
          continue;
        }
        bool symbol = false;
        const std::string key = keyOf(input, dim, symbol);
        if (!addAxis(key, shape[dim], symbol)) {
          return false;
        }
        axes[key].places.emplace_back(input, dim);
      }
      plain.shapes[input] = first;
    }
    return true;
  }

  bool addDims(Options &plain) {
    for (const auto &[name, sizes] : options.dimBuckets) {
      if (sizes.size() == 1) {
        plain.dims[name] = sizes.front();
      } else if (!addAxis(name, sizes, true)) {
        return false;
      }
    }
    return true;
  }

  static void bind(Options &one, const std::string &name, const Axis &axis, int64_t size) {
    for (const auto &[input, dim] : axis.places) {
      one.shapes[input][dim] = size;
    }
    if (axis.symbol) {
      one.dims[name] = size;
    }
  }

  /// One set of options per different data set, or only `plain`.
  std::optional<std::vector<Options>> dataSets(const Options &plain) {
    std::vector<Options> list;
    std::set<std::map<std::string, std::vector<int64_t>>> known;
    for (const std::string &folder : options.shapesFrom) {
      for (const std::string &set : setsIn(folder)) {
        Options one = plain;
        if (!shapesFromFolder(set, model, one.shapes, diagnostics)) {
          return std::nullopt;
        }
        if (known.insert(one.shapes).second) {
          list.push_back(std::move(one));
        }
      }
    }
    return list.empty() ? std::vector<Options>{plain} : list;
  }

  bool checkCount(size_t sets) {
    double count = static_cast<double>(sets);
    for (const auto &[name, axis] : axes) {
      count *= static_cast<double>(axis.sizes.size());
    }
    if (count > static_cast<double>(kMostBuckets)) {
      diagnostics.report(Code::TooManyBuckets, "the shapes given make " + std::to_string(static_cast<int64_t>(std::min(count, 1e15))) + " buckets, at most " +
                                                   std::to_string(kMostBuckets) + " are possible");
      return false;
    }
    return true;
  }

  /// Complete shapes of all inputs; smallest first, each once.
  std::optional<std::vector<Options>> bound(std::vector<Options> &list) {
    std::vector<const onnx::ValueInfoProto *> inputs;
    for (const onnx::ValueInfoProto *input : model.openInputs()) {
      if (input->type().has_tensor_type()) {
        inputs.push_back(input);
      }
    }
    std::map<std::pair<int64_t, std::vector<Shape>>, Options> bySize;
    for (Options &one : list) {
      DiagnosticEngine scratch; // notes would come once per bucket
      std::optional<std::vector<Shape>> shapes = frontend::bindInputShapes(inputs, {one.shapes, one.dims, one.dimFormulas}, scratch);
      for (const Diagnostic &diagnostic : !shapes || &one == &list.front() ? scratch.all() : std::vector<Diagnostic>()) {
        diagnostics.report(diagnostic);
      }
      if (!shapes) {
        return std::nullopt;
      }
      int64_t elements = 0;
      for (size_t i = 0; i < inputs.size(); ++i) {
        one.shapes[inputs[i]->name()] = {(*shapes)[i].begin(), (*shapes)[i].end()};
        elements += numElements((*shapes)[i]);
      }
      one.dims.clear();
      one.dimFormulas.clear();
      bySize.emplace(std::pair(elements, *shapes), std::move(one));
    }
    std::vector<Options> sorted;
    for (auto &[key, one] : bySize) {
      sorted.push_back(std::move(one));
    }
    return sorted;
  }

  const frontend::Model &model;
  const Options &options;
  DiagnosticEngine &diagnostics;
  std::map<std::string, Axis> axes;
};

} // namespace

std::optional<std::vector<Options>> driver::bucketOptions(const frontend::Model &model, const Options &options, DiagnosticEngine &diagnostics) {
  return Enumerator(model, options, diagnostics).run();
}

std::optional<Options> driver::onlyOptions(const frontend::Model &model, const Options &options, const std::string &command, DiagnosticEngine &diagnostics) {
  std::optional<std::vector<Options>> list = bucketOptions(model, options, diagnostics);
  if (list && list->size() > 1) {
    diagnostics.report(Code::BadOption, command + " works on one set of shapes, the options name " + std::to_string(list->size()), {}, {},
                       "name one with --shape, --dim or --shapes-from");
    return std::nullopt;
  }
  return list ? std::optional(list->front()) : std::nullopt;
}

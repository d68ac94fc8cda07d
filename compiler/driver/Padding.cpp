// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/driver/Padding.h"

#include "compiler/driver/Phases.h"
#include "compiler/frontend/onnx/DimFormula.h"
#include "compiler/frontend/onnx/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace mlir;
using namespace ncc;
using namespace ncc::driver;

namespace {

using SizeVector = std::vector<int64_t>; // one size per axis
using Place = std::pair<std::string, size_t>; // input and dim

constexpr size_t kShapesPerContext = 32; // a context never forgets a constant
constexpr double kMostCandidates = 1 << 20;

/// What varies between buckets, and the buckets in those terms.
struct Axes {
  std::vector<std::vector<Place>> places;
  std::vector<SizeVector> buckets;
  std::vector<std::pair<Place, std::string>> derived; // dims that follow from others, by a formula of their symbols
  bool sameRanks = true;
};

std::string symbolOf(const frontend::Model &model, const Place &place) {
  for (const onnx::ValueInfoProto *input : model.openInputs()) {
    const auto &dims = input->type().tensor_type().shape().dim();
    if (input->name() == place.first && static_cast<int>(place.second) < dims.size()) {
      const std::string &name = dims[static_cast<int>(place.second)].dim_param();
      return frontend::namesNothing(name) ? "" : name;
    }
  }
  return "";
}

/// What a symbolic dim follows from; nothing for one that varies by itself, or follows from what no input shows.
std::string derivation(const std::string &symbol, const Options &options, const std::set<std::string> &symbols) {
  const std::string &formula = frontend::formulaOf(symbol, options.dimFormulas);
  const std::vector<std::string> names = frontend::namesInDim(formula);
  const bool follows = !names.empty() && std::all_of(names.begin(), names.end(), [&](const std::string &name) { return name != symbol && symbols.count(name); });
  return follows ? formula : "";
}

Axes axesOf(const frontend::Model &model, const std::vector<Options> &buckets, const Options &options) {
  Axes axes;
  axes.buckets.resize(buckets.size());
  std::set<std::string> symbols;
  for (const onnx::ValueInfoProto *input : model.openInputs()) {
    for (const auto &dim : input->type().tensor_type().shape().dim()) {
      symbols.insert(dim.dim_param());
    }
  }
  std::map<std::pair<std::string, SizeVector>, size_t> known;
  for (const auto &[input, shape] : buckets.front().shapes) {
    for (const Options &bucket : buckets) {
      axes.sameRanks &= bucket.shapes.at(input).size() == shape.size();
    }
    for (size_t dim = 0; axes.sameRanks && dim < shape.size(); ++dim) {
      SizeVector sizes;
      for (const Options &bucket : buckets) {
        sizes.push_back(bucket.shapes.at(input)[dim]);
      }
      if (std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == sizes.front(); })) {
        continue;
      }
      // Unnamed dimensions at the same place that always agree are taken for one: batches, mostly.
      const std::string symbol = symbolOf(model, {input, dim});
      if (std::string formula = derivation(symbol, options, symbols); !formula.empty()) {
        axes.derived.push_back({{input, dim}, std::move(formula)});
        continue;
      }
      auto [it, fresh] = known.try_emplace({symbol.empty() ? absl::StrCat("#", dim) : symbol, sizes}, axes.places.size());
      if (fresh) {
        axes.places.emplace_back();
        for (size_t b = 0; b < buckets.size(); ++b) {
          axes.buckets[b].push_back(sizes[b]);
        }
      }
      axes.places[it->second].emplace_back(input, dim);
    }
  }
  return axes;
}

bool holds(const SizeVector &bucket, const SizeVector &sizes) {
  for (size_t a = 0; a < sizes.size(); ++a) {
    if (sizes[a] > bucket[a]) {
      return false;
    }
  }
  return true;
}

/// The sizes for which bucket `b` is the first that holds them, nearest first; of very many only those close to it.
std::vector<SizeVector> candidates(const Axes &axes, size_t b, size_t budget) {
  const SizeVector &top = axes.buckets[b];
  double all = 1;
  for (int64_t size : top) {
    all *= static_cast<double>(size);
  }
  const bool near = all > kMostCandidates;
  const auto width = static_cast<int64_t>(std::pow(static_cast<double>(budget) + 1, 1.0 / static_cast<double>(top.size()))) + 1;
  std::vector<SizeVector> list;
  SizeVector sizes = top;
  for (bool more = true; more;) {
    bool taken = false;
    for (size_t other = 0; other < axes.buckets.size(); ++other) {
      taken |= axes.buckets[other] == sizes || (other < b && holds(axes.buckets[other], sizes));
    }
    if (!taken) {
      list.push_back(sizes);
    }
    more = false;
    for (size_t a = sizes.size(); a-- > 0 && !more;) { // the next vector below
      const int64_t least = near ? std::max<int64_t>(1, top[a] - width) : 1;
      more = sizes[a] > least;
      sizes[a] = more ? sizes[a] - 1 : top[a];
    }
  }
  auto volume = [](const SizeVector &v) {
    double product = 1;
    for (int64_t size : v) {
      product *= static_cast<double>(size);
    }
    return product;
  };
  std::stable_sort(list.begin(), list.end(), [&](const SizeVector &x, const SizeVector &y) { return volume(x) > volume(y); });
  return list;
}

/// A bucket's program, imported again now and then.
class Prover {
public:
  Prover(const frontend::Model &model, const Options &bucket, const Axes &axes) : model(model), bucket(bucket), axes(axes) {}

  padding::Relation relate(const SizeVector &sizes, std::vector<Shape> &inputs) {
    if (!context || used++ % kShapesPerContext == 0) {
      large = nullptr;
      handler.reset();
      context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
      loadAllDialects(*context);
      handler = std::make_unique<ScopedDiagnosticHandler>(context.get(), [](mlir::Diagnostic &) { return success(); });
      std::string ignored;
      large = import(bucket, ignored);
    }
    Options one = bucket;
    for (size_t a = 0; a < sizes.size(); ++a) {
      for (const Place &place : axes.places[a]) {
        one.shapes[place.first][place.second] = sizes[a];
      }
    }
    padding::Relation relation;
    if (!derive(one, relation.refusal)) {
      return relation;
    }
    for (const onnx::ValueInfoProto *input : model.openInputs()) {
      auto it = one.shapes.find(input->name());
      inputs.push_back(it == one.shapes.end() ? Shape() : Shape(it->second.begin(), it->second.end()));
    }
    OwningOpRef<ModuleOp> small = import(one, relation.refusal);
    return large && small ? padding::relate(mainOf(*large), mainOf(*small)) : relation;
  }

private:
  /// Sizes of the dims that follow from others.
  bool derive(Options &one, std::string &problem) const {
    std::map<std::string, int64_t> symbols;
    for (const auto &[input, shape] : one.shapes) {
      for (size_t dim = 0; dim < shape.size(); ++dim) {
        symbols.emplace(symbolOf(model, {input, dim}), shape[dim]);
      }
    }
    for (const auto &[place, formula] : axes.derived) {
      std::optional<int64_t> size = frontend::evaluateDim(formula, symbols);
      if (!size) {
        problem = "dimension " + std::to_string(place.second) + " of input '" + place.first + "' cannot be '" + formula + "' at that size";
        return false;
      }
      one.shapes[place.first][place.second] = *size;
    }
    return true;
  }

  static func::FuncOp mainOf(ModuleOp module) { return module.lookupSymbol<func::FuncOp>("main"); }

  OwningOpRef<ModuleOp> import(const Options &options, std::string &problem) {
    ncc::DiagnosticEngine scratch;
    OwningOpRef<ModuleOp> module = driver::importModel(*context, model, options, scratch);
    for (const ncc::Diagnostic &diagnostic : scratch.all()) {
      const bool error = diagnostic.severity == Severity::Error && problem.empty();
      problem = error ? "the model cannot be imported at that size: " + diagnostic.message : problem;
    }
    return module;
  }

  const frontend::Model &model;
  const Options &bucket;
  const Axes &axes;
  std::unique_ptr<MLIRContext> context;
  std::unique_ptr<ScopedDiagnosticHandler> handler;
  OwningOpRef<ModuleOp> large;
  size_t used = 0;
};

/// Tries the candidates; gives up when neither the nearest, the middle nor the last can be padded.
void prove(Prover &prover, std::vector<SizeVector> list, size_t budget, BucketPadding &result) {
  const size_t total = list.size();
  list.resize(std::min(total, budget));
  std::vector<size_t> order;
  for (size_t probe : {size_t{0}, list.size() / 2, list.size() - 1}) {
    if (probe < list.size() && std::find(order.begin(), order.end(), probe) == order.end()) {
      order.push_back(probe);
    }
  }
  const size_t probes = order.size();
  for (size_t i = 0; i < list.size(); ++i) {
    if (std::find(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(probes), i) == order.begin() + static_cast<std::ptrdiff_t>(probes)) {
      order.push_back(i);
    }
  }
  for (size_t i = 0; i < order.size() && (i != probes || !result.shapes.empty()); ++i) {
    std::vector<Shape> inputs;
    padding::Relation relation = prover.relate(list[order[i]], inputs);
    if (relation.proven() && result.masks.add(relation)) {
      result.shapes.push_back({std::move(inputs), std::move(relation.outputs), {}});
    } else if (result.unpadded.empty()) {
      result.unpadded = relation.proven() ? "smaller shapes need other values in one place" : relation.refusal;
    }
  }
  if (result.unpadded.empty() && total > list.size()) {
    result.unpadded = "of " + std::to_string(total) + " smaller shapes the " + std::to_string(list.size()) + " nearest were tried (--pad-shapes)";
  }
}

} // namespace

std::vector<BucketPadding> driver::provePadding(const frontend::Model &model, const std::vector<Options> &buckets, const Options &options) {
  std::vector<BucketPadding> results(buckets.size());
  const Axes axes = axesOf(model, buckets, options);
  auto left = static_cast<size_t>(std::max(0, options.padShapes));
  for (size_t b = 0; b < buckets.size(); ++b) {
    BucketPadding &result = results[b];
    if (!options.pad || left == 0 || !axes.sameRanks || axes.places.empty()) {
      result.unpadded = options.pad && left > 0 ? "inputs have other ranks in other buckets" : "padding is turned off";
      continue;
    }
    const size_t budget = left / (buckets.size() - b);
    std::vector<SizeVector> list = candidates(axes, b, budget);
    left -= std::min(budget, list.size());
    if (!list.empty()) {
      Prover prover(model, buckets[b], axes);
      prove(prover, std::move(list), budget, result);
    }
  }
  return results;
}

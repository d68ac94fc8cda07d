// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/InputShapes.h"

#include "compiler/frontend/onnx/DimFormula.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include <set>

namespace ncc::frontend {

namespace {

constexpr int64_t kOpen = -1;

class Binder {
public:
  Binder(const ImportOptions &options, DiagnosticEngine &diagnostics) : options(options), diagnostics(diagnostics) {}

  std::optional<std::vector<Shape>> run(const std::vector<const onnx::ValueInfoProto *> &inputs) {
    symbols = options.dims;
    std::set<std::string> names, dims;
    for (const onnx::ValueInfoProto *input : inputs) {
      names.insert(input->name());
      for (const auto &dim : input->type().tensor_type().shape().dim()) {
        dims.insert(dim.dim_param());
        addNames(dim.dim_param(), dims);
      }
      applyOption(*input);
    }
    for (const auto &[name, formula] : options.dimFormulas) {
      if (!dims.count(name)) {
        error(Code::UnknownName, absl::StrCat("no input has a symbolic dimension '", name, "'"));
      }
      addNames(formula, dims);
    }
    for (const auto &[name, shape] : options.shapes) {
      if (!names.count(name)) {
        error(Code::UnknownName, absl::StrCat("the model has no input '", name, "'; its inputs are ",
                                              absl::StrJoin(names, ", ")));
      }
    }
    for (const auto &[name, size] : options.dims) {
      if (!dims.count(name)) {
        error(Code::UnknownName, absl::StrCat("no input has a symbolic dimension '", name, "'"));
      } else if (size < 0) {
        error(Code::ShapeMismatch, absl::StrCat("dimension '", name, "' cannot have size ", size));
      }
    }
    std::vector<Shape> shapes;
    for (const onnx::ValueInfoProto *input : inputs) {
      shapes.push_back(bind(*input));
      __int128 elements = 1;
      for (int64_t dim : shapes.back()) {
        elements = std::min<__int128>(elements * dim, kMostElements + 1);
      }
      if (elements > kMostElements) {
        error(Code::ShapeMismatch, absl::StrCat("input '", input->name(), "' of shape ", shapeString(shapes.back()), " is larger than any device's memory"));
      }
    }
    return good ? std::optional(shapes) : std::nullopt;
  }

private:
  static constexpr int64_t kMostElements = int64_t{1} << 40;

  static void addNames(const std::string &formula, std::set<std::string> &names) {
    for (std::string &name : namesInDim(formula)) {
      names.insert(std::move(name));
    }
  }

  void error(Code code, std::string message, std::string advice = {}) {
    good = false;
    diagnostics.report(code, std::move(message), {}, {}, std::move(advice));
  }

  /// A shape option fixes the symbols of its input for all the others.
  void applyOption(const onnx::ValueInfoProto &input) {
    auto given = options.shapes.find(input.name());
    if (given == options.shapes.end()) {
      return;
    }
    const onnx::TensorShapeProto &shape = input.type().tensor_type().shape();
    bool ranked = input.type().tensor_type().has_shape();
    if (ranked && shape.dim_size() != static_cast<int>(given->second.size())) {
      error(Code::ShapeMismatch, absl::StrCat("input '", input.name(), "' has ", shape.dim_size(),
                                              " dimensions, the given shape has ", given->second.size()));
      return;
    }
    for (size_t i = 0; i < given->second.size(); ++i) {
      int64_t size = given->second[i];
      if (size < 0 || size > (int64_t(1) << 40)) {
        error(Code::ShapeMismatch, absl::StrCat("input '", input.name(), "' cannot have a dimension of ", size));
      }
      if (!ranked) {
        continue;
      }
      const auto &dim = shape.dim(static_cast<int>(i));
      if (dim.has_dim_value() && dim.dim_value() > 0 && dim.dim_value() != size) {
        error(Code::ShapeMismatch, absl::StrCat("dimension ", i, " of input '", input.name(), "' is ",
                                                dim.dim_value(), " in the model and ", size, " in the given shape"));
      }
      const std::string symbol = symbolOf(dim);
      if (symbol.empty()) {
        continue;
      }
      auto [it, fresh] = symbols.emplace(symbol, size);
      if (fresh || it->second == size) {
        continue;
      }
      if (options.dims.count(symbol)) {
        error(Code::ShapeMismatch, absl::StrCat("dimension '", symbol, "' would be both ", it->second, " and ", size));
        continue;
      }
      diagnostics.report(Code::DimSeparated, absl::StrCat("dimension '", symbol, "' is ", it->second, " in one input and ", size, " in input '", input.name(),
                                                          "': the name does not bind them to one size"));
      separated.insert(symbol);
      symbols.erase(it);
    }
  }

  /// The name that binds a dim together with others of that name; none for what exporters write for "unknown", unless an
  /// option gives it a size, and for names that turned out to mean several sizes.
  std::string symbolOf(const onnx::TensorShapeProto::Dimension &dim) const {
    const std::string &name = dim.dim_param();
    return separated.count(name) || (namesNothing(name) && !options.dims.count(name)) ? "" : name;
  }

  Shape bind(const onnx::ValueInfoProto &input) {
    auto given = options.shapes.find(input.name());
    if (given != options.shapes.end()) {
      return Shape(given->second.begin(), given->second.end());
    }
    Shape result;
    if (!input.type().tensor_type().has_shape()) {
      error(Code::UnboundDim, absl::StrCat("input '", input.name(), "' has no shape"),
            absl::StrCat("pass --shape ", input.name(), "=AxBxC"));
      return result;
    }
    const onnx::TensorShapeProto &shape = input.type().tensor_type().shape();
    for (int i = 0; i < shape.dim_size(); ++i) {
      int64_t size = sizeOf(shape.dim(i));
      if (size == kOpen && i == 0 && !options.dimFormulas.contains(shape.dim(0).dim_param())) {
        size = 1;
        const std::string symbol = symbolOf(shape.dim(0));
        diagnostics.report(Code::BatchDefault, absl::StrCat("the open first dimension", symbol.empty() ? "" : absl::StrCat(" '", symbol, "'"), " of input '",
                                                            input.name(), "' is taken as 1"));
        if (!symbol.empty()) {
          symbols.emplace(symbol, 1);
        }
      } else if (size == kOpen) {
        const std::string symbol = symbolOf(shape.dim(i));
        std::vector<std::string> open; // what --dim options would settle it
        for (const std::string &name : namesInDim(formulaOf(symbol, options.dimFormulas))) {
          open.insert(open.end(), symbols.count(name) ? 0 : 1, absl::StrCat("--dim ", name, "=SIZE"));
        }
        error(Code::UnboundDim,
              absl::StrCat("dimension ", i, symbol.empty() ? "" : absl::StrCat(" '", symbol, "'"), " of input '",
                           input.name(), "' has no size"),
              symbol.empty() ? absl::StrCat("pass --shape ", input.name(), "=", sketch(shape))
                             : absl::StrCat("pass ", open.empty() ? absl::StrCat("--dim ", symbol, "=SIZE") : absl::StrJoin(open, " "),
                                            " or --shape ", input.name(), "=", sketch(shape)));
        size = 1;
      }
      result.push_back(size);
    }
    return result;
  }

  int64_t sizeOf(const onnx::TensorShapeProto::Dimension &dim) const {
    if (dim.has_dim_value() && dim.dim_value() >= 0 && dim.dim_param().empty()) {
      return dim.dim_value();
    }
    const std::string name = symbolOf(dim);
    if (auto known = symbols.find(name); known != symbols.end() || name.empty()) {
      return name.empty() ? kOpen : known->second;
    }
    return evaluateDim(formulaOf(name, options.dimFormulas), symbols).value_or(kOpen);
  }

  /// "1x3xHxW": what a --shape for this input would look like.
  std::string sketch(const onnx::TensorShapeProto &shape) const {
    std::vector<std::string> parts;
    for (const auto &dim : shape.dim()) {
      int64_t size = sizeOf(dim);
      parts.push_back(size != kOpen ? std::to_string(size) : symbolOf(dim).empty() ? "N" : symbolOf(dim));
    }
    return absl::StrJoin(parts, "x");
  }

  const ImportOptions &options;
  DiagnosticEngine &diagnostics;
  std::map<std::string, int64_t> symbols;
  std::set<std::string> separated; // names that stand for several sizes
  bool good = true;
};

} // namespace

std::optional<std::vector<Shape>> bindInputShapes(const std::vector<const onnx::ValueInfoProto *> &inputs,
                                                  const ImportOptions &options, DiagnosticEngine &diagnostics) {
  return Binder(options, diagnostics).run(inputs);
}

} // namespace ncc::frontend

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Einsum as transposes, reshapes, reductions and batched matrix products, two operands at a time.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

#include <map>

using namespace mlir;

namespace ncc::frontend {

namespace {

/// A value whose dims carry labels. Broadcast dims of an ellipsis have labels '0' to '9', '0' the last one.
struct Labelled {
  Value value;
  std::string labels;
};

class Einsum {
public:
  explicit Einsum(NodeContext &node) : node(node) {}

  Value run(StringRef equation) {
    std::string text;
    llvm::copy_if(equation, std::back_inserter(text), [](char c) { return c != ' '; });
    auto [left, right] = StringRef(text).split("->");
    bool explicitOutput = StringRef(text).contains("->");
    SmallVector<StringRef> terms;
    left.split(terms, ',');
    if (terms.size() != node.numInputs() || !node.needInputs(terms.size())) {
      return node.OpBuilding::fail("the equation does not name every operand");
    }
    SmallVector<Labelled> operands, written;
    for (size_t i = 0; i < terms.size(); ++i) {
      operands.push_back({node.input(i), expandEllipsis(terms[i], node.rankOf(node.input(i)))});
      written.push_back(operands.back());
      if (!record(operands.back()) || !takeDiagonals(operands.back())) {
        return {};
      }
    }
    std::string output = explicitOutput ? expandEllipsis(right, -1) : implicitOutput(written);
    for (char label : output) {
      if (!sizes.count(label)) {
        return node.OpBuilding::fail("the output has a label no operand has");
      }
    }
    Labelled result = operands.front();
    for (size_t i = 1; i < operands.size() && result.value; ++i) {
      std::string needed = output;
      for (size_t j = i + 1; j < operands.size(); ++j) {
        needed += operands[j].labels;
      }
      result = contract(result, operands[i], needed);
    }
    return finish(result, output);
  }

private:
  std::string expandEllipsis(StringRef term, int64_t rank) {
    size_t at = term.find("...");
    if (at == StringRef::npos) {
      return term.str();
    }
    int64_t count = rank < 0 ? broadcastRank : rank - static_cast<int64_t>(term.size() - 3);
    std::string labels;
    for (int64_t i = count - 1; i >= 0 && count < 10; --i) {
      labels += static_cast<char>('0' + i);
    }
    broadcastRank = std::max(broadcastRank, count);
    return term.take_front(at).str() + labels + term.drop_front(at + 3).str();
  }

  bool record(const Labelled &operand) {
    IntsRef dims = node.dimsOf(operand.value);
    if (operand.labels.size() != dims.size()) {
      node.OpBuilding::fail("a term does not have one label per dim");
      return false;
    }
    for (size_t i = 0; i < dims.size(); ++i) {
      auto [it, fresh] = sizes.emplace(operand.labels[i], dims[i]);
      if (!fresh && it->second != dims[i] && it->second != 1 && dims[i] != 1) {
        node.OpBuilding::fail(absl::StrCat("label '", std::string(1, operand.labels[i]), "' has two sizes"));
        return false;
      }
      it->second = std::max(it->second, dims[i]);
    }
    return true;
  }

  /// A label twice in one term: both dims are read at the same place, by way of one dim with a stride.
  bool takeDiagonals(Labelled &x) {
    for (size_t i = 0; i < x.labels.size(); ++i) {
      size_t j = x.labels.find(x.labels[i], i + 1);
      if (j == std::string::npos) {
        continue;
      }
      Ints dims(node.dimsOf(x.value)), perm;
      int64_t size = dims[i];
      if (dims[j] != size) {
        node.OpBuilding::fail("a label twice in one term has two sizes");
        return false;
      }
      std::string rest;
      Ints kept;
      for (size_t d = 0; d < dims.size(); ++d) {
        if (d != i && d != j) {
          perm.push_back(static_cast<int64_t>(d));
          kept.push_back(dims[d]);
          rest += x.labels[d];
        }
      }
      perm.push_back(static_cast<int64_t>(i));
      perm.push_back(static_cast<int64_t>(j));
      Ints flat(kept), offsets(kept.size() + 1, 0), strides(kept.size() + 1, 1);
      flat.push_back(size * size);
      kept.push_back(size);
      strides.back() = size > 1 ? size + 1 : 1;
      x = {node.slice(node.reshape(node.transpose(x.value, perm), flat), offsets, kept, strides), rest + x.labels[i]};
      if (!x.value) {
        return false;
      }
      i = static_cast<size_t>(-1); // from the start again
    }
    return true;
  }

  std::string implicitOutput(ArrayRef<Labelled> operands) {
    std::map<char, int> counts;
    for (const Labelled &operand : operands) {
      for (char label : operand.labels) {
        ++counts[label];
      }
    }
    std::string output;
    for (int64_t i = broadcastRank - 1; i >= 0; --i) {
      output += static_cast<char>('0' + i);
    }
    for (auto [label, count] : counts) {
      if (count == 1 && !isdigit(label)) {
        output += label;
      }
    }
    return output;
  }

  /// Sums away the labels that `keep` does not hold.
  Labelled reduce(Labelled x, const std::string &keep) {
    Ints axes;
    std::string labels;
    for (size_t i = 0; i < x.labels.size(); ++i) {
      if (keep.find(x.labels[i]) == std::string::npos) {
        axes.push_back(static_cast<int64_t>(i));
      } else {
        labels += x.labels[i];
      }
    }
    return axes.empty() ? x : Labelled{node.reduce(graph::ReduceKind::Sum, x.value, axes, false), labels};
  }

  Value arrange(const Labelled &x, const std::string &order) {
    Ints perm;
    bool identity = true;
    for (char label : order) {
      perm.push_back(static_cast<int64_t>(x.labels.find(label)));
      identity &= perm.back() == static_cast<int64_t>(perm.size()) - 1;
    }
    return identity ? x.value : node.transpose(x.value, perm);
  }

  int64_t product(const std::string &labels, const Labelled &x) {
    int64_t total = 1;
    for (char label : labels) {
      total *= node.dimsOf(x.value)[x.labels.find(label)];
    }
    return total;
  }

  Labelled contract(Labelled a, Labelled b, const std::string &needed) {
    a = reduce(a, needed + b.labels);
    b = reduce(b, needed + a.labels);
    if (!a.value || !b.value) {
      return {};
    }
    std::string batch, summed, onlyA, onlyB;
    for (char label : a.labels) {
      bool inB = b.labels.find(label) != std::string::npos, keep = needed.find(label) != std::string::npos;
      (!inB ? onlyA : keep ? batch : summed) += label;
    }
    for (char label : b.labels) {
      onlyB += a.labels.find(label) == std::string::npos ? std::string(1, label) : std::string();
    }
    spread(a, batch + summed);
    spread(b, batch + summed);
    Value left = arrange(a, batch + onlyA + summed), right = arrange(b, batch + summed + onlyB);
    if (!left || !right) {
      return {};
    }
    int64_t n = product(batch, a), m = product(onlyA, a), k = product(summed, a), p = product(onlyB, b);
    Value y = node.matmul(node.reshape(left, {n, m, k}), node.reshape(right, {n, k, p}));
    Labelled result{nullptr, batch + onlyA + onlyB};
    Ints dims;
    for (char label : result.labels) {
      dims.push_back(sizes[label]);
    }
    result.value = node.reshape(y, dims);
    return result;
  }

  /// Broadcasts dims of size 1 to their label's size.
  void spread(Labelled &x, const std::string &labels) {
    if (!x.value) {
      return;
    }
    Ints dims(node.dimsOf(x.value));
    for (char label : labels) {
      dims[x.labels.find(label)] = sizes[label];
    }
    x.value = node.expand(x.value, dims);
  }

  Value finish(Labelled result, const std::string &output) {
    if (!result.value) {
      return {};
    }
    result = reduce(result, output);
    spread(result, result.labels);
    return result.value ? arrange(result, output) : Value();
  }

  NodeContext &node;
  std::map<char, int64_t> sizes;
  int64_t broadcastRank = 0;
};

} // namespace

static LogicalResult einsum(NodeContext &node) {
  return node.result(Einsum(node).run(node.attrString("equation", "")));
}

void addEinsumHandlers(HandlerTable &table) { table.add("Einsum", 12, einsum); }

} // namespace ncc::frontend

// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/Expansion.h"

#include <algorithm>
#include <unordered_map>

namespace ncc::frontend {

namespace {

constexpr int64_t kMost = int64_t{1} << 62;
constexpr int64_t kDeepest = 1000; // calls within calls that are followed at all

class Counter {
public:
  explicit Counter(CalleeFn callee) : callee(callee) {}

  Expansion count(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, const onnx::FunctionProto *body, int64_t depth) {
    Expansion total;
    for (const onnx::NodeProto &node : nodes) {
      add(total, {1, 0, ""});
      for (const onnx::AttributeProto &attribute : node.attribute()) {
        if (attribute.has_g()) {
          add(total, count(attribute.g().node(), body, depth));
        }
        for (const onnx::GraphProto &graph : attribute.graphs()) {
          add(total, count(graph.node(), body, depth));
        }
      }
      if (const onnx::FunctionProto *function = callee(node, body)) {
        Expansion called = ofFunction(*function, depth + 1);
        called.nesting += 1;
        add(total, called);
      }
    }
    return total;
  }

private:
  static void add(Expansion &total, const Expansion &part) {
    total.nodes += std::min(part.nodes, kMost - total.nodes);
    total.nesting = std::max(total.nesting, part.nesting);
    if (total.cycle.empty()) {
      total.cycle = part.cycle;
    }
  }

  Expansion ofFunction(const onnx::FunctionProto &function, int64_t depth) {
    if (depth > kDeepest) {
      return {0, kDeepest, ""};
    }
    auto [known, fresh] = functions.try_emplace(&function, Entry{});
    if (!fresh) {
      return known->second.open ? Expansion{0, 0, function.name()} : known->second.size;
    }
    Expansion size = count(function.node(), &function, depth);
    functions[&function] = {size, false};
    return size;
  }

  struct Entry {
    Expansion size = {};
    bool open = true; // being counted
  };
  CalleeFn callee;
  std::unordered_map<const onnx::FunctionProto *, Entry> functions;
};

} // namespace

Expansion expansionOf(const onnx::GraphProto &graph, CalleeFn callee) { return Counter(callee).count(graph.node(), nullptr, 0); }

} // namespace ncc::frontend

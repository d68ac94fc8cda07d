// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/NodeOrder.h"

#include <string_view>
#include <unordered_map>

namespace ncc::frontend {

namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

class Sorter {
public:
  explicit Sorter(const Nodes &nodes) : nodes(nodes), states(static_cast<size_t>(nodes.size()), State::Waiting) {
    for (int i = 0; i < nodes.size(); ++i) {
      for (const std::string &output : nodes[i].output()) {
        if (!output.empty()) {
          makers.emplace(output, i);
        }
      }
    }
  }

  std::vector<const onnx::NodeProto *> run() {
    order.reserve(states.size());
    for (int i = 0; i < nodes.size(); ++i) {
      visit(i);
    }
    return std::move(order);
  }

private:
  enum class State : uint8_t { Waiting, Open, Done };
  struct Frame {
    int node;
    std::vector<int> needs;
    size_t next = 0;
  };

  /// Depth first with a stack of its own: a file may hold a chain of any length backwards.
  void visit(int first) {
    std::vector<Frame> stack;
    open(first, stack);
    while (!stack.empty()) {
      Frame &top = stack.back();
      if (top.next < top.needs.size()) {
        open(top.needs[top.next++], stack);
        continue;
      }
      states[static_cast<size_t>(top.node)] = State::Done;
      order.push_back(&nodes[top.node]);
      stack.pop_back();
    }
  }

  void open(int node, std::vector<Frame> &stack) {
    State &state = states[static_cast<size_t>(node)];
    if (state != State::Waiting) {
      return;
    }
    state = State::Open;
    Frame frame{node, {}};
    collect(nodes[node], frame.needs);
    stack.push_back(std::move(frame));
  }

  /// Makers of what a node reads, those of the graphs it holds included: names they define themselves hide nothing that
  /// matters, since one too many only moves a node that could stay.
  void collect(const onnx::NodeProto &node, std::vector<int> &needs) const {
    for (const std::string &input : node.input()) {
      if (auto maker = makers.find(input); maker != makers.end() && states[static_cast<size_t>(maker->second)] == State::Waiting) {
        needs.push_back(maker->second);
      }
    }
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g()) {
        collect(attribute.g(), needs);
      }
      for (const onnx::GraphProto &graph : attribute.graphs()) {
        collect(graph, needs);
      }
    }
  }
  void collect(const onnx::GraphProto &graph, std::vector<int> &needs) const {
    for (const onnx::NodeProto &node : graph.node()) {
      collect(node, needs);
    }
    for (const onnx::ValueInfoProto &output : graph.output()) { // a graph may give a value from outside as it is
      if (auto maker = makers.find(output.name()); maker != makers.end()) {
        needs.push_back(maker->second);
      }
    }
  }

  const Nodes &nodes;
  std::vector<State> states;
  std::unordered_map<std::string_view, int> makers; // by the name of a result
  std::vector<const onnx::NodeProto *> order;
};

} // namespace

std::vector<const onnx::NodeProto *> inOrder(const Nodes &nodes) { return Sorter(nodes).run(); }

} // namespace ncc::frontend

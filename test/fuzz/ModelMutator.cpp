// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "test/fuzz/ModelMutator.h"

#include <iterator>
#include <limits>
#include <string>
#include <vector>

using namespace ncc;

namespace {

const char *const kOps[] = {
    "Add", "Mul", "Div", "Mod", "Pow", "BitShift", "Clip", "Relu", "Softmax", "LogSoftmax", "Hardmax", "MatMul", "MatMulInteger", "Gemm", "Einsum", "Conv",
    "ConvInteger", "ConvTranspose", "QLinearConv", "QLinearMatMul", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "BatchNormalization",
    "InstanceNormalization", "LayerNormalization", "GroupNormalization", "LRN", "Reshape", "Transpose", "Slice", "Concat", "Split", "Pad", "Expand", "Tile",
    "Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND", "Where", "Cast", "CastLike", "Shape", "Size", "ConstantOfShape", "Range", "OneHot",
    "TopK", "ArgMax", "ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2", "CumSum", "Resize", "Upsample", "GridSample", "DepthToSpace", "SpaceToDepth",
    "Squeeze", "Unsqueeze", "Flatten", "LSTM", "GRU", "RNN", "Attention", "RotaryEmbedding", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
    "Dropout", "Identity", "If", "Loop", "Scan", "NonZero", "Compress", "Unique", "NonMaxSuppression", "Trilu", "EyeLike", "ReverseSequence", "DFT", "STFT",
    "Det", "Col2Im", "RoiAlign", "DeformConv", "SequenceConstruct", "SequenceAt", "SplitToSequence", "ConcatFromSequence", "StringNormalizer", "Optional"};

const int64_t kNumbers[] = {0, 1, -1, 2, 3, 7, 127, 128, -128, 255, 65536, 1 << 20, int64_t{1} << 31, -(int64_t{1} << 31), int64_t{1} << 40,
                            std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};

class Mutation {
public:
  Mutation(onnx::GraphProto &graph, onnx::ModelProto &model, std::minstd_rand &random) : graph(graph), model(model), random(random) {}

  void apply() {
    switch (below(12)) {
    case 0: operation(); break;
    case 1: case 2: operand(); break;
    case 3: case 4: attribute(); break;
    case 5: addAttribute(); break;
    case 6: inputType(); break;
    case 7: case 8: initializer(); break;
    case 9: nodes(); break;
    case 10: opset(); break;
    default: value(); break;
    }
  }

private:
  size_t below(size_t n) { return n == 0 ? 0 : random() % n; }
  int64_t number() { return below(3) == 0 ? static_cast<int64_t>(random()) - (1 << 30) : kNumbers[below(std::size(kNumbers))]; }

  onnx::NodeProto *node() { return graph.node_size() == 0 ? nullptr : graph.mutable_node(static_cast<int>(below(static_cast<size_t>(graph.node_size())))); }

  std::string name() {
    std::vector<std::string> names{""};
    for (const auto &input : graph.input()) {
      names.push_back(input.name());
    }
    for (const auto &tensor : graph.initializer()) {
      names.push_back(tensor.name());
    }
    for (const auto &n : graph.node()) {
      names.insert(names.end(), n.output().begin(), n.output().end());
    }
    return names[below(names.size())];
  }

  void operation() {
    if (auto *n = node()) {
      n->set_op_type(kOps[below(std::size(kOps))]);
    }
  }

  void operand() {
    auto *n = node();
    if (!n) {
      return;
    }
    size_t count = static_cast<size_t>(n->input_size());
    switch (below(4)) {
    case 0: n->add_input(name()); break;
    case 1:
      if (count > 0) {
        n->mutable_input()->RemoveLast();
      }
      break;
    case 2: n->add_output("extra" + std::to_string(random())); break;
    default:
      if (count > 0) {
        n->set_input(static_cast<int>(below(count)), name());
      }
    }
  }

  void attribute() {
    auto *n = node();
    if (!n || n->attribute_size() == 0) {
      return;
    }
    auto *a = n->mutable_attribute(static_cast<int>(below(static_cast<size_t>(n->attribute_size()))));
    switch (below(5)) {
    case 0: a->set_i(number()); break;
    case 1: a->set_f(static_cast<float>(number())); break;
    case 2: a->add_ints(number()); break;
    case 3:
      if (a->ints_size() > 0) {
        a->set_ints(static_cast<int>(below(static_cast<size_t>(a->ints_size()))), number());
      }
      break;
    default: a->set_type(static_cast<int>(below(15)));
    }
  }

  void addAttribute() {
    static const char *const names[] = {"axis", "axes", "group", "kernel_shape", "strides", "pads", "dilations", "perm", "to", "mode", "keepdims", "epsilon",
                                        "num_outputs", "blocksize", "equation", "hidden_size", "direction", "value", "auto_pad", "ceil_mode", "body"};
    if (auto *n = node()) {
      auto *a = n->add_attribute();
      a->set_name(names[below(std::size(names))]);
      a->set_type(below(2) ? 2 : 7 /* INT, INTS */);
      a->set_i(number());
      for (size_t i = below(4); i > 0; --i) {
        a->add_ints(number());
      }
    }
  }

  void inputType() {
    if (graph.input_size() == 0) {
      return;
    }
    auto *type = graph.mutable_input(static_cast<int>(below(static_cast<size_t>(graph.input_size()))))->mutable_type()->mutable_tensor_type();
    if (below(2)) {
      type->set_elem_type(static_cast<int>(below(26)));
    } else if (type->shape().dim_size() > 0 && below(3)) {
      type->mutable_shape()->mutable_dim(static_cast<int>(below(static_cast<size_t>(type->shape().dim_size()))))->set_dim_value(number());
    } else {
      type->mutable_shape()->add_dim()->set_dim_value(1 + static_cast<int64_t>(below(4)));
    }
  }

  void initializer() {
    if (graph.initializer_size() == 0) {
      return;
    }
    auto *t = graph.mutable_initializer(static_cast<int>(below(static_cast<size_t>(graph.initializer_size()))));
    switch (below(5)) {
    case 0: t->set_data_type(static_cast<int>(below(26))); break;
    case 1: t->add_dims(number()); break;
    case 2:
      if (t->dims_size() > 0) {
        t->set_dims(static_cast<int>(below(static_cast<size_t>(t->dims_size()))), number());
      }
      break;
    case 3:
      if (t->int64_data_size() > 0) {
        t->set_int64_data(static_cast<int>(below(static_cast<size_t>(t->int64_data_size()))), number());
      } else if (!t->raw_data().empty()) {
        (*t->mutable_raw_data())[below(t->raw_data().size())] ^= static_cast<char>(1 << below(8));
      }
      break;
    default: t->mutable_raw_data()->resize(below(t->raw_data().size() + 9));
    }
  }

  void nodes() {
    auto count = static_cast<size_t>(graph.node_size());
    if (count == 0) {
      return;
    }
    int at = static_cast<int>(below(count));
    switch (below(3)) {
    case 0: graph.mutable_node()->DeleteSubrange(at, 1); break;
    case 1: *graph.add_node() = onnx::NodeProto(graph.node(at)); break;
    default: graph.mutable_node()->SwapElements(at, static_cast<int>(below(count)));
    }
  }

  void opset() {
    if (model.opset_import_size() > 0) {
      model.mutable_opset_import(0)->set_version(static_cast<int64_t>(below(32)));
    }
    if (auto *n = node(); n && below(4) == 0) {
      n->set_domain(below(2) ? "com.microsoft" : "ai.onnx.ml");
    }
  }

  void value() { graph.add_output()->set_name(name()); }

  onnx::GraphProto &graph;
  onnx::ModelProto &model;
  std::minstd_rand &random;
};

} // namespace

void fuzz::mutate(onnx::ModelProto &model, std::minstd_rand &random) {
  onnx::GraphProto *graph = model.mutable_graph();
  // Sometimes inside of a body.
  for (auto &node : *graph->mutable_node()) {
    for (auto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g() && random() % 4 == 0) {
        graph = attribute.mutable_g();
      }
    }
  }
  for (size_t i = random() % 3 + 1; i > 0; --i) {
    Mutation(*graph, model, random).apply();
  }
}

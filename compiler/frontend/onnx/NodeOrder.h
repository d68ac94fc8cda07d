// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ONNX wants nodes sorted by what they depend on; several exporters and editors do not sort them, and runtimes accept
// that.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"

#include <vector>

namespace ncc::frontend {

/// The nodes, each after those whose results it or a graph inside of it reads: in the file's order wherever that is one.
/// Nodes that depend on each other in a circle come in the file's order; whoever imports them finds a name undefined.
std::vector<const onnx::NodeProto *> inOrder(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes);

} // namespace ncc::frontend

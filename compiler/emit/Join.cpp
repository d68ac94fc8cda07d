// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/emit/Join.h"

#include <map>

using namespace ncc;
using namespace ncc::emit;

namespace {

/// Where a part's weights and nodes are now.
struct Moves {
  std::map<uint64_t, uint64_t> offsets;
  std::vector<uint32_t> nodes; // by number, from 1
};

void apply(const Moves &moves, neff::Model &part) {
  for (neff::Program &program : part.programs) {
    for (neff::Buffer &buffer : program.buffers) {
      if (buffer.kind == neff::BufferKind::Weight || buffer.hasInitial) {
        buffer.offset = moves.offsets.at(buffer.offset);
      }
    }
    for (auto *list : {&program.init, &program.run}) {
      for (isa::Instruction &inst : *list) {
        uint32_t &node = isa::header(inst).node;
        node = moves.nodes[node];
      }
    }
  }
  for (neff::PlanValue &value : part.plan.values) {
    if (value.constant && value.type.dtype != DType::String) {
      value.constant->offset = moves.offsets.at(value.constant->offset);
    }
  }
  for (neff::Model &segment : part.segments) {
    apply(moves, segment);
  }
}

} // namespace

void Join::take(neff::Model &part) {
  Moves moves;
  for (neff::WeightPiece &piece : part.weights) {
    // Pieces refer to storage of the part's context, which its owner keeps.
    moves.offsets[piece.offset] = weights.add(piece.data, piece.bytes, piece.owner);
  }
  moves.nodes.push_back(0);
  for (neff::NodeInfo &node : part.nodes) {
    auto [it, fresh] = nodes.try_emplace(node.name + '\n' + node.op, static_cast<uint32_t>(whole.nodes.size() + 1));
    if (fresh) {
      whole.nodes.push_back(std::move(node));
    }
    moves.nodes.push_back(it->second);
  }
  apply(moves, part);
  part.weights.clear();
  part.nodes.clear();
}

void Join::addSegment(neff::Model segment) {
  take(segment);
  whole.usefulMacs += segment.usefulMacs;
  whole.usefulMacsRate += segment.usefulMacsRate;
  whole.segments.push_back(std::move(segment));
}

void Join::addBucket(neff::Model bucket) {
  take(bucket);
  whole.buckets.push_back(std::move(bucket));
}

// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Placement of tile values: joins own their parts, in-place updates share, everything else gets its own root.
#include "passes/memory/Placement.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::memory;

View ncc::memory::viewOf(tile::AccessPatternAttr ap) {
  View view;
  view.partition = ap.getPartition();
  view.partitions = ap.getPartitions();
  view.offset = ap.getOffset();
  for (auto [stride, size] : llvm::zip(ap.getStrides(), ap.getSizes())) {
    view.dims.push_back({stride, size});
  }
  return view;
}

isa::Space ncc::memory::spaceOf(Type tile) {
  return llvm::isa<tile::SbufType>(tile) ? isa::Space::Sbuf : llvm::isa<tile::PsumType>(tile) ? isa::Space::Psum : isa::Space::Dram;
}

int64_t ncc::memory::innerDims(Operation *op, unsigned index) {
  if (auto reduce = dyn_cast<tile::ReduceOp>(op)) {
    return static_cast<int64_t>(reduce.getReduceDims());
  }
  return llvm::isa<tile::ScanOp>(op) ? 1 : 0;
}

bool ncc::memory::isLegalStart(int64_t partition, int64_t partitions) {
  if (partitions > 64) {
    return partition == 0;
  }
  return partition % (partitions > 32 ? 64 : 32) == 0;
}

namespace {

constexpr size_t kChipDims = 4, kDramDims = 5;

bool movesByDma(Operation *op) { return llvm::isa<tile::DmaOp, tile::GatherOp, tile::SendOp, tile::RecvOp>(op); }

// The dims an instruction would carry for `pattern`, kept apart where the instruction gives them meaning.
bool encodable(std::optional<View> pattern, isa::Space space, bool engine) {
  if (!pattern) {
    return false;
  }
  if (engine && space != isa::Space::Dram && !isLegalStart(pattern->partition, pattern->partitions)) {
    return false;
  }
  mergeDims(pattern->dims);
  return pattern->dims.size() <= (space == isa::Space::Dram ? kDramDims : kChipDims);
}

bool hasFixedStorage(Operation *op) { return llvm::isa<tile::InputOp, tile::ConstantOp>(op); }

} // namespace

bool Placement::readFits(OpOperand &use, const View &view, isa::Space space) const {
  Operation *user = use.getOwner();
  if (llvm::isa<tile::CallOp>(user)) {
    return view.isContiguous();
  }
  auto inst = dyn_cast<tile::InstOpInterface>(user);
  if (!inst) {
    return true; // join and output decide for themselves, send takes any pattern
  }
  unsigned index = use.getOperandNumber();
  if (index >= inst.getAps().size()) {
    return true; // the tied destination: checked with its writer
  }
  SmallVector<unsigned> counts;
  View read = viewOf(cast<tile::AccessPatternAttr>(inst.getAps()[index]));
  std::optional<View> pattern = compose(view, read, &counts);
  if (pattern && innerDims(user, index) > 0 && (pattern->dims.size() > kChipDims || (llvm::isa<tile::ScanOp>(user) && counts.back() != 1))) {
    return false;
  }
  if (llvm::isa<tile::GatherOp>(user) && index == 0 && !view.isContiguous()) {
    return false;
  }
  return encodable(pattern, space, !movesByDma(user));
}

bool Placement::writerFits(Value value, const View &view, isa::Space space) const {
  Operation *op = value.getDefiningOp();
  if (llvm::isa<tile::CallOp>(op)) {
    return view.isContiguous();
  }
  if (auto join = dyn_cast<tile::JoinOp>(op)) {
    return llvm::all_of(join.getPlaces(), [&](Attribute place) {
      return encodable(compose(view, viewOf(cast<tile::AccessPatternAttr>(place))), space, false);
    });
  }
  // A chain of in-place updates is written through one view.
  while (auto inst = dyn_cast_or_null<tile::InstOpInterface>(op)) {
    View region = inst.getDstRegion() ? viewOf(inst.getDstRegion()) : wholeView(view.partitions, view.freeSize());
    std::optional<View> pattern = compose(view, region);
    if (pattern && llvm::isa<tile::ScanOp>(op)) {
      return view.dims.size() == 1;
    }
    if (!encodable(pattern, space, !movesByDma(op))) {
      return false;
    }
    Value into = inst.getInto();
    if (!into) {
      return true;
    }
    op = into.getDefiningOp();
    if (isa_and_nonnull<tile::JoinOp>(op)) {
      return writerFits(into, view, space);
    }
  }
  return !hasFixedStorage(op);
}

bool Placement::fits(Value value, const View &view, isa::Space space) const {
  if (!encodable(view, space, false) || !writerFits(value, view, space)) {
    return false;
  }
  return llvm::all_of(value.getUses(), [&](OpOperand &use) { return readFits(use, view, space); });
}

Place Placement::fresh(Value value) {
  Root root;
  Type type = value.getType();
  root.space = spaceOf(type);
  root.dtype = dtypeOf(tile::elementTypeOf(type));
  root.partitions = tile::partitionsOf(type);
  root.bytes = tile::elementsOf(type) * static_cast<int64_t>(dtypeSize(root.dtype));
  roots.push_back(root);
  return {static_cast<uint32_t>(roots.size() - 1), wholeView(root.partitions, tile::elementsOf(type)), false};
}

void Placement::record(Value value, Place place) {
  ids[value] = static_cast<unsigned>(places.size());
  places.push_back(std::move(place));
}

void Placement::detach(Value part, tile::JoinOp join, unsigned index) {
  OpBuilder builder(join);
  View view = *compose(of(join.getResult()).view, viewOf(cast<tile::AccessPatternAttr>(join.getPlaces()[index])));
  mergeDims(view.dims);
  Type type = part.getType();
  auto aps = builder.getArrayAttr({tile::wholePattern(type)});
  bool engine = !llvm::isa<tile::DramType>(type) && isLegalStart(view.partition, view.partitions);
  Operation *copy;
  Location loc = part.getLoc();
  if (engine) {
    auto op = tile::CopyOp::create(builder, loc, type, part, aps, nullptr, nullptr, nullptr, nullptr, nullptr);
    copy = op;
  } else {
    copy = tile::DmaOp::create(builder, loc, type, part, aps, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  }
  join->setOperand(index, copy->getResult(0));
  const Place &container = of(join.getResult());
  record(copy->getResult(0), {container.root, view, container.updated});
}

Place Placement::choose(Value value) {
  Operation *op = value.getDefiningOp();
  SmallVector<std::pair<tile::JoinOp, unsigned>> joins;
  SmallVector<tile::OutputOp> outputs;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (auto inst = dyn_cast<tile::InstOpInterface>(user); inst && inst.getInto() && use.getOperandNumber() >= inst.getAps().size()) {
      Place place = of(user->getResult(0));
      place.updated = true;
      return place;
    }
    if (auto join = dyn_cast<tile::JoinOp>(user)) {
      joins.push_back({join, use.getOperandNumber()});
    }
    if (auto output = dyn_cast<tile::OutputOp>(user)) {
      outputs.push_back(output);
    }
  }
  // An output owns its value; otherwise the first join that can take it does, and all others get copies.
  std::optional<Place> chosen;
  if (!outputs.empty()) {
    Place place = fresh(value);
    roots[place.root].kind = RootKind::Output;
    roots[place.root].index = outputs.front().getIndex();
    chosen = place;
  }
  bool single = value.hasOneUse();
  for (auto [join, index] : joins) {
    const Place &container = of(join.getResult());
    std::optional<View> view = compose(container.view, viewOf(cast<tile::AccessPatternAttr>(join.getPlaces()[index])));
    if (!chosen && view && (single || !container.updated) && !hasFixedStorage(op)) {
      mergeDims(view->dims);
      if (fits(value, *view, spaceOf(value.getType()))) {
        chosen = Place{container.root, *view, container.updated};
        continue;
      }
    }
    detach(value, join, index);
  }
  return chosen ? *chosen : fresh(value);
}

LogicalResult Placement::run(tile::ProgramOp program) {
  Block &body = program.getBody().front();
  // Outputs of what already has storage of its own, and second outputs of one value, are copies.
  llvm::DenseSet<Value> claimed;
  for (auto output : llvm::make_early_inc_range(body.getOps<tile::OutputOp>())) {
    Value value = output.getValue();
    if (hasFixedStorage(value.getDefiningOp()) || !claimed.insert(value).second) {
      OpBuilder builder(output);
      auto aps = builder.getArrayAttr({tile::wholePattern(value.getType())});
      auto copy = tile::DmaOp::create(builder, output.getLoc(), value.getType(), value, aps, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
      output.getValueMutable().assign(copy.getResult());
    }
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body))) {
    for (Value value : op.getResults()) {
      Place place = choose(value);
      Root &root = roots[place.root];
      if (auto input = dyn_cast<tile::InputOp>(op)) {
        root.kind = RootKind::Input;
        root.index = input.getIndex();
      } else if (auto constant = dyn_cast<tile::ConstantOp>(op)) {
        root.kind = RootKind::Weight;
        root.value = constant.getValue();
      }
      if (hasFixedStorage(&op) && place.updated) {
        return op.emitOpError("is updated in place; a copy has to be updated instead");
      }
      if (auto dma = dyn_cast<tile::DmaOp>(op); dma && dma.getResident()) {
        if (place.updated || root.space != isa::Space::Sbuf) {
          dma.setResident(false);
        } else {
          root.resident = true;
        }
      }
      record(value, std::move(place));
    }
  }
  return success();
}

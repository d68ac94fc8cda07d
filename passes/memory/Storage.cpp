// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Encodes every tile op as an instruction whose patterns are relative to the roots its operands lie in.
#include "passes/memory/Storage.h"

#include "passes/memory/Placement.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ncc;
using namespace ncc::memory;

DType ncc::memory::dtypeOf(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1: return DType::Bool;
    case 8: return isUnsigned ? DType::U8 : DType::I8;
    case 16: return isUnsigned ? DType::U16 : DType::I16;
    case 32: return isUnsigned ? DType::U32 : DType::I32;
    default: return isUnsigned ? DType::U64 : DType::I64;
    }
  }
  return TypeSwitch<Type, DType>(type)
      .Case<BFloat16Type>([](auto) { return DType::BF16; })
      .Case<Float16Type>([](auto) { return DType::F16; })
      .Case<Float64Type>([](auto) { return DType::F64; })
      .Case<Float8E4M3FNType>([](auto) { return DType::F8E4M3; })
      .Case<Float8E5M2Type>([](auto) { return DType::F8E5M2; })
      .Default([](Type) { return DType::F32; });
}

namespace {

/// A dim of more elements than an access pattern counts becomes two, where its size divides.
void cutLongDims(SmallVectorImpl<ViewDim> &dims) {
  for (size_t d = 0; d < dims.size(); ++d) {
    constexpr int64_t kMostPieces = 4096;
    int64_t pieces = 1;
    while (dims[d].size / pieces > kLongestDim || dims[d].size % pieces != 0) {
      if (++pieces > kMostPieces) {
        return; // refused when it is encoded
      }
    }
    if (pieces > 1) {
      ViewDim whole = dims[d];
      dims[d] = {whole.stride, whole.size / pieces};
      dims.insert(dims.begin() + d, ViewDim{whole.stride * dims[d].size, pieces});
    }
  }
}

class StorageBuilder {
public:
  StorageBuilder(tile::ProgramOp program, Program &out) : program(program), out(out), placement(out.roots) {}

  LogicalResult run() {
    if (failed(placement.run(program))) {
      return failure();
    }
    Block &body = program.getBody().front();
    out.insts.reserve(body.getOperations().size());
    for (Operation &op : body) {
      if (failed(add(&op))) {
        return failure();
      }
    }
    return success();
  }

private:
  // The pattern of `region` (elements of `value`) in the value's root.
  isa::AccessPattern pattern(Value value, const View &region, int64_t inner = 0, int64_t *innerCount = nullptr) {
    const Place &place = placement.of(value);
    SmallVector<unsigned> counts;
    std::optional<View> view = compose(place.view, region, &counts);
    if (!view) {
      error = "touches its tile in a pattern no instruction can express";
      return {};
    }
    SmallVector<ViewDim, 4> outerDims(view->dims), innerDims;
    if (inner > 0) { // merge on either side of the line between kept and reduced dims
      size_t count = 0;
      for (size_t i = counts.size() - std::min<size_t>(inner, counts.size()); i < counts.size(); ++i) {
        count += counts[i];
      }
      innerDims.assign(outerDims.end() - count, outerDims.end());
      outerDims.resize(outerDims.size() - count);
      mergeDims(innerDims);
      if (outerDims.empty()) {
        outerDims.push_back({1, 1});
      }
      *innerCount = static_cast<int64_t>(innerDims.size());
    }
    mergeDims(outerDims);
    if (!innerDims.empty() && outerDims.size() == 1 && outerDims[0].size == 1) {
      outerDims.clear();
    }
    outerDims.append(innerDims);
    return encode(value, *view, outerDims);
  }

  isa::AccessPattern encode(Value value, const View &view, ArrayRef<ViewDim> given) {
    SmallVector<ViewDim, 4> dims(given);
    cutLongDims(dims);
    const Root &root = out.roots[placement.of(value).root];
    isa::AccessPattern ap;
    ap.space = root.space;
    ap.dtype = dtypeOf(tile::elementTypeOf(value.getType()));
    if (root.space != isa::Space::Dram) {
      ap.partition = static_cast<uint16_t>(view.partition);
      ap.partitions = static_cast<uint16_t>(view.partitions);
    }
    if (dims.size() > (root.space == isa::Space::Dram ? 5 : 4)) {
      error = "needs more dimensions than an access pattern has";
      return ap;
    }
    ap.offset = static_cast<uint64_t>(view.offset) * dtypeSize(ap.dtype);
    ap.rank = static_cast<uint8_t>(dims.size());
    for (auto [index, dim] : llvm::enumerate(dims)) {
      if (dim.size > kLongestDim || dim.stride > std::numeric_limits<int32_t>::max() || dim.stride < std::numeric_limits<int32_t>::min()) {
        error = "reaches further in one transfer than an access pattern can say";
        return ap;
      }
      ap.dims[index] = {static_cast<int32_t>(dim.stride), static_cast<uint32_t>(dim.size)};
    }
    return ap;
  }

  isa::AccessPattern read(tile::InstOpInterface op, unsigned index, int64_t inner = 0, int64_t *innerCount = nullptr) {
    return pattern(op.getReads()[index], viewOf(cast<tile::AccessPatternAttr>(op.getAps()[index])), inner, innerCount);
  }

  isa::AccessPattern written(tile::InstOpInterface op) {
    Value result = op->getResult(0);
    View region = op.getDstRegion() ? viewOf(op.getDstRegion()) : viewOf(tile::wholePattern(result.getType()));
    return pattern(result, region);
  }

  isa::ScalarOperand number(double value, Type elementType) {
    if (llvm::isa<IntegerType>(elementType) && value == std::floor(value) && std::fabs(value) < 9.2e18) {
      return static_cast<int64_t>(value);
    }
    return static_cast<float>(value);
  }

  template <typename Enum>
  Enum parsed(std::optional<Enum> value, StringRef name) {
    if (!value) {
      error = ("names an unknown operation '" + name + "'").str();
      return Enum{};
    }
    return *value;
  }
  isa::AluOp alu(StringRef name) { return parsed(isa::parseAluOp({name.data(), name.size()}), name); }

  LogicalResult add(Operation *op) {
    if (llvm::isa<tile::JoinOp, tile::ConstantOp, tile::InputOp, tile::OutputOp>(op)) {
      return success();
    }
    error.clear();
    Inst inst;
    inst.op = op;
    inst.inst = TypeSwitch<Operation *, isa::Instruction>(op)
                    .Case<tile::MatmulOp, tile::TransposeOp, tile::ActivateOp, tile::TensorTensorOp, tile::TensorScalarOp,
                          tile::ReduceOp, tile::CopyOp, tile::SelectOp, tile::ScanOp, tile::MemsetOp, tile::IotaOp, tile::DmaOp,
                          tile::GatherOp, tile::SendOp, tile::RecvOp, tile::CallOp>([&](auto typed) { return convert(typed); })
                    .Default([&](Operation *) {
                      error = "has no instruction";
                      return isa::Instruction(isa::Nop{});
                    });
    if (!error.empty()) {
      return op->emitOpError(error);
    }
    if (auto typed = dyn_cast<tile::InstOpInterface>(op)) {
      StringRef name = typed.getEngineName();
      std::optional<isa::Engine> engine = isa::parseEngine({name.data(), name.size()});
      if (!engine) {
        return op->emitOpError() << "names an unknown engine '" << name << "'";
      }
      isa::header(inst.inst).engine = *engine;
    }
    collectRoots(inst);
    if (auto dma = dyn_cast<tile::DmaOp>(op)) {
      inst.atLoad = dma.getResident();
    }
    out.insts.push_back(std::move(inst));
    return success();
  }

  // The operands' roots in the order in which forEachPattern will meet the patterns.
  void collectRoots(Inst &inst) {
    inst.roots = std::move(pendingRoots);
    pendingRoots.clear();
  }
  isa::AccessPattern use(Value value, isa::AccessPattern ap) {
    pendingRoots.push_back(placement.of(value).root);
    return ap;
  }
  isa::AccessPattern useRead(tile::InstOpInterface op, unsigned index) { return use(op.getReads()[index], read(op, index)); }
  isa::AccessPattern useWritten(tile::InstOpInterface op) { return use(op->getResult(0), written(op)); }

  isa::Instruction convert(tile::MatmulOp op) {
    isa::Matmul m;
    m.dst = useWritten(op);
    m.stationary = useRead(op, 0);
    m.moving = useRead(op, 1);
    m.accumulate = op.getAccumulate();
    m.stationaryZero = static_cast<int32_t>(op.getStationaryZero());
    m.movingZero = static_cast<int32_t>(op.getMovingZero());
    return m;
  }
  isa::Instruction convert(tile::TransposeOp op) {
    isa::Transpose t;
    t.dst = useWritten(op);
    t.src = useRead(op, 0);
    return t;
  }
  isa::Instruction convert(tile::ActivateOp op) {
    isa::Activate a;
    a.dst = useWritten(op);
    a.src = useRead(op, 0);
    unsigned next = 1;
    a.scale = op.getScaleTile() ? isa::ScalarOperand(useRead(op, next++)) : isa::ScalarOperand(op.getScale().convertToFloat());
    a.bias = op.getBiasTile() ? isa::ScalarOperand(useRead(op, next++)) : isa::ScalarOperand(op.getBias().convertToFloat());
    StringRef func = op.getFunc();
    a.func = parsed(isa::parseActFunc({func.data(), func.size()}), func);
    a.alpha = op.getAlpha().convertToFloat();
    a.beta = op.getBeta().convertToFloat();
    if (Value sum = op.getRowSum()) {
      a.rowSum = use(sum, pattern(sum, viewOf(tile::wholePattern(sum.getType()))));
    }
    return a;
  }
  isa::Instruction convert(tile::TensorTensorOp op) {
    isa::TensorTensor t;
    t.dst = useWritten(op);
    t.a = useRead(op, 0);
    t.b = useRead(op, 1);
    t.op = alu(op.getOp());
    return t;
  }
  isa::Instruction convert(tile::TensorScalarOp op) {
    isa::TensorScalar t;
    Type type = tile::elementTypeOf(op.getReads()[0].getType());
    t.dst = useWritten(op);
    t.src = useRead(op, 0);
    unsigned next = 1;
    t.s0 = op.getTile0() ? isa::ScalarOperand(useRead(op, next++)) : number(op.getImm0().convertToDouble(), type);
    t.s1 = op.getTile1() ? isa::ScalarOperand(useRead(op, next++)) : number(op.getImm1().convertToDouble(), type);
    t.op0 = alu(op.getOp0());
    t.op1 = alu(op.getOp1());
    t.reverse0 = op.getReverse0();
    t.reverse1 = op.getReverse1();
    return t;
  }
  isa::Instruction convert(tile::ReduceOp op) {
    isa::TensorReduce r;
    r.dst = useWritten(op);
    int64_t reduced = 1;
    r.src = use(op.getReads()[0], read(op, 0, static_cast<int64_t>(op.getReduceDims()), &reduced));
    r.op = alu(op.getOp());
    r.reduceDims = static_cast<uint8_t>(reduced);
    r.negate = op.getNegate();
    return r;
  }
  isa::Instruction convert(tile::CopyOp op) {
    isa::TensorCopy c;
    c.dst = useWritten(op);
    c.src = useRead(op, 0);
    c.round = op.getRound();
    c.saturate = op.getSaturate();
    return c;
  }
  isa::Instruction convert(tile::SelectOp op) {
    isa::Select s;
    Type type = tile::elementTypeOf(op.getResult().getType());
    s.dst = useWritten(op);
    s.pred = useRead(op, 0);
    unsigned next = 1;
    s.a = op.getTileA() ? isa::ScalarOperand(useRead(op, next++)) : number(op.getImmA().convertToDouble(), type);
    s.b = op.getTileB() ? isa::ScalarOperand(useRead(op, next++)) : number(op.getImmB().convertToDouble(), type);
    return s;
  }
  isa::Instruction convert(tile::ScanOp op) {
    isa::Scan s;
    int64_t inner = 1;
    s.src = read(op, 0, 1, &inner);
    int64_t length = s.src.dims[s.src.rank - 1].size;
    // The destination is cut into rows of the same length.
    View rows = viewOf(tile::wholePattern(op.getResult().getType()));
    int64_t count = rows.freeSize() / length;
    rows.dims = {{length, count}, {1, length}};
    s.dst = use(op.getResult(), pattern(op.getResult(), rows, 1, &inner));
    use(op.getReads()[0], s.src);
    s.op = alu(op.getOp());
    return s;
  }
  isa::Instruction convert(tile::MemsetOp op) {
    isa::Memset m;
    m.dst = useWritten(op);
    m.value = number(op.getValue().convertToDouble(), tile::elementTypeOf(op.getResult().getType()));
    return m;
  }
  isa::Instruction convert(tile::IotaOp op) {
    isa::Iota i;
    i.dst = useWritten(op);
    i.base = static_cast<int64_t>(op.getBase());
    i.channelMultiplier = static_cast<int64_t>(op.getChannelMultiplier());
    int64_t step = 1;
    int64_t steps[4] = {0, 0, 0, 0};
    for (int d = i.dst.rank - 1; d >= 0; --d) {
      steps[d] = step;
      step *= i.dst.dims[d].size;
    }
    i.step0 = steps[0];
    i.step1 = steps[1];
    i.step2 = steps[2];
    i.step3 = steps[3];
    return i;
  }
  isa::Instruction convert(tile::DmaOp op) {
    isa::DmaCopy d;
    d.dst = useWritten(op);
    d.src = useRead(op, 0);
    d.round = op.getRound();
    d.saturate = op.getSaturate();
    return d;
  }
  isa::Instruction convert(tile::GatherOp op) {
    isa::DmaGather g;
    g.dst = useWritten(op);
    auto row = static_cast<int64_t>(op.getRowElements()), rows = static_cast<int64_t>(op.getRows());
    View source = viewOf(cast<tile::AccessPatternAttr>(op.getAps()[0]));
    source.dims = {{row, rows}, {1, row}};
    g.src = use(op.getReads()[0], encode(op.getReads()[0], *compose(placement.of(op.getReads()[0]).view, source), source.dims));
    g.index = useRead(op, 1);
    return g;
  }
  isa::Instruction convert(tile::SendOp op) {
    isa::Send s;
    s.src = use(op.getValue(), pattern(op.getValue(), viewOf(tile::wholePattern(op.getValue().getType()))));
    s.channel = static_cast<uint16_t>(op.getChannel());
    return s;
  }
  isa::Instruction convert(tile::RecvOp op) {
    isa::Recv r;
    r.dst = use(op.getResult(), pattern(op.getResult(), viewOf(tile::wholePattern(op.getResult().getType()))));
    r.channel = static_cast<uint16_t>(op.getChannel());
    return r;
  }
  isa::Instruction convert(tile::CallOp op) {
    CallEntry entry;
    entry.op = op;
    auto operand = [&](Value value, Type type) {
      const Place &place = placement.of(value);
      if (!place.view.isContiguous()) {
        error = "takes tensors that lie in one piece only";
      }
      int64_t bytes = static_cast<int64_t>(dtypeSize(dtypeOf(tile::elementTypeOf(value.getType()))));
      return CallOperand{true, place.root, place.view.offset * bytes, type};
    };
    unsigned next = 0;
    for (Attribute type : op.getInputTypes()) {
      auto typed = dyn_cast<TypeAttr>(type);
      bool absent = !typed || llvm::isa<NoneType>(typed.getValue());
      if (absent) {
        entry.inputs.push_back({false, 0, 0, {}});
      } else if (next < op.getInputs().size()) {
        entry.inputs.push_back(operand(op.getInputs()[next++], typed.getValue()));
      } else {
        error = "has fewer operands than input types";
      }
    }
    for (auto [value, type] : llvm::zip(op.getOutputs(), op.getResultTypes())) {
      entry.outputs.push_back(operand(value, cast<TypeAttr>(type).getValue()));
    }
    out.calls.push_back(std::move(entry));
    isa::Call call;
    call.entry = static_cast<uint32_t>(out.calls.size() - 1);
    return call;
  }

  tile::ProgramOp program;
  Program &out;
  Placement placement;
  SmallVector<uint32_t, 4> pendingRoots;
  std::string error;
};

struct RoleVisitor {
  const Inst &inst;
  AccessFn fn;
  bool accumulates;
  unsigned next = 0;
  void pattern(const isa::PatternInfo &info, const isa::AccessPattern &ap) {
    if (ap.valid()) {
      bool reads = info.role == isa::Role::Read || (info.role == isa::Role::Update && accumulates);
      fn(inst.roots[next++], reads, info.role != isa::Role::Read);
    }
  }
  void scalar(const isa::ScalarInfo &, const isa::ScalarOperand &operand) {
    if (operand.isPattern()) {
      fn(inst.roots[next++], true, false);
    }
  }
  template <typename T>
  void immediate(const char *, const T &) {}
};

} // namespace

FailureOr<Program> ncc::memory::buildStorage(tile::ProgramOp program) {
  Program out;
  if (failed(StorageBuilder(program, out).run())) {
    return failure();
  }
  return out;
}

void ncc::memory::forEachRoot(const Program &program, const Inst &inst, AccessFn fn) {
  if (const auto *call = std::get_if<isa::Call>(&inst.inst)) {
    const CallEntry &entry = program.calls[call->entry];
    for (const CallOperand &operand : entry.inputs) {
      if (operand.present) {
        fn(operand.root, true, false);
      }
    }
    for (const CallOperand &operand : entry.outputs) {
      fn(operand.root, false, true);
    }
    return;
  }
  const auto *matmul = std::get_if<isa::Matmul>(&inst.inst);
  RoleVisitor visitor{inst, fn, !matmul || matmul->accumulate};
  std::visit([&](const auto &typed) { isa::visitFields(typed, visitor); }, inst.inst);
}

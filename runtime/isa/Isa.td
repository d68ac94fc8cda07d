//===- Part of ncc, under the Apache License 2.0. See LICENSE. ------------===//
//
// The instruction set of a core: the only place an instruction is declared. Names, limits and access rules follow the public
// NKI instruction set; the encoding is ours. To add an instruction: one record here, its semantics in
// runtime/sim/Precise*.cpp and (for speed) runtime/host, its cost in runtime/hw/CostModel.cpp.
//
//===----------------------------------------------------------------------===//

include "runtime/isa/InstructionBase.td"

def Engine : IsaEnum<["Tensor", "Vector", "Scalar", "GpSimd", "Dma", "Sync"]>;

def ActFunc : IsaEnum<[
  "copy", "abs", "neg", "exp", "log", "sqrt", "rsqrt", "reciprocal", "square", "relu", "leaky_relu", "elu",
  "selu", "celu", "sigmoid", "hard_sigmoid", "tanh", "erf", "gelu", "gelu_tanh", "silu", "softplus", "softsign",
  "mish", "hard_swish", "sign", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh",
  "atanh", "floor", "ceil", "round", "thresholded_relu", "shrink", "is_nan", "is_inf", "logical_not"]> {
  let Doc = "alpha and beta: leaky_relu x<0 ? alpha*x : x; elu alpha*(exp(x)-1); selu beta*(x<0 ? alpha*(exp(x)-1) : x); "
            "celu max(0,x)+min(0,alpha*(exp(x/alpha)-1)); hard_sigmoid clamp(alpha*x+beta, 0, 1); thresholded_relu x>alpha ? x : 0; "
            "shrink (lambda=alpha, bias=beta); gelu, silu, mish, hard_swish x*clamp(x/6+0.5,0,1) and softsign are the standard's formulas at infinities too; round is to nearest even; is_inf alpha>0 also counts -inf, beta>0 also counts +inf";
}

def AluOp : IsaEnum<[
  "bypass", "add", "sub", "mul", "div", "max", "min", "pow", "mod", "fmod", "eq", "ne", "lt", "le", "gt", "ge",
  "logical_and", "logical_or", "logical_xor", "bit_and", "bit_or", "bit_xor", "shl", "shr"]> {
  let Doc = "bypass returns the first operand; max and min propagate NaN; mod takes the sign of the divisor, fmod of the "
            "dividend; shr is arithmetic for signed and logical for unsigned types; integer division truncates and x/0 is 0";
}

def SemaphoreOp : IsaEnum<["nop", "set", "add", "clear_range"]>;

// What engines read, compute and write, and so all that lies on chip.
def EngineTypes : TypeSet<["F32", "F16", "BF16", "F8E4M3", "F8E5M2", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "Bool"]>;
// What DMA moves; it converts among EngineTypes and F64.
def MovedTypes : TypeSet<["F32", "F16", "BF16", "F64", "F8E4M3", "F8E5M2", "F8E4M3Fnuz", "F8E5M2Fnuz", "F8E8M0", "F4E2M1", "I8", "I16",
                          "I32", "I64", "I4", "I2", "U8", "U16", "U32", "U64", "U4", "U2", "Bool", "C64", "C128"]>;
def MatmulTypes : TypeSet<["F32", "F16", "BF16", "F8E4M3", "F8E5M2", "I8", "U8"]>;
def SumTypes : TypeSet<["F32", "I32"]>;
def IndexTypes : TypeSet<["I32", "I64"]>;

defvar onChip = [Sbuf, Psum];
defvar anywhere = [Sbuf, Psum, Dram];

//===----------------------------------------------------------------------===//
// Tensor engine
//===----------------------------------------------------------------------===//

def Matmul : Instruction<1, "matmul", ["Tensor"]> {
  let Members = [
    Pattern<"dst", "update", [Psum], "[M partitions][N]; f32 for float operands, i32 for 8-bit integers", 0, "SumTypes">,
    Pattern<"stationary", "read", [Sbuf], "[K partitions][M]", 0, "MatmulTypes">,
    Pattern<"moving", "read", [Sbuf], "[K partitions][N]", 0, "MatmulTypes">,
    Immediate<"bool", "accumulate", "false", "add to dst instead of overwriting it">,
    Immediate<"i32", "stationaryZero", "0", "subtracted from the stationary operand before the product; 8-bit integers only">,
    Immediate<"i32", "movingZero", "0", "subtracted from the moving operand before the product; 8-bit integers only">];
  let Checks = [
    Check<"inst.stationary.partitions == inst.moving.partitions", "stationary and moving differ in partitions (K)">,
    Check<"inst.stationary.freeSize() == inst.dst.partitions", "dst partitions differ from the stationary free size (M)">,
    Check<"inst.moving.freeSize() == inst.dst.freeSize()", "dst and moving differ in free size (N)">,
    Check<"inst.stationary.freeSize() <= spec.maxStationaryColumns", "the stationary operand has too many columns (M)">,
    Check<"inst.moving.freeSize() <= spec.maxMovingFree", "the moving operand has too many columns (N)">,
    Check<"inst.stationary.partitions <= spec.peRows", "more partitions than rows of the array (K)">,
    Check<"insideOneBank(inst.dst, spec)", "dst is not inside one PSUM bank">,
    Check<"matmulTypes(inst.stationary.dtype, inst.moving.dtype, inst.dst.dtype)",
          "operand types do not fit: floats give f32 (f32 only with f32), 8-bit integers give i32">,
    Check<"spec.matmulCycles(inst.moving.dtype) > 0", "the device multiplies no operands of this type">,
    Check<"isInteger(inst.moving.dtype) || (inst.stationaryZero == 0 && inst.movingZero == 0)",
          "zero points need 8-bit integer operands">,
    Check<"isZeroPoint(inst.stationaryZero) && isZeroPoint(inst.movingZero)", "a zero point lies outside of -32768..32767">];
  let Semantics = "dst[m][n] (+)= sum over k of (stationary[k][m]-stationaryZero) * (moving[k][n]-movingZero); floats accumulate in fp32, integers in i32 (wrapping)";
  let Cost = "max(min(64, M), N) tensor cycles times the factor of the type";
}

def Transpose : Instruction<2, "transpose", ["Tensor"]> {
  let Members = [
    Pattern<"dst", "write", [Psum], "[F partitions][P]">,
    Pattern<"src", "read", [Sbuf], "[P partitions][F]">];
  let Checks = [
    Check<"inst.src.freeSize() == inst.dst.partitions && inst.dst.freeSize() == inst.src.partitions",
          "dst is not the transposed shape of src">,
    Check<"inst.src.dtype == inst.dst.dtype", "a transpose preserves the type">,
    Check<"insideOneBank(inst.dst, spec)", "dst is not inside one PSUM bank">];
  let Semantics = "dst[f][p] = src[p][f], bits preserved";
  let Cost = "max(P, min(64, F)) tensor cycles";
}

//===----------------------------------------------------------------------===//
// Scalar, vector and GpSimd engines
//===----------------------------------------------------------------------===//

def Activate : Instruction<3, "activate", ["Scalar"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "result">,
    Pattern<"src", "read", onChip, "argument">,
    ScalarOrPattern<"scale", 1, "multiplies src", "1.0f">,
    ScalarOrPattern<"bias", 1, "is added to src*scale", "0.0f">,
    Immediate<"ActFunc", "func", "ActFunc::copy", "applied to src*scale+bias">,
    Immediate<"f32", "alpha", "0.0f", "parameter of the function">,
    Immediate<"f32", "beta", "0.0f", "parameter of the function">,
    Pattern<"rowSum", "write", onChip, "[P][1]: sum of the fp32 results of each partition", 1>];
  let Checks = [Check<"sameTile(inst.dst, inst.src)", "dst and src differ in partitions or free size">,
                Check<"!inst.rowSum.valid() || perPartition(inst.rowSum, inst.dst)", "rowSum is not one element per partition of dst">];
  let Semantics = "dst = func(src*scale + bias) in fp32 (src*scale rounded, then the sum; a bias that is the number 0 is not added); rowSum[p] = sum over the free pattern, before the cast";
  let Cost = "max(64, N) scalar cycles, +64 with rowSum";
}

def TensorTensor : Instruction<4, "tensor_tensor", ["Vector", "GpSimd"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "result">,
    Pattern<"a", "read", onChip, "left operand">,
    Pattern<"b", "read", onChip, "right operand">,
    Immediate<"AluOp", "op", "AluOp::add", "operation">];
  let Checks = [Check<"sameTile(inst.dst, inst.a) && sameTile(inst.dst, inst.b)", "operands differ in partitions or free size">];
  let Semantics = "dst = op(a, b)";
  let Cost = "max(64, N) cycles if an operand is in PSUM or all are bf16 in SBUF with add, sub or mul; else 2N";
}

def TensorScalar : Instruction<5, "tensor_scalar", ["Vector", "Scalar", "GpSimd"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "result">,
    Pattern<"src", "read", onChip, "tile operand">,
    ScalarOrPattern<"s0", 1, "scalar operand of op0", "0.0f">,
    ScalarOrPattern<"s1", 1, "scalar operand of op1", "0.0f">,
    Immediate<"AluOp", "op0", "AluOp::add", "first operation">,
    Immediate<"AluOp", "op1", "AluOp::bypass", "second operation">,
    Immediate<"bool", "reverse0", "false", "s0 is the left operand of op0">,
    Immediate<"bool", "reverse1", "false", "s1 is the left operand of op1">];
  let Checks = [Check<"sameTile(inst.dst, inst.src)", "dst and src differ in partitions or free size">];
  let Semantics = "dst = op1(op0(src, s0), s1)";
  let Cost = "max(64, N) cycles";
}

def TensorReduce : Instruction<6, "tensor_reduce", ["Vector"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "[P][outer]">,
    Pattern<"src", "read", onChip, "[P][outer][reduced]">,
    Immediate<"AluOp", "op", "AluOp::add", "add, max, min or mul">,
    Immediate<"u8", "reduceDims", "1", "how many innermost free dims of src are reduced">,
    Immediate<"bool", "negate", "false", "negate the result">];
  let Checks = [
    Check<"inst.op == AluOp::add || inst.op == AluOp::max || inst.op == AluOp::min || inst.op == AluOp::mul",
          "only add, max, min and mul reduce">,
    Check<"inst.reduceDims >= 1 && inst.reduceDims <= inst.src.rank", "reduceDims exceeds the rank of src">,
    Check<"inst.dst.partitions == inst.src.partitions && inst.dst.freeSize() == outerSize(inst.src, inst.reduceDims)",
          "dst does not hold one element per reduced row">];
  let Semantics = "dst[p][o] = (negate) reduce over the innermost dims of src[p][o], sequentially in row-major order";
  let Cost = "max(64, N) vector cycles, N/2 for bf16 add and max";
}

def TensorCopy : Instruction<7, "tensor_copy", ["Vector", "Scalar", "GpSimd"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "result">,
    Pattern<"src", "read", onChip, "source">,
    Immediate<"bool", "round", "false", "float to integer rounds to nearest even instead of toward zero">,
    Immediate<"bool", "saturate", "false", "values outside the integer range clamp instead of wrapping">];
  let Checks = [Check<"sameTile(inst.dst, inst.src)", "dst and src differ in partitions or free size">];
  let Semantics = "dst = cast(src); exact where both types are integers (two's complement wrap unless saturate)";
  let Cost = "max(64, N) cycles";
}

def Select : Instruction<8, "select", ["Vector"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "result">,
    Pattern<"pred", "read", onChip, "condition, any type">,
    ScalarOrPattern<"a", 0, "taken where pred != 0", "0.0f">,
    ScalarOrPattern<"b", 0, "taken elsewhere", "0.0f">];
  let Checks = [Check<"sameTile(inst.dst, inst.pred) && tileOrNumber(inst.a, inst.dst) && tileOrNumber(inst.b, inst.dst)",
                      "operands differ in partitions or free size">];
  let Semantics = "dst = pred != 0 ? a : b";
  let Cost = "N vector cycles if SBUF and PSUM are mixed, else 2N";
}

def Scan : Instruction<9, "scan", ["Vector"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "result">,
    Pattern<"src", "read", onChip, "source">,
    Immediate<"AluOp", "op", "AluOp::add", "add, mul, max or min">];
  let Checks = [
    Check<"sameTile(inst.dst, inst.src)", "dst and src differ in partitions or free size">,
    Check<"inst.src.rank >= 1 && inst.dst.rank >= 1 && inst.src.dims[inst.src.rank-1].size == inst.dst.dims[inst.dst.rank-1].size",
          "dst and src differ in the innermost dim">,
    Check<"inst.op == AluOp::add || inst.op == AluOp::max || inst.op == AluOp::min || inst.op == AluOp::mul",
          "only add, max, min and mul scan">];
  let Semantics = "dst[0] = src[0]; dst[i] = op(dst[i-1], src[i]) along the innermost dim, carried in fp32 (integers: i64)";
  let Cost = "2N vector cycles";
}

def Memset : Instruction<10, "memset", ["Vector", "GpSimd"]> {
  let Members = [
    Pattern<"dst", "write", onChip, "filled">,
    ScalarOrPattern<"value", 1, "a number", "0.0f">];
  let Checks = [Check<"!inst.value.isPattern()", "memset takes a number">];
  let Semantics = "dst = value";
  let Cost = "max(64, N) cycles, N/2 for a 16-bit zero";
}

def Iota : Instruction<11, "iota", ["GpSimd"]> {
  let Members = [
    Pattern<"dst", "write", [Sbuf], "filled">,
    Immediate<"i64", "base", "0", "first value">,
    Immediate<"i64", "channelMultiplier", "0", "added per partition">,
    Immediate<"i64", "step0", "0", "added per step of dst dim 0 (outermost)">,
    Immediate<"i64", "step1", "0", "added per step of dst dim 1">,
    Immediate<"i64", "step2", "0", "added per step of dst dim 2">,
    Immediate<"i64", "step3", "0", "added per step of dst dim 3">];
  let Semantics = "dst[p][i0][i1]... = base + channelMultiplier*p + step0*i0 + step1*i1 + ...; p counts from the first partition of dst";
  let Cost = "150 + N GpSimd cycles";
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

def DmaCopy : Instruction<12, "dma_copy", ["Dma"]> {
  let AlignedPartitions = 0;
  let Members = [
    Pattern<"dst", "write", [Sbuf, Dram], "destination", 0, "MovedTypes">,
    Pattern<"src", "read", [Sbuf, Dram], "source", 0, "MovedTypes">,
    Immediate<"bool", "round", "false", "float to integer rounds to nearest even instead of toward zero">,
    Immediate<"bool", "saturate", "false", "values outside the integer range clamp instead of wrapping">];
  let Checks = [Check<"inst.dst.totalSize() == inst.src.totalSize()", "dst and src differ in size">,
                Check<"movable(inst.dst.dtype, inst.src.dtype)", "there is no conversion between the types of dst and src">];
  let Semantics = "dst = cast(src) element by element in row-major order (partition first on chip)";
  let Cost = "start + bytes / (rate of the contiguous run)";
}

def DmaGather : Instruction<13, "dma_gather", ["Dma"]> {
  let AlignedPartitions = 0;
  let Members = [
    Pattern<"dst", "write", [Sbuf, Dram], "[indices][row]", 0, "MovedTypes">,
    Pattern<"src", "read", [Dram], "dims[0] runs over the rows (its size is the limit), the other dims over a row", 0, "MovedTypes">,
    Pattern<"index", "read", [Sbuf, Dram], "i32 or i64 row numbers", 0, "IndexTypes">];
  let Checks = [
    Check<"inst.src.rank >= 1", "src has no row dim">,
    Check<"movable(inst.dst.dtype, inst.src.dtype)", "there is no conversion between the types of dst and src">,
    Check<"sizesMultiply(inst.dst, inst.index, rowSize(inst.src))", "dst does not hold one row per index">];
  let Semantics = "dst row i = src row index[i]; a negative index counts from the end, one out of range gives a row of zeros and sets the out-of-bound flag of the inference";
  let Cost = "start + one descriptor per row";
}

def DmaScatter : Instruction<14, "dma_scatter", ["Dma"]> {
  let AlignedPartitions = 0;
  let Members = [
    Pattern<"dst", "update", [Dram], "dims[0] runs over the rows, the other dims over a row", 0, "MovedTypes">,
    Pattern<"src", "read", [Sbuf, Dram], "[indices][row]", 0, "MovedTypes">,
    Pattern<"index", "read", [Sbuf, Dram], "i32 or i64 row numbers", 0, "IndexTypes">,
    Immediate<"AluOp", "op", "AluOp::bypass", "bypass replaces the row, add, max, min and mul combine with it">];
  let Checks = [
    Check<"inst.dst.rank >= 1", "dst has no row dim">,
    Check<"movable(inst.dst.dtype, inst.src.dtype)", "there is no conversion between the types of dst and src">,
    Check<"inst.op == AluOp::bypass || computes(inst.dst.dtype)", "rows of this type can be replaced only">,
    Check<"sizesMultiply(inst.src, inst.index, rowSize(inst.dst))", "src does not hold one row per index">,
    Check<"inst.op == AluOp::bypass || inst.op == AluOp::add || inst.op == AluOp::max || inst.op == AluOp::min || inst.op == AluOp::mul",
          "only bypass, add, max, min and mul scatter">];
  let Semantics = "dst row index[i] = op(dst row, src row i) in the order of i; negative and out-of-range indices as in dma_gather (out of range: not written)";
  let Cost = "start + one descriptor per row";
}

def Send : Instruction<15, "send", ["Dma"]> {
  let AlignedPartitions = 0;
  let Members = [
    Pattern<"src", "read", [Sbuf, Dram], "source", 0, "MovedTypes">,
    Immediate<"u16", "channel", "0", "channel of the program">,
    Immediate<"u64", "slotOffset", "0", "byte in the slot where the packed elements go">];
  let Checks = [Check<"sends(program, inst.channel)", "this core sends on no such channel, and on none during init">,
                Check<"fitsSlot(program, inst.channel, inst.slotOffset, inst.src)", "it does not fit a slot of the channel">];
  let Semantics = "packs src in row-major order into the slot of this inference of the channel";
  let Cost = "link latency + bytes / link rate";
}

def Recv : Instruction<16, "recv", ["Dma"]> {
  let AlignedPartitions = 0;
  let Members = [
    Pattern<"dst", "write", [Sbuf, Dram], "destination", 0, "MovedTypes">,
    Immediate<"u16", "channel", "0", "channel of the program">,
    Immediate<"u64", "slotOffset", "0", "byte in the slot where the packed elements are">];
  let Checks = [Check<"receives(program, inst.channel)", "this core receives on no such channel, and on none during init">,
                Check<"fitsSlot(program, inst.channel, inst.slotOffset, inst.dst)", "it does not fit a slot of the channel">];
  let Semantics = "unpacks the slot of this inference of the channel, waiting until the sender has finished it";
  let Cost = "bytes / DMA rate";
}

//===----------------------------------------------------------------------===//
// Firmware and synchronisation
//===----------------------------------------------------------------------===//

def Call : Instruction<17, "call", ["GpSimd"]> {
  let Members = [Immediate<"u32", "entry", "0", "index into the program's table of calls">];
  let Checks = [Check<"mayCall(program, inst.entry)", "it names no entry of the table, or during init one on inputs or outputs">];
  let Semantics = "runs a named kernel of runtime/ops on whole row-major DRAM tensors";
  let Cost = "by kernel and bytes";
}

def Semaphore : Instruction<18, "semaphore", ["Tensor", "Vector", "Scalar", "GpSimd", "Dma", "Sync"]> {
  let Members = [
    Immediate<"SemaphoreOp", "op", "SemaphoreOp::nop", "what to do after the waits of the header">,
    Immediate<"u16", "semaphore", "0", "first semaphore">,
    Immediate<"u16", "count", "1", "semaphores touched by clear_range">,
    Immediate<"u32", "value", "0", "operand of set and add">];
  let Checks = [Check<"inst.count >= 1 && int64_t{inst.semaphore} + inst.count <= spec.semaphores", "no such semaphore">];
  let Semantics = "waits as its header says, then sets, adds to or clears semaphores";
  let Cost = "issue only";
}

def Nop : Instruction<19, "nop", ["Tensor", "Vector", "Scalar", "GpSimd", "Dma", "Sync"]> {
  let Semantics = "carries waits and signals only";
  let Cost = "issue only";
}

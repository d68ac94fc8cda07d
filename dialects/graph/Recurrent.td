// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Recurrent layers with ONNX's operand layout: x[T,B,I], w[D,G*H,I], r[D,G*H,H], bias[D,2*G*H], states [D,B,H].
#ifndef NCC_DIALECTS_GRAPH_RECURRENT_TD
#define NCC_DIALECTS_GRAPH_RECURRENT_TD

include "dialects/graph/GraphBase.td"

class Graph_RecurrentOp<string mnemonic> : Graph_InferredOp<mnemonic, [AttrSizedOperandSegments]>;

def Graph_LstmOp : Graph_RecurrentOp<"lstm"> {
  let summary = "ONNX LSTM: gates i, o, f, c; results y[T,D,B,H], y_h[D,B,H], y_c[D,B,H]";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$w, Graph_Tensor:$r, Optional<Graph_Tensor>:$bias,
                       Optional<Graph_Tensor>:$lengths, Optional<Graph_Tensor>:$initial_h,
                       Optional<Graph_Tensor>:$initial_c, Optional<Graph_Tensor>:$peepholes,
                       Graph_Direction:$direction, Graph_Int:$hidden_size, DefaultValuedAttr<StrArrayAttr, "{}">:$activations,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$activation_alpha,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$activation_beta, Graph_OptFloat<"0.0">:$clip,
                       Graph_Flag:$input_forget);
  let results = (outs Graph_Tensor:$y, Graph_Tensor:$y_h, Graph_Tensor:$y_c);
  let assemblyFormat = [{
    $direction $x `,` $w `,` $r (`bias` `(` $bias^ `)`)? (`lengths` `(` $lengths^ `)`)?
    (`initial_h` `(` $initial_h^ `)`)? (`initial_c` `(` $initial_c^ `)`)? (`peepholes` `(` $peepholes^ `)`)?
    `hidden_size` `=` $hidden_size attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_GruOp : Graph_RecurrentOp<"gru"> {
  let summary = "ONNX GRU: gates z, r, h; results y[T,D,B,H], y_h[D,B,H]";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$w, Graph_Tensor:$r, Optional<Graph_Tensor>:$bias,
                       Optional<Graph_Tensor>:$lengths, Optional<Graph_Tensor>:$initial_h,
                       Graph_Direction:$direction, Graph_Int:$hidden_size, DefaultValuedAttr<StrArrayAttr, "{}">:$activations,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$activation_alpha,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$activation_beta, Graph_OptFloat<"0.0">:$clip,
                       Graph_Flag:$linear_before_reset);
  let results = (outs Graph_Tensor:$y, Graph_Tensor:$y_h);
  let assemblyFormat = [{
    $direction $x `,` $w `,` $r (`bias` `(` $bias^ `)`)? (`lengths` `(` $lengths^ `)`)?
    (`initial_h` `(` $initial_h^ `)`)? `hidden_size` `=` $hidden_size attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_RnnOp : Graph_RecurrentOp<"rnn"> {
  let summary = "ONNX RNN: one gate; results y[T,D,B,H], y_h[D,B,H]";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$w, Graph_Tensor:$r, Optional<Graph_Tensor>:$bias,
                       Optional<Graph_Tensor>:$lengths, Optional<Graph_Tensor>:$initial_h,
                       Graph_Direction:$direction, Graph_Int:$hidden_size, DefaultValuedAttr<StrArrayAttr, "{}">:$activations,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$activation_alpha,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$activation_beta, Graph_OptFloat<"0.0">:$clip);
  let results = (outs Graph_Tensor:$y, Graph_Tensor:$y_h);
  let assemblyFormat = [{
    $direction $x `,` $w `,` $r (`bias` `(` $bias^ `)`)? (`lengths` `(` $lengths^ `)`)?
    (`initial_h` `(` $initial_h^ `)`)? `hidden_size` `=` $hidden_size attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_RECURRENT_TD

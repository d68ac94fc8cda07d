// RUN: ncc-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{logical_not needs i1 elements}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.unary logical_not %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{bitwise_not needs integer elements}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.unary bitwise_not %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xi32>) {
  // expected-error @+2 {{exp has no form for 'i32' elements}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.unary exp %x : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @f(%x: tensor<?xf32>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of any type values, but got 'tensor<?xf32>'}}
  %0 = graph.unary exp %x : (tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<2xf32>' are incompatible with return type(s) of operation 'tensor<3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.unary exp %x : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @+2 {{shapes 2 and 3 do not broadcast}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.binary add %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2xf16>) {
  // expected-error @+2 {{operand element types differ: 'f32' and 'f16'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.binary add %x, %y : (tensor<2xf32>, tensor<2xf16>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+2 {{and has no form for 'f32' elements}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.binary and %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2x2xf32>) {
  // expected-error @+2 {{prelu's slope must broadcast to its input}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.binary prelu %x, %y : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+2 {{the condition must be i1, is 'f32'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.select %x, %x, %x : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{must keep the shape}}
  %0 = graph.cast %x : (tensor<2xf32>) -> tensor<3xf16>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axis 2 is outside a tensor of rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.reduce sum %x axes = [2] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axes must ascend}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.reduce sum %x axes = [1, 0] : (tensor<2x3xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @f(%x: tensor<2x0xf32>) {
  // expected-error @+2 {{cannot take an extreme of an empty axis}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.arg_reduce max %x axis = 1 : (tensor<2x0xf32>) -> tensor<2x1xi64>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axis -1 is outside a tensor of rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.cumsum %x axis = -1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{k = 4 is outside an axis of size 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:2 = graph.topk %x k = 4 axis = 1 : (tensor<2x3xf32>) -> (tensor<2x4xf32>, tensor<2x4xi64>)
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{contracted sizes differ: 3 and 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<f32>) {
  // expected-error @+2 {{matmul operands need at least one dim}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<2x2xf32>) {
  // expected-error @+2 {{zero points need 8-bit integer operands}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %x a_zero_point = 3 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x2xf32>, %y: tensor<2x2xf16>) {
  // expected-error @+2 {{operand element types differ: 'f32' and 'f16'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<2x2xf32>, tensor<2x2xf16>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x2xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<2x2xf32>' are incompatible with return type(s) of operation 'tensor<2x2xi32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %x : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @f(%x: tensor<1x4xf32>) {
  // expected-error @+2 {{conv needs x[N,C,spatial...] and w[M,C/group,kernel...] of one rank, has 1x4 and 1x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %x strides = [] pads = [] dilations = [] : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xi32>) {
  // expected-error @+2 {{conv has no form for 'i32' elements}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %x strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x4x8xi32>, tensor<1x4x8xi32>) -> tensor<1x1x1xi32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<2x3x3xf32>) {
  // expected-error @+2 {{channels do not match: x has 4, w is 2x3x3 in 1 groups}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x4x8xf32>, tensor<2x3x3xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<2x4x3xf32>) {
  // expected-error @+2 {{strides needs 1 entries, has 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %w strides = [1, 1] pads = [0, 0] dilations = [1] : (tensor<1x4x8xf32>, tensor<2x4x3xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<2x4x3xf32>) {
  // expected-error @+2 {{strides holds 0, which is out of range}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %w strides = [0] pads = [0, 0] dilations = [1] : (tensor<1x4x8xf32>, tensor<2x4x3xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x2xf32>, %w: tensor<2x4x3xf32>) {
  // expected-error @+2 {{a window of 3 does not fit a padded size of 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x4x2xf32>, tensor<2x4x3xf32>) -> tensor<1x2x1xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<2x4x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+2 {{the bias must have one entry for each of 2 output channels}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %w, %b strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x4x8xf32>, tensor<2x4x3xf32>, tensor<3xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4xf32>) {
  // expected-error @+2 {{conv_transpose needs x[N,C,spatial...] and w[C,M/group,kernel...] of one rank}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv_transpose %x, %x strides = [] pads = [] output_padding = [] dilations = [] : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xi8>) {
  // expected-error @+2 {{conv_transpose has no form for 'i8' elements}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv_transpose %x, %x strides = [1] pads = [0, 0] output_padding = [0] dilations = [1] : (tensor<1x4x8xi8>, tensor<1x4x8xi8>) -> tensor<1x4x8xi32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<3x2x3xf32>) {
  // expected-error @+2 {{channels do not match: x has 4, w is 3x2x3 in 1 groups}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv_transpose %x, %w strides = [1] pads = [0, 0] output_padding = [0] dilations = [1] : (tensor<1x4x8xf32>, tensor<3x2x3xf32>) -> tensor<1x2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<1x3x1xf32>, %w: tensor<3x2x3xf32>) {
  // expected-error @+2 {{the padding leaves an empty output}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv_transpose %x, %w strides = [1] pads = [2, 2] output_padding = [0] dilations = [1] : (tensor<1x3x1xf32>, tensor<3x2x3xf32>) -> tensor<1x2x1xf32>
  return
}

// -----

func.func @f(%x: tensor<4x4xf32>) {
  // expected-error @+2 {{pooling needs x[N,C,spatial...], has 4x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pool max %x kernel = [] strides = [] pads = [] dilations = [] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x4xf32>) {
  // expected-error @+2 {{extra needs 1 entries, has 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pool average %x kernel = [2] strides = [2] pads = [0, 0] dilations = [1] extra = [1, 1] : (tensor<1x4x4xf32>) -> tensor<1x4x2xf32>
  return
}

// -----

func.func @f(%q: tensor<2x5x8xf32>) {
  // expected-error @+2 {{attention needs operands of rank 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.attention %q, %q, %q scale = 1.0 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return
}

// -----

func.func @f(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x5x4xf32>) {
  // expected-error @+2 {{attention shapes do not match: 1x2x5x8, 1x2x5x4, 1x2x5x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.attention %q, %k, %k scale = 1.0 : (tensor<1x2x5x8xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
  return
}

// -----

func.func @f(%q: tensor<1x3x5x8xf32>, %k: tensor<1x2x5x8xf32>) {
  // expected-error @+2 {{3 query heads are not a multiple of 2 key heads}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.attention %q, %k, %k scale = 1.0 : (tensor<1x3x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x3x5x8xf32>
  return
}

// -----

func.func @f(%q: tensor<1x2x5x8xf32>, %m: tensor<2x1x1x5xf32>) {
  // expected-error @+2 {{the mask does not broadcast to 1x2x5x5}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.attention %q, %q, %q, %m scale = 1.0 : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<2x1x1x5xf32>) -> tensor<1x2x5x8xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axis 2 is outside a tensor of rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.softmax %x axis = 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %s: tensor<2x3xf32>) {
  // expected-error @+2 {{scale and bias must broadcast to the normalized dims 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.layer_norm %x, %s axis = 1 epsilon = 0.1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error @+2 {{lrn needs a channel dim and a positive size}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.lrn %x size = 1 alpha = 1.0 beta = 1.0 bias = 1.0 : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{must keep the number of elements}}
  %0 = graph.reshape %x : (tensor<2x3xf32>) -> tensor<7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{must keep the element type}}
  %0 = graph.reshape %x : (tensor<2x3xf32>) -> tensor<6xi32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{perm is not a permutation of 2 dims}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.transpose %x perm = [0, 0] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{offsets, strides and result must have the rank of x}}
  %0 = graph.slice %x offsets = [0] strides = [1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{reads outside dim 1 of size 3}}
  %0 = graph.slice %x offsets = [0, 2] strides = [1, 1] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{concat needs an operand}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.concat axis = 0 : () -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error @+2 {{operands of types 'tensor<2x3xf32>' and 'tensor<2x4xf32>' cannot be joined along axis 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.concat %x, %y axis = 0 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+2 {{cropping removes more than dim 0 has}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pad %x low = [-3] high = [0] : (tensor<2xf32>) -> tensor<0xf32>
  return
}

// -----

func.func @f(%x: tensor<0xf32>) {
  // expected-error @+2 {{cannot repeat the border of the empty dim 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pad %x low = [1] high = [0] mode = edge : (tensor<0xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+2 {{low needs 1 entries, has 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pad %x low = [1, 2] high = [0] : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{x does not broadcast to 3}}
  %0 = graph.expand %x : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{must keep the rank}}
  %0 = graph.resize linear %x coordinates = asymmetric scales = [1.0] : (tensor<2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{scales needs one entry per dim}}
  %0 = graph.resize linear %x coordinates = asymmetric scales = [1.0, 2.0] : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{roi needs two entries per dim}}
  %0 = graph.resize linear %x coordinates = asymmetric scales = [1.0] roi = [1.0] : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<1x1x4x4xf32>, %g: tensor<1x4x4x3xf32>) {
  // expected-error @+2 {{grid 1x4x4x3 does not sample x 1x1x4x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.grid_sample linear %x, %g padding = zeros : (tensor<1x1x4x4xf32>, tensor<1x4x4x3xf32>) -> tensor<1x1x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>, %l: tensor<3xi64>) {
  // expected-error @+2 {{lengths must have one entry per batch element}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.reverse_sequence %x, %l batch_axis = 1 time_axis = 0 : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+2 {{indices must be i32 or i64, are 'f32'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.gather %x, %x axis = 0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2x2xi64>) {
  // expected-error @+2 {{indices 2x2 do not address data 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.gather_elements %x, %i axis = 0 : (tensor<4xf32>, tensor<2x2xi64>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2x2xi64>) {
  // expected-error @+2 {{indices 2x2 do not address data 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.gather_nd %x, %i : (tensor<4xf32>, tensor<2x2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error @+2 {{updates must have the shape of indices and the element type of data}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.scatter_elements %x, %i, %x axis = 0 : (tensor<4xf32>, tensor<2xi64>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2x1xi64>) {
  // expected-error @+2 {{updates must have shape 2 and the element type of data}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.scatter_nd %x, %i, %x : (tensor<4xf32>, tensor<2x1xi64>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2x3xi64>) {
  // expected-error @+2 {{indices 2x3 do not address data 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.scatter_nd %x, %i, %x : (tensor<4xf32>, tensor<2x3xi64>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%i: tensor<4xi64>, %v: tensor<2xf32>) {
  // expected-error @+1 {{the result has one dim more than the indices, at axis}}
  %0 = graph.one_hot %i, %v axis = 2 : (tensor<4xi64>, tensor<2xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%i: tensor<4xi64>, %v: tensor<2xf32>) {
  // expected-error @+1 {{the result's other dims must be those of the indices}}
  %0 = graph.one_hot %i, %v axis = 1 : (tensor<4xi64>, tensor<2xf32>) -> tensor<5x3xf32>
  return
}

// -----

func.func @f(%i: tensor<4xi64>, %v: tensor<3xf32>) {
  // expected-error @+1 {{values must be the off and the on value, of the result's element type}}
  %0 = graph.one_hot %i, %v axis = 1 : (tensor<4xi64>, tensor<3xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{must keep the shape}}
  %0 = graph.quantize %x, %s : (tensor<4xf32>, tensor<f32>) -> tensor<5xi8>
  return
}

// -----

func.func @f(%x: tensor<2x4xf32>, %s: tensor<3xf32>) {
  // expected-error @+1 {{scale 3 does not fit x 2x4}}
  %0 = graph.quantize %x, %s axis = 1 : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xi8>
  return
}

// -----

func.func @f(%x: tensor<2x4xi8>, %s: tensor<f32>, %z: tensor<ui8>) {
  // expected-error @+1 {{the zero point must have the shape of the scale and the quantized element type}}
  %0 = graph.dequantize %x, %s, %z : (tensor<2x4xi8>, tensor<f32>, tensor<ui8>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<3x4xf32>, %w: tensor<1x20x4xf32>, %r: tensor<1x20x5xf32>) {
  // expected-error @+2 {{x must be [time, batch, input], is 3x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:2 = graph.gru forward %x, %w, %r hidden_size = 5 : (tensor<3x4xf32>, tensor<1x20x4xf32>, tensor<1x20x5xf32>) -> (tensor<3x1x2x5xf32>, tensor<1x2x5xf32>)
  return
}

// -----

func.func @f(%x: tensor<3x2x4xf32>, %w: tensor<1x20x4xf32>, %r: tensor<1x20x5xf32>) {
  // expected-error @+2 {{hidden_size 0 is out of range}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:2 = graph.gru forward %x, %w, %r hidden_size = 0 : (tensor<3x2x4xf32>, tensor<1x20x4xf32>, tensor<1x20x5xf32>) -> (tensor<3x1x2x5xf32>, tensor<1x2x5xf32>)
  return
}

// -----

func.func @f(%x: tensor<3x2x4xf32>, %w: tensor<1x20x4xf32>, %r: tensor<1x20x5xf32>) {
  // expected-error @+2 {{w must have shape 1x15x4, has 1x20x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:2 = graph.gru forward %x, %w, %r hidden_size = 5 : (tensor<3x2x4xf32>, tensor<1x20x4xf32>, tensor<1x20x5xf32>) -> (tensor<3x1x2x5xf32>, tensor<1x2x5xf32>)
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{must yield values of its result types}}
  %0 = graph.fusion(%a = %x : tensor<2xf32>) -> (tensor<3xf32>) {
    graph.yield %a : tensor<2xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{may hold graph ops only, has 'func.call'}}
  graph.fusion(%a = %x : tensor<2xf32>) -> () {
    func.call @g() : () -> ()
    graph.yield
  }
  return
}
func.func private @g()

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{block arguments must have the types of the inputs}}
  %0 = "graph.fusion"(%x) ({
  ^bb0(%a: tensor<3xf32>):
    "graph.yield"(%a) : (tensor<3xf32>) -> ()
  }) : (tensor<2xf32>) -> tensor<3xf32>
  return
}

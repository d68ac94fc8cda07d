// RUN: ncc-opt %s --split-input-file --verify-diagnostics

func.func @bitcast_shape(%x: tensor<2xf32>) -> tensor<3xi32> {
  // expected-error @+1 {{must keep the shape}}
  %0 = graph.bitcast %x : (tensor<2xf32>) -> tensor<3xi32>
  return %0 : tensor<3xi32>
}
// -----
func.func @bitcast_size(%x: tensor<2xf32>) -> tensor<2xi64> {
  // expected-error @+1 {{needs element types of the same size}}
  %0 = graph.bitcast %x : (tensor<2xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}
// -----
func.func @det(%x: tensor<2x3xf32>) -> tensor<f32> {
  // expected-error @+2 {{needs square matrices of floats}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.det %x : (tensor<2x3xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}
// -----
func.func @random() -> tensor<2xi32> {
  // expected-error @+1 {{draws floats}}
  %0 = graph.random stream = 1 : tensor<2xi32>
  return %0 : tensor<2xi32>
}
// -----
func.func @cast(%x: tensor<2xf32>) -> tensor<2xf16> {
  // expected-error @+1 {{rounds up, down or nearest}}
  %0 = graph.cast %x {round_mode = "odd"} : (tensor<2xf32>) -> tensor<2xf16>
  return %0 : tensor<2xf16>
}
// -----
func.func @tfidf_type(%x: tensor<5xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{counts integers in rows and gives f32}}
  %0 = graph.tfidf %x {mode = "TF", min_gram = 1 : i64, max_gram = 1 : i64, max_skip = 0 : i64, ngram_counts = array<i64: 0>,
    ngram_indexes = array<i64: 0, 1>, pool = array<i64: 5, 6>} : (tensor<5xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// -----
func.func @tfidf_mode(%x: tensor<5xi32>) -> tensor<2xf32> {
  // expected-error @+1 {{has mode TF, IDF or TFIDF}}
  %0 = graph.tfidf %x {mode = "X", min_gram = 1 : i64, max_gram = 1 : i64, max_skip = 0 : i64, ngram_counts = array<i64: 0>,
    ngram_indexes = array<i64: 0, 1>, pool = array<i64: 5, 6>} : (tensor<5xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// -----
func.func @tfidf_lengths(%x: tensor<5xi32>) -> tensor<2xf32> {
  // expected-error @+1 {{has gram lengths that its pool does not have}}
  %0 = graph.tfidf %x {mode = "TF", min_gram = 1 : i64, max_gram = 2 : i64, max_skip = 0 : i64, ngram_counts = array<i64: 0>,
    ngram_indexes = array<i64: 0, 1>, pool = array<i64: 5, 6>} : (tensor<5xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// -----
func.func @tfidf_counts(%x: tensor<5xi32>) -> tensor<2xf32> {
  // expected-error @+1 {{has n-gram counts outside its pool}}
  %0 = graph.tfidf %x {mode = "TF", min_gram = 1 : i64, max_gram = 1 : i64, max_skip = 0 : i64, ngram_counts = array<i64: 4>,
    ngram_indexes = array<i64: 0, 1>, pool = array<i64: 5, 6>} : (tensor<5xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// -----
func.func @tfidf_indexes(%x: tensor<5xi32>) -> tensor<2xf32> {
  // expected-error @+1 {{needs an index, and a weight when there are weights, per n-gram}}
  %0 = graph.tfidf %x {mode = "TF", min_gram = 1 : i64, max_gram = 1 : i64, max_skip = 0 : i64, ngram_counts = array<i64: 0>,
    ngram_indexes = array<i64: 0>, pool = array<i64: 5, 6>} : (tensor<5xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// -----
func.func @tfidf_result(%x: tensor<5xi32>) -> tensor<1xf32> {
  // expected-error @+1 {{gives a row of counts per row of x}}
  %0 = graph.tfidf %x {mode = "TF", min_gram = 1 : i64, max_gram = 1 : i64, max_skip = 0 : i64, ngram_counts = array<i64: 0>,
    ngram_indexes = array<i64: 0, 1>, pool = array<i64: 5, 6>} : (tensor<5xi32>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}
// -----
func.func @roi_image(%x: tensor<2x8x8xf32>, %rois: tensor<3x4xf32>, %where: tensor<3xi64>) -> tensor<3x2x2x2xf32> {
  // expected-error @+2 {{needs a float image [N,C,H,W]}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.roi_align %x, %rois, %where height = 2 width = 2 : (tensor<2x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x2x2x2xf32>
  return %0 : tensor<3x2x2x2xf32>
}
// -----
func.func @roi_indices(%x: tensor<1x2x8x8xf32>, %rois: tensor<3x4xf32>, %where: tensor<2xi64>) -> tensor<3x2x2x2xf32> {
  // expected-error @+2 {{needs one integer image index per region}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.roi_align %x, %rois, %where height = 2 width = 2 : (tensor<1x2x8x8xf32>, tensor<3x4xf32>, tensor<2xi64>) -> tensor<3x2x2x2xf32>
  return %0 : tensor<3x2x2x2xf32>
}
// -----
func.func @roi_columns(%x: tensor<1x2x8x8xf32>, %rois: tensor<3x4xf32>) -> tensor<3x2x2x2xf32> {
  // expected-error @+2 {{regions must be rows of 5 numbers of the image's type}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_roi_pool %x, %rois height = 2 width = 2 : (tensor<1x2x8x8xf32>, tensor<3x4xf32>) -> tensor<3x2x2x2xf32>
  return %0 : tensor<3x2x2x2xf32>
}
// -----
func.func @roi_size(%x: tensor<1x2x8x8xf32>, %rois: tensor<3x5xf32>) -> tensor<3x2x2x2xf32> {
  // expected-error @+2 {{the pooled size must be positive}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_roi_pool %x, %rois height = 0 width = 2 : (tensor<1x2x8x8xf32>, tensor<3x5xf32>) -> tensor<3x2x2x2xf32>
  return %0 : tensor<3x2x2x2xf32>
}
// -----
func.func @deform_image(%x: tensor<2x8x8xf32>, %offset: tensor<1x8x7x7xf32>) -> tensor<1x8x49xf32> {
  // expected-error @+2 {{needs a float image [N,C,H,W] and offsets of its type}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.deform_columns %x, %offset kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
    : (tensor<2x8x8xf32>, tensor<1x8x7x7xf32>) -> tensor<1x8x49xf32>
  return %0 : tensor<1x8x49xf32>
}
// -----
func.func @deform_groups(%x: tensor<1x2x8x8xf32>, %offset: tensor<1x8x7x7xf32>) -> tensor<1x8x49xf32> {
  // expected-error @+2 {{offset_group must divide the channels}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.deform_columns %x, %offset kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] {offset_group = 3 : i64}
    : (tensor<1x2x8x8xf32>, tensor<1x8x7x7xf32>) -> tensor<1x8x49xf32>
  return %0 : tensor<1x8x49xf32>
}
// -----
func.func @deform_offsets(%x: tensor<1x2x8x8xf32>, %offset: tensor<1x8x7x6xf32>) -> tensor<1x8x49xf32> {
  // expected-error @+2 {{offsets must be 1x8x7x7}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.deform_columns %x, %offset kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
    : (tensor<1x2x8x8xf32>, tensor<1x8x7x6xf32>) -> tensor<1x8x49xf32>
  return %0 : tensor<1x8x49xf32>
}
// -----
func.func @deform_mask(%x: tensor<1x2x8x8xf32>, %offset: tensor<1x8x7x7xf32>, %mask: tensor<1x3x7x7xf32>) -> tensor<1x8x49xf32> {
  // expected-error @+2 {{the mask must be 1x4x7x7 of the image's type}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.deform_columns %x, %offset, %mask kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
    : (tensor<1x2x8x8xf32>, tensor<1x8x7x7xf32>, tensor<1x3x7x7xf32>) -> tensor<1x8x49xf32>
  return %0 : tensor<1x8x49xf32>
}
// -----
func.func @coupling_rows(%x: tensor<3x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{turns float rows into float rows}}
  %0 = graph.pairwise_coupling %x a = [1.0, 1.0, 1.0] b = [0.0, 0.0, 0.0] : (tensor<3x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// -----
func.func @coupling_pairs(%x: tensor<3x4xf32>) -> tensor<3x3xf32> {
  // expected-error @+1 {{needs a decision value, an a and a b per pair of classes}}
  %0 = graph.pairwise_coupling %x a = [1.0, 1.0, 1.0] b = [0.0, 0.0, 0.0] : (tensor<3x4xf32>) -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}
// -----
func.func @forest_depth(%x: tensor<4x9xf32>, %f: tensor<2x2xi32>, %t: tensor<2x2xf32>, %w: tensor<2x3x1xf32>) -> tensor<9x1xf32> {
  // expected-error @+2 {{needs columns, and features, thresholds and weights of perfect trees}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.forest sum %x, %f, %t, %w : (tensor<4x9xf32>, tensor<2x2xi32>, tensor<2x2xf32>, tensor<2x3x1xf32>) -> tensor<9x1xf32>
  return %0 : tensor<9x1xf32>
}
// -----
func.func @forest_kind(%x: tensor<4x9xf32>, %f: tensor<2x3xi32>, %t: tensor<2x3xf32>, %w: tensor<2x4x1xf32>) -> tensor<9x1xf32> {
  // expected-error @+2 {{sums f32, or takes its minimum or maximum, by features of i32}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.forest mean %x, %f, %t, %w : (tensor<4x9xf32>, tensor<2x3xi32>, tensor<2x3xf32>, tensor<2x4x1xf32>) -> tensor<9x1xf32>
  return %0 : tensor<9x1xf32>
}

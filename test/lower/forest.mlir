// RUN: ncc-check-lowering %s

// Several groups of trees, blocks of nodes, pieces of rows on partitions.
func.func @main(%x: tensor<4x200xf32>, %y: tensor<4x9xf32>) -> (tensor<200x1xf32>, tensor<200x3xf32>, tensor<9x2xf32>) {
  %f = graph.constant dense<1> : tensor<131x63xi32>
  %t = graph.constant {test.random} dense<0.0> : tensor<131x63xf32>
  %w = graph.constant {test.random} dense<0.0> : tensor<131x64x1xf32>
  %0 = graph.forest sum %x, %f, %t, %w : (tensor<4x200xf32>, tensor<131x63xi32>, tensor<131x63xf32>, tensor<131x64x1xf32>) -> tensor<200x1xf32>
  %g = graph.constant dense<[[0, 1, 2], [3, 2, 1]]> : tensor<2x3xi32>
  %u = graph.constant {test.random} dense<0.0> : tensor<2x3xf32>
  %v = graph.constant {test.random} dense<0.0> : tensor<2x4x3xf32>
  %1 = graph.forest max %x, %g, %u, %v : (tensor<4x200xf32>, tensor<2x3xi32>, tensor<2x3xf32>, tensor<2x4x3xf32>) -> tensor<200x3xf32>
  %h = graph.constant dense<2> : tensor<129x511xi32>
  %p = graph.constant {test.random} dense<0.0> : tensor<129x511xf32>
  %q = graph.constant {test.random} dense<0.0> : tensor<129x512x2xf32>
  %2 = graph.forest sum %y, %h, %p, %q : (tensor<4x9xf32>, tensor<129x511xi32>, tensor<129x511xf32>, tensor<129x512x2xf32>) -> tensor<9x2xf32>
  return %0, %1, %2 : tensor<200x1xf32>, tensor<200x3xf32>, tensor<9x2xf32>
}

// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --no-layout

// Features on partitions, rows in DRAM: loads and stores are turned on the tensor engine, in pieces that end off the
// grid of 128.
func.func @main(%x: tensor<1x130x300xf32>, %w: tensor<300x257xf32>) -> (tensor<1x130x257xf32>, tensor<1x130x1029xf32>) {
  %0 = graph.matmul %x, %w : (tensor<1x130x300xf32>, tensor<300x257xf32>) -> tensor<1x130x257xf32>
  %1 = graph.unary relu %0 : (tensor<1x130x257xf32>) -> tensor<1x130x257xf32>
  %2 = graph.pad %x low = [0, 0, 700] high = [0, 0, 29] value = 0.5 : (tensor<1x130x300xf32>) -> tensor<1x130x1029xf32>
  return %1, %2 : tensor<1x130x257xf32>, tensor<1x130x1029xf32>
}

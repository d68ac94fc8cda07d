// RUN: ncc-check-lowering %s

func.func @main(%q: tensor<1x6x10x20xf32>, %k: tensor<1x3x12x20xf32>, %v: tensor<1x3x12x24xf32>, %m: tensor<1x1x10x12xf32>) -> tensor<1x6x10x24xf32> {
  %a = graph.attention %q, %k, %v, %m scale = 0.22 softcap = 5.0 : (tensor<1x6x10x20xf32>, tensor<1x3x12x20xf32>, tensor<1x3x12x24xf32>, tensor<1x1x10x12xf32>) -> tensor<1x6x10x24xf32>
  return %a : tensor<1x6x10x24xf32>
}

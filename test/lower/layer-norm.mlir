// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --target=inf1 --auto-cast=matmult --rtol=3e-2

func.func @main(%x: tensor<2x9x200xf32>) -> (tensor<2x9x64xf32>, tensor<2x9x200xf32>) {
  %s = graph.constant dense<1.5> : tensor<200xf32>
  %b = graph.constant dense<0.25> : tensor<200xf32>
  %w = graph.constant dense<0.0625> : tensor<200x200xf32>
  %w2 = graph.constant dense<0.0625> : tensor<200x64xf32>
  %m = graph.matmul %x, %w : (tensor<2x9x200xf32>, tensor<200x200xf32>) -> tensor<2x9x200xf32>
  %r = graph.binary add %m, %x : (tensor<2x9x200xf32>, tensor<2x9x200xf32>) -> tensor<2x9x200xf32>
  %0 = graph.layer_norm %r, %s, %b axis = 2 epsilon = 1.0e-5 : (tensor<2x9x200xf32>, tensor<200xf32>, tensor<200xf32>) -> tensor<2x9x200xf32>
  %1 = graph.matmul %0, %w2 : (tensor<2x9x200xf32>, tensor<200x64xf32>) -> tensor<2x9x64xf32>
  %2 = graph.rms_norm %r, %s axis = 2 epsilon = 1.0e-5 : (tensor<2x9x200xf32>, tensor<200xf32>) -> tensor<2x9x200xf32>
  return %1, %2 : tensor<2x9x64xf32>, tensor<2x9x200xf32>
}

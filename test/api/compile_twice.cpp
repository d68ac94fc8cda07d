// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One model compiled twice at the same time with different options, both results run through libnrt and compared
// with a plain evaluation: y = relu(x * w), w[k][n] = ((16k + n) mod 7 - 3) / 4.
#include <ncc/compiler.h>
#include <ncc/runtime/api/nrt.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

extern "C" int check_c_api(const char *model, const char *neff);

namespace {

constexpr int kBatch = 5, kIn = 8, kOut = 16;

std::vector<float> reference(const std::vector<float> &x) {
  std::vector<float> y(kBatch * kOut);
  for (int b = 0; b < kBatch; ++b) {
    for (int n = 0; n < kOut; ++n) {
      float sum = 0;
      for (int k = 0; k < kIn; ++k) {
        sum += x[b * kIn + k] * static_cast<float>((k * kOut + n) % 7 - 3) / 4;
      }
      y[b * kOut + n] = std::max(sum, 0.0f);
    }
  }
  return y;
}

// Largest distance to the reference, or a negative number after a failure.
double run(const std::string &neff, std::vector<float> x) {
  nrt_model_t *model = nullptr;
  if (ncc_nrt_load_file(neff.c_str(), nullptr, &model) != NRT_SUCCESS) {
    std::fprintf(stderr, "load: %s\n", ncc_nrt_last_error());
    return -1;
  }
  std::vector<float> y(kBatch * kOut, -1);
  nrt_tensor_t *in = nullptr, *out = nullptr;
  nrt_tensor_set_t *inputs = nullptr, *outputs = nullptr;
  nrt_tensor_allocate_empty("x", &in);
  nrt_tensor_attach_buffer(in, x.data(), x.size() * sizeof(float));
  nrt_tensor_allocate_empty("y", &out);
  nrt_tensor_attach_buffer(out, y.data(), y.size() * sizeof(float));
  nrt_allocate_tensor_set(&inputs);
  nrt_allocate_tensor_set(&outputs);
  nrt_add_tensor_to_tensor_set(inputs, "x", in);
  nrt_add_tensor_to_tensor_set(outputs, "y", out);
  NRT_STATUS status = nrt_execute(model, inputs, outputs);
  nrt_destroy_tensor_set(&inputs);
  nrt_destroy_tensor_set(&outputs);
  nrt_tensor_free(&in);
  nrt_tensor_free(&out);
  nrt_unload(model);
  if (status != NRT_SUCCESS) {
    std::fprintf(stderr, "execute: %s\n", ncc_nrt_last_error());
    return -1;
  }
  double worst = 0;
  std::vector<float> expected = reference(x);
  for (size_t i = 0; i < y.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::fabs(y[i] - expected[i])));
  }
  return worst;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    return 2;
  }
  std::string model = argv[1], folder = argv[2];
  ncc::api::CompileOptions options[2];
  options[0].dims["batch"] = options[1].dims["batch"] = kBatch;
  options[0].autoCast = ncc::api::AutoCast::None;
  options[1].target = "inf1";
  options[1].cores = 2;
  options[1].parallel = ncc::api::Parallel::Pipeline;
  ncc::api::CompileResult results[2];
  std::string paths[2] = {folder + "/a.neff", folder + "/b.neff"};
  for (int round = 0; round < 8; ++round) { // more chances for the two to meet
    std::thread threads[2];
    for (int i = 0; i < 2; ++i) {
      threads[i] = std::thread([&, i] {
        results[i] = ncc::api::compile(model, paths[i], options[i], [](const ncc::api::Message &message) {
          std::fprintf(stderr, "%s %s\n", message.code.c_str(), message.text.c_str());
        });
      });
    }
    threads[0].join();
    threads[1].join();
    if (!results[0] || !results[1]) {
      return 1;
    }
  }
  nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", "");
  std::vector<float> x(kBatch * kIn);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = std::sin(static_cast<float>(i));
  }
  double exact = run(paths[0], x), cast = run(paths[1], x);
  nrt_close();
  int c = check_c_api(model.c_str(), (folder + "/c.neff").c_str());
  std::printf("f32 off by %g, bf16 on 2 cores off by %g, C API %d\n", exact, cast, c);
  // bf16 has 8 bits: the two must differ, or the options of one leaked into the other.
  return exact >= 0 && exact < 1e-5 && cast > exact && cast < 0.1 && c == 0 ? 0 : 1;
}

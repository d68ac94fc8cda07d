/* Part of ncc, under the Apache License 2.0. See LICENSE.
 *
 * The C header compiles as C and its calls behave. */
#include <ncc-c.h>

#include <string.h>

static void remember(const ncc_message *message, void *user) {
  if (message->severity == NCC_ERROR) {
    strncpy((char *)user, message->code, 15);
  }
}

/* 0 when a missing model gives NCC1001 through the handler and a good one compiles. */
int check_c_api(const char *model, const char *neff) {
  char code[16] = "";
  char *report = NULL;
  ncc_dim dim = {"batch", 3};
  ncc_options options;
  ncc_options_init(&options);
  options.on_message = remember;
  options.user = code;
  if (ncc_compile_file("/no/such/model.onnx", neff, &options, NULL) != NCC_FAILED || strcmp(code, "NCC1001") != 0) {
    return 1;
  }
  options.dims = &dim;
  options.dim_count = 1;
  if (ncc_compile_file(model, neff, &options, &report) != NCC_OK || !report || !strstr(report, "\"target\"")) {
    return 2;
  }
  ncc_free(report);
  options.struct_size = 1;
  return ncc_compile_file(model, neff, &options, NULL) == NCC_BAD_ARGUMENT ? 0 : 3;
}

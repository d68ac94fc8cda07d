/* Part of ncc, under the Apache License 2.0. See LICENSE.
 *
 * The compiler as a C library. Structs start with their size, so that they can grow; make them with the _init
 * functions. Calls share nothing and may run at the same time. */
#ifndef NCC_C_H
#define NCC_C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { NCC_PARALLEL_AUTO = 0, NCC_PARALLEL_PIPELINE = 1, NCC_PARALLEL_DATA = 2 } ncc_parallel;
typedef enum { NCC_CAST_NONE = 0, NCC_CAST_MATMULT = 1, NCC_CAST_ALL = 2 } ncc_auto_cast;
typedef enum { NCC_TYPE_BF16 = 0, NCC_TYPE_FP16 = 1 } ncc_cast_type;
typedef enum { NCC_NOTE = 0, NCC_WARNING = 1, NCC_ERROR = 2 } ncc_severity;
typedef enum { NCC_OK = 0, NCC_FAILED = 1, NCC_BAD_ARGUMENT = 2 } ncc_status;

typedef struct {
  const char *input;
  const int64_t *sizes;
  size_t rank;
} ncc_shape;

typedef struct {
  const char *name;
  int64_t size;
} ncc_dim;

/* Sizes of an input's dimensions ("1x{16,64,128}") or of a symbolic dimension ("16..128"), as on the command line: the NEFF
 * has a bucket for each. */
typedef struct {
  const char *name;
  const char *sizes;
} ncc_sizes;

/* The strings live as long as the call of the handler. */
typedef struct {
  ncc_severity severity;
  const char *code, *node, *text, *advice;
} ncc_message;
typedef void (*ncc_message_handler)(const ncc_message *message, void *user);

typedef struct {
  size_t struct_size;
  const char *target; /* NULL: trn1 */
  int cores;
  ncc_parallel parallel;
  ncc_auto_cast auto_cast;
  ncc_cast_type auto_cast_type;
  const char *calibration_data; /* NULL: no INT8 */
  const ncc_shape *shapes;
  size_t shape_count;
  const ncc_dim *dims;
  size_t dim_count;
  const ncc_sizes *shape_buckets; /* by input */
  size_t shape_bucket_count;
  const ncc_sizes *dim_buckets; /* by symbolic dimension */
  size_t dim_bucket_count;
  int exact_only; /* nonzero: buckets serve no smaller shapes */
  int jobs;
  ncc_message_handler on_message; /* may be NULL */
  void *user;
} ncc_options;

void ncc_options_init(ncc_options *options);

/* Compiles a file into a file. `report`, if not NULL, receives JSON to be freed with ncc_free. */
ncc_status ncc_compile_file(const char *model_path, const char *neff_path, const ncc_options *options, char **report);
void ncc_free(char *text);
const char *ncc_version(void);

#ifdef __cplusplus
}
#endif

#endif /* NCC_C_H */

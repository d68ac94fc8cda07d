/* Part of ncc, under the Apache License 2.0. See LICENSE.
 *
 * C API of libnrt, shaped like the public Neuron runtime: load a NEFF onto virtual NeuronCores, fill tensor sets,
 * execute. All functions may be called from any thread; a model executes several calls at once and overlaps them.
 * Names starting with ncc_ are extensions. */
#ifndef NCC_RUNTIME_API_NRT_H
#define NCC_RUNTIME_API_NRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  NRT_SUCCESS = 0,
  NRT_FAILURE = 1,
  NRT_INVALID = 2,
  NRT_INVALID_HANDLE = 3,
  NRT_RESOURCE = 4,
  NRT_TIMEOUT = 5,
  NRT_HW_ERROR = 6,
  NRT_QUEUE_FULL = 7,
  NRT_LOAD_NOT_ENOUGH_NC = 9,
  NRT_UNSUPPORTED_NEFF_VERSION = 10,
  NRT_UNINITIALIZED = 13,
  NRT_CLOSED = 14,
  NRT_EXEC_BAD_INPUT = 1002,
  NRT_EXEC_COMPLETED_WITH_NUM_ERR = 1003,
  NRT_EXEC_COMPLETED_WITH_ERR = 1004,
  NRT_EXEC_NC_BUSY = 1005,
  NRT_EXEC_OOB = 1006
} NRT_STATUS;

typedef enum {
  NRT_DTYPE_UNKNOWN = 0,
  NRT_DTYPE_UINT64 = 1,
  NRT_DTYPE_INT8 = 2,
  NRT_DTYPE_UINT8 = 3,
  NRT_DTYPE_INT16 = 4,
  NRT_DTYPE_UINT16 = 5,
  NRT_DTYPE_BFLOAT16 = 6,
  NRT_DTYPE_FLOAT16 = 7,
  NRT_DTYPE_INT32 = 8,
  NRT_DTYPE_UINT32 = 9,
  NRT_DTYPE_FLOAT32 = 10,
  NRT_DTYPE_INT64 = 12,
  NRT_DTYPE_FP8_E4 = 14,
  NRT_DTYPE_FP8_E5 = 15,
  NCC_NRT_DTYPE_BOOL = 128,
  NCC_NRT_DTYPE_FLOAT64 = 129,
  NCC_NRT_DTYPE_FP8_E4M3FNUZ = 130,
  NCC_NRT_DTYPE_FP8_E5M2FNUZ = 131,
  NCC_NRT_DTYPE_FP8_E8M0 = 132,
  NCC_NRT_DTYPE_FP4_E2M1 = 133, /* one value to a byte, as the four below */
  NCC_NRT_DTYPE_INT4 = 134,
  NCC_NRT_DTYPE_UINT4 = 135,
  NCC_NRT_DTYPE_INT2 = 136,
  NCC_NRT_DTYPE_UINT2 = 137,
  NCC_NRT_DTYPE_COMPLEX64 = 138, /* a real and an imaginary float, below: double */
  NCC_NRT_DTYPE_COMPLEX128 = 139,
  NCC_NRT_DTYPE_STRING = 160
} nrt_dtype_t;

typedef enum { NRT_FRAMEWORK_TYPE_NO_FW = 1 } nrt_framework_type_t;
typedef enum { NRT_TENSOR_PLACEMENT_DEVICE = 0, NRT_TENSOR_PLACEMENT_HOST = 1, NRT_TENSOR_PLACEMENT_VIRTUAL = 2 } nrt_tensor_placement_t;
typedef enum { NRT_TENSOR_USAGE_INPUT = 0, NRT_TENSOR_USAGE_OUTPUT = 1 } nrt_tensor_usage_t;

typedef struct nrt_model nrt_model_t;
typedef struct nrt_tensor nrt_tensor_t;
typedef struct nrt_tensor_set nrt_tensor_set_t;

#define NRT_TENSOR_NAME_MAX 256
typedef struct {
  char name[NRT_TENSOR_NAME_MAX];
  nrt_tensor_usage_t usage;
  size_t size; /* bytes */
  nrt_dtype_t dtype;
  uint32_t *shape;
  uint32_t ndim;
} nrt_tensor_info_t;

typedef struct {
  uint64_t tensor_count;
  nrt_tensor_info_t tensor_array[];
} nrt_tensor_info_array_t;

NRT_STATUS nrt_init(nrt_framework_type_t framework, const char *fw_version, const char *fal_version);
void nrt_close(void);

/* vnc and vnc_count are accepted for compatibility: cores are virtual and never run out. The bytes are copied. */
NRT_STATUS nrt_load(const void *neff_bytes, size_t size, int32_t vnc, int32_t vnc_count, nrt_model_t **model);
NRT_STATUS nrt_unload(nrt_model_t *model);
NRT_STATUS nrt_get_model_tensor_info(nrt_model_t *model, nrt_tensor_info_array_t **info);
NRT_STATUS nrt_free_model_tensor_info(nrt_tensor_info_array_t *info);
NRT_STATUS nrt_get_model_nc_count(const nrt_model_t *model, uint32_t *count);

NRT_STATUS nrt_allocate_tensor_set(nrt_tensor_set_t **set);
void nrt_destroy_tensor_set(nrt_tensor_set_t **set);
NRT_STATUS nrt_add_tensor_to_tensor_set(nrt_tensor_set_t *set, const char *name, nrt_tensor_t *tensor);
NRT_STATUS nrt_get_tensor_from_tensor_set(nrt_tensor_set_t *set, const char *name, nrt_tensor_t **tensor);

NRT_STATUS nrt_tensor_allocate(nrt_tensor_placement_t placement, int vnc, size_t size, const char *name, nrt_tensor_t **tensor);
NRT_STATUS nrt_tensor_allocate_empty(const char *name, nrt_tensor_t **tensor);
/* The caller keeps the buffer alive; it should be aligned to 64 bytes. */
NRT_STATUS nrt_tensor_attach_buffer(nrt_tensor_t *tensor, void *buffer, size_t size);
NRT_STATUS nrt_tensor_allocate_slice(const nrt_tensor_t *source, size_t offset, size_t size, const char *name, nrt_tensor_t **slice);
void nrt_tensor_free(nrt_tensor_t **tensor);
NRT_STATUS nrt_tensor_read(const nrt_tensor_t *tensor, void *buffer, size_t offset, size_t size);
NRT_STATUS nrt_tensor_write(nrt_tensor_t *tensor, const void *buffer, size_t offset, size_t size);
size_t nrt_tensor_get_size(const nrt_tensor_t *tensor);
void *nrt_tensor_get_va(const nrt_tensor_t *tensor);

NRT_STATUS nrt_execute(nrt_model_t *model, const nrt_tensor_set_t *inputs, nrt_tensor_set_t *outputs);
NRT_STATUS nrt_execute_repeat(nrt_model_t *model, const nrt_tensor_set_t *inputs, nrt_tensor_set_t *outputs, int repeat_count);

/* Extensions. */
typedef enum { NCC_NRT_EXECUTOR_HOST = 0, NCC_NRT_EXECUTOR_PRECISE = 1 } ncc_nrt_executor_t;
typedef struct {
  size_t struct_size; /* sizeof(ncc_nrt_options_t) */
  ncc_nrt_executor_t executor;
  int threads;            /* 0: one per CPU */
  int skip_weight_hash;   /* nonzero: do not verify the weights' hash */
  /* A model that asks for more is refused with NRT_RESOURCE before anything of it runs; loops are stopped. 0: the default. */
  double work_limit;      /* units per inference, about a nanosecond of one CPU each; default 1.8e13 */
  double step_limit;      /* steps of a plan, loops included; default 2e7 */
  uint64_t memory_limit;  /* bytes beside the file; default: what the machine lets this process have */
} ncc_nrt_options_t;
/* Maps the file instead of copying it. options may be NULL; of a smaller struct_size, the members that are not there are 0. */
NRT_STATUS ncc_nrt_load_file(const char *path, const ncc_nrt_options_t *options, nrt_model_t **model);
/* The shape of an input whose dims the model leaves open (0 in nrt_tensor_info_t): models with several buckets of shapes,
 * or with host stages. Not needed for one open dim, which follows from the tensor's bytes. */
NRT_STATUS ncc_nrt_tensor_set_shape(nrt_tensor_t *tensor, const int64_t *shape, uint32_t ndim);
/* True shape of an output of the last execution by this thread; ndim in: room, out: rank. */
NRT_STATUS ncc_nrt_get_output_shape(nrt_model_t *model, const char *name, int64_t *shape, uint32_t *ndim);
/* Values of any kind, for models that take or give strings, sequences, optionals, maps, or tensors whose shape is known
 * only at run time (their dims are 0 in nrt_tensor_info_t). A value does not change once it is made; getters' pointers live as
 * long as it. Inputs and outputs are in the model's order. */
typedef struct ncc_nrt_value ncc_nrt_value_t;
typedef enum {
  NCC_NRT_VALUE_NONE = 0,
  NCC_NRT_VALUE_TENSOR = 1,
  NCC_NRT_VALUE_SEQUENCE = 2,
  NCC_NRT_VALUE_OPTIONAL = 3,
  NCC_NRT_VALUE_MAP = 4 /* its tensor holds the keys, its items the values */
} ncc_nrt_value_kind_t;
NRT_STATUS ncc_nrt_value_from_bytes(nrt_dtype_t dtype, const int64_t *shape, uint32_t ndim, const void *data, size_t size, ncc_nrt_value_t **value);
NRT_STATUS ncc_nrt_value_from_strings(const int64_t *shape, uint32_t ndim, const char *const *strings, size_t count, ncc_nrt_value_t **value);
NRT_STATUS ncc_nrt_value_from_items(ncc_nrt_value_kind_t kind, ncc_nrt_value_t *const *items, size_t count, ncc_nrt_value_t **value);
void ncc_nrt_value_free(ncc_nrt_value_t **value);
ncc_nrt_value_kind_t ncc_nrt_value_get_kind(const ncc_nrt_value_t *value);
/* ndim in: room, out: rank. Strings have no data: ncc_nrt_value_get_string. */
NRT_STATUS ncc_nrt_value_get_tensor(const ncc_nrt_value_t *value, nrt_dtype_t *dtype, int64_t *shape, uint32_t *ndim, const void **data, size_t *size);
const char *ncc_nrt_value_get_string(const ncc_nrt_value_t *value, size_t i, size_t *length);
size_t ncc_nrt_value_get_count(const ncc_nrt_value_t *value); /* of items */
NRT_STATUS ncc_nrt_value_get_item(const ncc_nrt_value_t *value, size_t i, ncc_nrt_value_t **item);
NRT_STATUS ncc_nrt_execute_values(nrt_model_t *model, ncc_nrt_value_t *const *inputs, size_t input_count, ncc_nrt_value_t **outputs, size_t output_count);
/* What went wrong in the last failing call of this thread; "" if nothing. */
const char *ncc_nrt_last_error(void);
const char *ncc_nrt_version(void);

#ifdef __cplusplus
}
#endif
#endif

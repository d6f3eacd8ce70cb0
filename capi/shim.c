// The public functions are in C, because no Go code may run after a fork: Go's runtime has threads that the child does
// not have, and a call would wait for them for ever. Each function checks that this is the process that loaded the
// library before it enters Go.

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// cgo exports the functions in Go by name. As soon as one file of a DLL does this, functions of other files are
// hidden unless they are exported, too.
#ifdef _WIN32
#define VOXFIT_API __declspec(dllexport)
#endif
#include "voxfit.h"
#include "_cgo_export.h"

// The message of each thread. It is not a _Thread_local array, because memory is scarce there: Go has a thread-local
// variable, for which all thread-local memory of this library comes from a block of 1.6 KB that all libraries of the
// process share.
enum { MESSAGE = 2048 };
static pthread_key_t message_key;

static char *message(void) {
    static char none[MESSAGE]; // used if there is no memory
    char *own = pthread_getspecific(message_key);
    if (!own && (own = calloc(1, MESSAGE)))
        pthread_setspecific(message_key, own);
    return own ? own : none;
}

// A fork by the system call itself does not set the flag, but changes the process id.
static atomic_int forked;
static pid_t loaded_by;

static void in_child(void) { atomic_store(&forked, 1); }

__attribute__((constructor)) static void remember_process(void) {
    loaded_by = getpid();
    pthread_key_create(&message_key, free);
    pthread_atfork(NULL, NULL, in_child);
}

static int32_t refused(int32_t code, const char *why) {
    snprintf(message(), MESSAGE, "voxfit: %s", why);
    return code;
}

static int here(void) { return !atomic_load(&forked) && getpid() == loaded_by; }

#define NEED_RUNTIME                                                                                  \
    do {                                                                                              \
        if (!here())                                                                                  \
            return refused(VOXFIT_ERROR_FORKED, "this process was forked after libvoxfit was loaded " \
                "and cannot use it; load it after the fork, or start processes with spawn");          \
    } while (0)

int32_t voxfit_abi_version(void) { return VOXFIT_ABI_VERSION; }

const char *voxfit_message(void) { return message(); }

int32_t voxfit_model_new(const char *name, int64_t measurements, const double *bvals, const double *bvecs,
                         const char *options, voxfit_model *model) {
    NEED_RUNTIME;
    if (!name || !bvals || !bvecs || !model)
        return refused(VOXFIT_ERROR_ARGUMENT, "name, bvals, bvecs or model is a null pointer");
    *model = 0;
    return voxfit_go_model_new((char *)name, measurements, (double *)bvals, (double *)bvecs,
                               (char *)(options ? options : ""), model, message(), MESSAGE);
}

int32_t voxfit_options(char *text, int64_t capacity, int64_t *needed) {
    NEED_RUNTIME;
    if (!needed || capacity < 0 || (capacity > 0 && !text))
        return refused(VOXFIT_ERROR_ARGUMENT, "needed or text is a null pointer, or capacity negative");
    return voxfit_go_options(text, capacity, needed, message(), MESSAGE);
}

int32_t voxfit_model_free(voxfit_model model) {
    NEED_RUNTIME;
    return voxfit_go_model_free(model, message(), MESSAGE);
}

int32_t voxfit_model_sizes(voxfit_model model, int64_t *measurements, int64_t *parameters) {
    NEED_RUNTIME;
    return voxfit_go_model_sizes(model, measurements, parameters, message(), MESSAGE);
}

int32_t voxfit_model_fields(voxfit_model model, int32_t which, voxfit_field *fields, int64_t capacity,
                            int64_t *count) {
    NEED_RUNTIME;
    if (!count || capacity < 0 || (capacity > 0 && !fields))
        return refused(VOXFIT_ERROR_ARGUMENT, "count or fields is a null pointer, or capacity negative");
    return voxfit_go_model_fields(model, which, fields, capacity, count, message(), MESSAGE);
}

int32_t voxfit_model_text(voxfit_model model, int32_t which, char *text, int64_t capacity, int64_t *needed) {
    NEED_RUNTIME;
    if (!needed || capacity < 0 || (capacity > 0 && !text))
        return refused(VOXFIT_ERROR_ARGUMENT, "needed or text is a null pointer, or capacity negative");
    return voxfit_go_model_text(model, which, text, capacity, needed, message(), MESSAGE);
}

int32_t voxfit_fit(voxfit_model model, const voxfit_batch *batch) {
    NEED_RUNTIME;
    if (!batch || batch->size != sizeof *batch)
        return refused(VOXFIT_ERROR_ARGUMENT, "batch is a null pointer, or its size is not sizeof(voxfit_batch)");
    return voxfit_go_fit(model, (voxfit_batch *)batch, message(), MESSAGE);
}

int32_t voxfit_derive(voxfit_model model, const voxfit_derivation *derivation) {
    NEED_RUNTIME;
    if (!derivation || derivation->size != sizeof *derivation)
        return refused(VOXFIT_ERROR_ARGUMENT,
                       "derivation is a null pointer, or its size is not sizeof(voxfit_derivation)");
    return voxfit_go_derive(model, (voxfit_derivation *)derivation, message(), MESSAGE);
}

int32_t voxfit_find_peaks(const voxfit_peak_search *search) {
    NEED_RUNTIME;
    if (!search || search->size != sizeof *search)
        return refused(VOXFIT_ERROR_ARGUMENT,
                       "search is a null pointer, or its size is not sizeof(voxfit_peak_search)");
    if (!search->directions || (search->edges > 0 && !search->pairs) ||
        (search->voxels > 0 && (!search->values || !search->indices)))
        return refused(VOXFIT_ERROR_ARGUMENT, "values, directions, pairs or indices is a null pointer");
    return voxfit_go_find_peaks((voxfit_peak_search *)search, message(), MESSAGE);
}

int32_t voxfit_image_new(const char *path, voxfit_image *image) {
    NEED_RUNTIME;
    if (!path || !image)
        return refused(VOXFIT_ERROR_ARGUMENT, "path or image is a null pointer");
    *image = 0;
    return voxfit_go_image_new((char *)path, image, message(), MESSAGE);
}

int32_t voxfit_image_in_memory(const char *name, const int64_t *shape, const double *affine, voxfit_image *image) {
    NEED_RUNTIME;
    if (!shape || !affine || !image)
        return refused(VOXFIT_ERROR_ARGUMENT, "shape, affine or image is a null pointer");
    *image = 0;
    return voxfit_go_image_in_memory((char *)(name ? name : ""), (int64_t *)shape, (double *)affine, image, message(),
                                     MESSAGE);
}

int32_t voxfit_image_free(voxfit_image image) {
    NEED_RUNTIME;
    return voxfit_go_image_free(image, message(), MESSAGE);
}

int32_t voxfit_image_shape(voxfit_image image, int64_t *shape, int64_t capacity, int64_t *dimensions) {
    NEED_RUNTIME;
    if (!dimensions || capacity < 0 || (capacity > 0 && !shape))
        return refused(VOXFIT_ERROR_ARGUMENT, "dimensions or shape is a null pointer, or capacity negative");
    return voxfit_go_image_shape(image, shape, capacity, dimensions, message(), MESSAGE);
}

int32_t voxfit_image_check_grid(voxfit_image image, voxfit_image mask) {
    NEED_RUNTIME;
    return voxfit_go_image_check_grid(image, mask, message(), MESSAGE);
}

int32_t voxfit_image_read(voxfit_image image, const voxfit_reading *reading) {
    NEED_RUNTIME;
    if (!reading || reading->size != sizeof *reading)
        return refused(VOXFIT_ERROR_ARGUMENT, "reading is a null pointer, or its size is not sizeof(voxfit_reading)");
    if (reading->voxels > 0 && !reading->values)
        return refused(VOXFIT_ERROR_ARGUMENT, "values is a null pointer");
    return voxfit_go_image_read(image, (voxfit_reading *)reading, message(), MESSAGE);
}

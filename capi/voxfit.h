/* voxfit: fits diffusion-MRI models to many voxels at once. BSD-3-Clause.
 *
 * A model is made once for an acquisition and fitted to any number of batches, from any number of threads at a time.
 * Every function returns VOXFIT_OK or one of the errors below; voxfit_message() then says in words what was found
 * and what was expected. The caller frees models and images. Nothing else here needs to be freed.
 *
 * The library has a runtime with threads of its own, which a fork() leaves behind: in a process that
 * was forked after the library was loaded, every function that needs it returns VOXFIT_ERROR_FORKED.
 * Load it after the fork, or start processes with exec (posix_spawn, Python's "spawn").
 */
#ifndef VOXFIT_H
#define VOXFIT_H

#include <stddef.h>
#include <stdint.h>

/* The library's own sources define this to export functions from a DLL. Programs need not. */
#ifndef VOXFIT_API
#define VOXFIT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. Compare it with voxfit_abi_version() of the library that was loaded:
 * they must be equal. */
#define VOXFIT_ABI_VERSION 1

enum voxfit_error {
    VOXFIT_OK = 0,
    VOXFIT_ERROR_ARGUMENT = 1, /* a null pointer, a wrong number, an option that the model does not have */
    VOXFIT_ERROR_HANDLE = 2,   /* a model or an image that was freed or never made */
    VOXFIT_ERROR_ABORTED = 3,  /* the abort flag was raised before the batch was done */
    VOXFIT_ERROR_FORKED = 4,   /* this process was forked after the library was loaded */
    VOXFIT_ERROR_INTERNAL = 5  /* a fault of the library */
};

/* Types of numbers. Add VOXFIT_SWAPPED if the bytes of a signal are not in the order of this machine. */
enum voxfit_type {
    VOXFIT_FLOAT32 = 1,
    VOXFIT_FLOAT64 = 2,
    VOXFIT_INT16 = 3,
    VOXFIT_UINT16 = 4,
    VOXFIT_INT8 = 5,
    VOXFIT_UINT8 = 6,
    VOXFIT_SWAPPED = 16
};

enum voxfit_flag { VOXFIT_PIN = 1 }; /* tie each worker to a CPU: for a process that has the machine to itself */

/* What happened to a voxel. Parameters are what the fit found unless something else is said here. */
enum voxfit_status {
    VOXFIT_STATUS_OK = 0,
    VOXFIT_STATUS_OUTSIDE_MASK = 1,          /* not fitted, as after an abort; parameters are not written */
    VOXFIT_STATUS_NON_FINITE = 2,            /* a measured value is NaN or infinite: parameters are zero */
    VOXFIT_STATUS_ZERO_SIGNAL = 3,           /* nothing was measured: parameters are zero */
    VOXFIT_STATUS_ALL_FREE_WATER = 4,        /* diffuses like water: fraction 1, a tensor of zeros, S0 the mean b0 */
    VOXFIT_STATUS_NOT_POSITIVE_DEFINITE = 5, /* no unique solution: see Bad signals in docs/architecture.md */
    VOXFIT_STATUS_MAX_ITERATIONS = 6,        /* no convergence: parameters of the last, or the best, iteration */
    VOXFIT_STATUS_REFIT = 7,                 /* a result was found in a slower, safer way */
    VOXFIT_STATUS_NEGATIVE_SIGNAL = 8,       /* a result was found, but a measured value is negative */
    VOXFIT_STATUS_NEGATIVE_EIGENVALUE = 9,   /* the fitted tensor has an eigenvalue below zero */
    VOXFIT_STATUS_OVERFLOW = 10,             /* a value is finite, but too large for the sums: parameters are zero */
    VOXFIT_STATUS_BELOW_MIN_SIGNAL = 11,     /* a value above zero was below the minimum signal, and was raised to it */
    VOXFIT_STATUS_NOT_IN_SHARD = 12          /* in maps of a fit in parts: a voxel of another part. Not used here */
};

/* A model. 0 is no model. The number of a freed model is not given out again. */
typedef uint64_t voxfit_model;

/* One group of parameters, or one map. */
typedef struct voxfit_field {
    char name[64];         /* "tensor", "fa", "fod_label-WM" */
    char unit[16];         /* "mm2/s", or empty */
    char description[432]; /* what the values are and how they are ordered */
    int64_t components;    /* values of a voxel */
} voxfit_field;

/* A batch of voxels. Set it to zero, then size to sizeof(voxfit_batch), then what is needed.
 *
 * Value j of voxel v is at signal + v * voxel_stride + j * value_stride, or with offsets at signal + offsets[v] + j
 * * value_stride; strides and offsets are in bytes and may be negative. If both
 *
 * * strides are zero and there are no offsets, the values are voxels x measurements without gaps. */
typedef struct voxfit_batch {
    size_t size;
    int64_t voxels;
    const void *signal;
    int32_t signal_type; /* enum voxfit_type */
    int32_t params_type; /* VOXFIT_FLOAT64 or VOXFIT_FLOAT32 */
    int64_t voxel_stride;
    int64_t value_stride;
    const int64_t *offsets;     /* one for each voxel, or NULL */
    void *params;               /* voxels x parameters */
    uint8_t *status;            /* voxels, or NULL */
    uint16_t *iterations;       /* voxels, or NULL */
    int32_t threads;            /* 0: one for each CPU that the process may use */
    int32_t flags;              /* enum voxfit_flag */
    const int32_t *abort_flag;  /* the batch ends within about 20 ms after this is no longer 0; or NULL */
    int64_t *progress;          /* voxels that are done are added to it, atomically; or NULL */
} voxfit_batch;

/* Maps to be made of the results of a batch. Set it to zero, then size to sizeof(voxfit_derivation). */
typedef struct voxfit_derivation {
    size_t size;
    int64_t voxels;
    const double *params;       /* voxels x parameters, as voxfit_fit wrote them */
    const uint8_t *status;      /* for the map of this name; NULL counts as zeros */
    const uint16_t *iterations; /* for the map of this name; NULL counts as zeros */
    float *const *maps;         /* voxels x components values for each map; NULL for a map that is not wanted */
    int32_t map_count;          /* as many as voxfit_model_fields(model, VOXFIT_MAPS, ...) has */
    int32_t threads;
    int32_t flags;
    int32_t reserved;           /* 0 */
    const int32_t *abort_flag;
    int64_t *progress;
} voxfit_derivation;

/* Finds peaks of functions that are given by their values on a sphere and are the same in opposite directions. The
 * rules are those of DIPY's peak_directions. Set it to zero, then size to sizeof(voxfit_peak_search). */
typedef struct voxfit_peak_search {
    size_t size;
    int64_t voxels;
    int64_t vertices;
    int64_t edges;
    int64_t peaks;              /* how many are wanted of a voxel, at least 1 */
    const double *values;       /* voxels x vertices */
    const double *directions;   /* vertices x 3, unit vectors: a hemisphere, or a whole sphere */
    const int32_t *pairs;       /* edges x 2: vertices that are neighbours, counted from 0 */
    double threshold;           /* least height of a peak, as a share of the highest peak's; heights are above the
                                 smallest value, or above zero if that is negative. DIPY takes 0.5 */
    double separation;          /* least angle between peaks in degrees, 0 to 90. DIPY takes 25 */
    int32_t *indices;           /* voxels x peaks: the vertices, the highest first; -1 where there are fewer */
    int32_t threads;
    int32_t flags;
    const int32_t *abort_flag;
    int64_t *progress;
} voxfit_peak_search;

/* A NIfTI image whose header was read. 0 is no image. It keeps no file open. */
typedef uint64_t voxfit_image;

/* Voxels of an image to be read. Set it to zero, then size to sizeof(voxfit_reading). */
typedef struct voxfit_reading {
    size_t size;
    int64_t voxels;
    int64_t volumes;            /* the product of all dimensions after z; 1 where there are none */
    const int64_t *index;       /* x + nx (y + ny z) of each voxel, in any order; NULL for all, ascending */
    float *values;              /* voxels x volumes, scaled as the header says */
    int32_t threads;
    int32_t flags;              /* 0 */
    const int32_t *abort_flag;
    int64_t *progress;          /* counts voxels in proportion to the values that have arrived, volume by volume */
} voxfit_reading;

/* The version of the library's interface. This also works after a fork. */
VOXFIT_API int32_t voxfit_abi_version(void);

/* A sentence that says why a function failed: the last one of this thread that did. It is valid until the next one
 * fails. This also works after a fork. */
VOXFIT_API const char *voxfit_message(void);

/* Writes all models, with their options and maps, as JSON. docs/options.md has the same. At most capacity bytes are
 * written, the ending zero included. needed becomes the number of bytes that the whole text takes. */
VOXFIT_API int32_t voxfit_options(char *text, int64_t capacity, int64_t *needed);

/* Makes a model. name is one of those that voxfit_options lists, as "dti". bvals has measurements values in s/mm2.
 * bvecs has measurements x 3 values: vectors of length 1, or 0 for b = 0. Other lengths scale the b-values
 * (bvalue_scaling). options is a JSON object, or NULL for none. A key that the model does not have is an error that
 * lists its keys. A value that an option does not take is an error that says what was expected. */
VOXFIT_API int32_t voxfit_model_new(const char *name, int64_t measurements, const double *bvals, const double *bvecs,
                                    const char *options, voxfit_model *model);

/* Frees a model. Other threads can finish batches that they are fitting with it. */
VOXFIT_API int32_t voxfit_model_free(voxfit_model model);

/* How many values are read and written for each voxel. Either pointer may be NULL. */
VOXFIT_API int32_t voxfit_model_sizes(voxfit_model model, int64_t *measurements, int64_t *parameters);

enum voxfit_which { VOXFIT_PARAMETERS = 0, VOXFIT_MAPS = 1 };

/* Describes parameters or maps, in their order. At most capacity fields are written, and count becomes how many
 * there are. fields may be NULL with capacity 0. */
VOXFIT_API int32_t voxfit_model_fields(voxfit_model model, int32_t which, voxfit_field *fields, int64_t capacity,
                                       int64_t *count);

enum voxfit_text { VOXFIT_WARNINGS = 0, VOXFIT_ISA = 1 };

/* Writes what the set-up found suspicious, one sentence on each line, or the name of the kernels' instruction set.
 * At most capacity bytes are written, the ending zero included. needed becomes the number of bytes that the whole text
 * takes. */
VOXFIT_API int32_t voxfit_model_text(voxfit_model model, int32_t which, char *text, int64_t capacity, int64_t *needed);

/* Fits a batch. A voxel's result depends on that voxel alone, to the last bit. */
VOXFIT_API int32_t voxfit_fit(voxfit_model model, const voxfit_batch *batch);

/* Makes maps of results. */
VOXFIT_API int32_t voxfit_derive(voxfit_model model, const voxfit_derivation *derivation);

/* Finds peaks. It needs no model. */
VOXFIT_API int32_t voxfit_find_peaks(const voxfit_peak_search *search);

/* Reads and checks the header of a .nii or .nii.gz file. */
VOXFIT_API int32_t voxfit_image_new(const char *path, voxfit_image *image);

/* Makes the grid of an image that the caller has in memory, for voxfit_image_check_grid: three dimensions, and the
 * affine from voxel numbers to millimetres, three rows of four. Messages call the image by its name; it may be NULL. */
VOXFIT_API int32_t voxfit_image_in_memory(const char *name, const int64_t *shape, const double *affine,
                                          voxfit_image *image);

/* Frees an image. Other threads can finish reading from it. */
VOXFIT_API int32_t voxfit_image_free(voxfit_image image);

/* Writes the dimensions of an image, at most capacity of them: x, y, z, and further ones. dimensions becomes how many
 * there are. */
VOXFIT_API int32_t voxfit_image_shape(voxfit_image image, int64_t *shape, int64_t capacity, int64_t *dimensions);

/* Returns an error unless a mask lies on the grid of an image: the same shape, and corners in the same places. */
VOXFIT_API int32_t voxfit_image_check_grid(voxfit_image image, voxfit_image mask);

/* Reads voxels. Each becomes a row of all its values. */
VOXFIT_API int32_t voxfit_image_read(voxfit_image image, const voxfit_reading *reading);

#ifdef __cplusplus
}
#endif
#endif

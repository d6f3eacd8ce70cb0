// The programs that test libvoxfit share these functions: they read an acquisition from a file, make a batch of it,
// and end the program when an expectation fails.

#include <stdio.h>
#include <stdlib.h>

#include "voxfit.h"

enum { N = 34 };

static double bvals[N], bvecs[3 * N];
static int64_t P; // parameters of a voxel

#define EXPECT(condition)                                                                     \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "line %d: %s is not so; last message: %s\n", __LINE__, #condition, \
                    voxfit_message());                                                        \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

// Reads N b-values and N x 3 b-vectors as float64, and returns the voxels x N float32 that follow.
static float *read_acquisition(const char *path, int64_t voxels) {
    float *signal = malloc(voxels * N * sizeof *signal);
    FILE *in = fopen(path, "rb");
    EXPECT(in && fread(bvals, sizeof bvals, 1, in) == 1 && fread(bvecs, sizeof bvecs, 1, in) == 1);
    EXPECT(fread(signal, N * sizeof *signal, voxels, in) == (size_t)voxels && !fclose(in));
    return signal;
}

static voxfit_batch batch_of(int64_t voxels, const float *signal, double *params) {
    voxfit_batch b = {.size = sizeof b, .voxels = voxels, .signal = signal, .signal_type = VOXFIT_FLOAT32,
                      .params = params, .params_type = VOXFIT_FLOAT64, .threads = 2};
    return b;
}

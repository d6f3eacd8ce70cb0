// A C program uses libvoxfit: it fits from several threads at once, and expects an error for every mistake.
//
//     check MODEL OPTIONS VOXELS SIGNAL PARAMS
//
// It reads from the file SIGNAL 34 b-values and 34 x 3 b-vectors as float64, then VOXELS x 34 float32, and writes the
// parameters of the model to the file PARAMS.
//
// It exits with 0 if everything is right. Otherwise it names the line of the expectation that failed.

#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "acquisition.h"

enum { THREADS = 4 };

// One thread's batch, which it fits with the shared model.
struct part {
    voxfit_model model;
    int64_t voxels;
    const float *signal;
    const double *expected;
    int ok;
};

static void *fit_part(void *argument) {
    struct part *p = argument;
    double *params = malloc(p->voxels * P * sizeof *params);
    p->ok = 1;
    for (int again = 0; again < 3; again++) {
        memset(params, 0xff, p->voxels * P * sizeof *params);
        voxfit_batch b = batch_of(p->voxels, p->signal, params);
        p->ok &= voxfit_fit(p->model, &b) == VOXFIT_OK;
        p->ok &= !memcmp(params, p->expected, p->voxels * P * sizeof *params);
        // Each thread must have its own message.
        p->ok &= voxfit_fit(0, &b) == VOXFIT_ERROR_HANDLE && strstr(voxfit_message(), "handle") != NULL;
    }
    free(params);
    return NULL;
}

static void share_between_threads(voxfit_model model, int64_t voxels, const float *signal, const double *params) {
    struct part parts[THREADS];
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        int64_t begin = voxels * t / THREADS, end = voxels * (t + 1) / THREADS;
        parts[t] = (struct part){model, end - begin, signal + N * begin, params + P * begin, 0};
        EXPECT(!pthread_create(&threads[t], NULL, fit_part, &parts[t]));
    }
    for (int t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
        EXPECT(parts[t].ok);
    }
}

static void describe(voxfit_model model) {
    int64_t measurements = 0, parameters = 0, count = 0, sum = 0;
    EXPECT(voxfit_model_sizes(model, &measurements, &parameters) == VOXFIT_OK);
    EXPECT(measurements == N && parameters == P);
    EXPECT(voxfit_model_sizes(model, NULL, NULL) == VOXFIT_OK);
    voxfit_field fields[8];
    EXPECT(voxfit_model_fields(model, VOXFIT_PARAMETERS, fields, 8, &count) == VOXFIT_OK && count <= 8);
    for (int64_t i = 0; i < count; i++)
        sum += fields[i].components;
    EXPECT(sum == parameters && fields[0].name[0] && fields[0].description[0]);
    fields[1].name[0] = '!';
    EXPECT(voxfit_model_fields(model, VOXFIT_MAPS, fields, 1, &count) == VOXFIT_OK && count > 3);
    EXPECT(fields[1].name[0] == '!');
    char text[4];
    EXPECT(voxfit_model_text(model, VOXFIT_ISA, text, sizeof text, &count) == VOXFIT_OK && count > 4 && !text[3]);
}

// There are three directions, each a neighbour of the others. The second has the highest value, and the third the next.
static void find_peaks(void) {
    const double values[6] = {1, 3, 2, -1, -1, -1}, directions[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const int32_t pairs[6] = {0, 1, 1, 2, 2, 0};
    int32_t indices[4];
    voxfit_peak_search p = {.size = sizeof p, .voxels = 2, .vertices = 3, .edges = 3, .peaks = 2, .values = values,
                            .directions = directions, .pairs = pairs, .threshold = .5, .separation = 25, .indices = indices};
    EXPECT(voxfit_find_peaks(&p) == VOXFIT_OK);
    EXPECT(indices[0] == 1 && indices[1] == -1 && indices[2] == -1 && indices[3] == -1);
    p.peaks = 4;
    EXPECT(voxfit_find_peaks(&p) == VOXFIT_ERROR_ARGUMENT && strstr(voxfit_message(), "1 to 3 peaks"));
    p.peaks = 2, p.threshold = 2;
    EXPECT(voxfit_find_peaks(&p) == VOXFIT_ERROR_ARGUMENT && strstr(voxfit_message(), "from 0 to 1"));
    p.threshold = .5, p.edges = 1 << 21;
    EXPECT(voxfit_find_peaks(&p) == VOXFIT_ERROR_ARGUMENT);
    p.edges = 3, p.indices = NULL;
    EXPECT(voxfit_find_peaks(&p) == VOXFIT_ERROR_ARGUMENT && strstr(voxfit_message(), "null"));
    EXPECT(voxfit_find_peaks(NULL) == VOXFIT_ERROR_ARGUMENT);
}

// Reads a file of 2 x 1 x 1 voxels and 3 volumes of uint8, which this function writes.
static void read_image(void) {
    unsigned char file[358] = {[0] = 348 & 255, [1] = 348 >> 8, [40] = 4, [42] = 2, [44] = 1, [46] = 1, [48] = 3, [70] = 2, [72] = 8,
                               [110] = 0xb0, [111] = 0x43, [344] = 'n', [345] = '+', [346] = '1', [352] = 1, 2, 3, 4, 5, 6};
    char path[64] = "/tmp/voxfit-check-XXXXXX.nii"; // Go looks for the end in several bytes at once
    int fd = mkstemps(path, 4);
    EXPECT(fd >= 0 && write(fd, file, sizeof file) == sizeof file && !close(fd));
    voxfit_image image;
    EXPECT(voxfit_image_new(path, &image) == VOXFIT_OK && image);
    int64_t shape[4] = {0}, dimensions = 0, index[2] = {1, 0};
    EXPECT(voxfit_image_shape(image, shape, 4, &dimensions) == VOXFIT_OK && dimensions == 4 && shape[0] == 2 && shape[3] == 3);
    EXPECT(voxfit_image_check_grid(image, image) == VOXFIT_OK);
    float values[6];
    voxfit_reading r = {.size = sizeof r, .voxels = 2, .volumes = 3, .index = index, .values = values};
    EXPECT(voxfit_image_read(image, &r) == VOXFIT_OK);
    EXPECT(values[0] == 2 && values[1] == 4 && values[2] == 6 && values[3] == 1 && values[5] == 5);
    r.volumes = 2;
    EXPECT(voxfit_image_read(image, &r) == VOXFIT_ERROR_ARGUMENT && strstr(voxfit_message(), "2 voxels x 3 volumes"));
    EXPECT(voxfit_image_free(image) == VOXFIT_OK && voxfit_image_free(image) == VOXFIT_ERROR_HANDLE);
    EXPECT(voxfit_image_read(image, &r) == VOXFIT_ERROR_HANDLE && voxfit_image_new(NULL, &image) == VOXFIT_ERROR_ARGUMENT);
    EXPECT(!unlink(path) && voxfit_image_new(path, &image) == VOXFIT_ERROR_ARGUMENT && !image);
}

// Images in memory have a grid, but no values to read.
static void compare_grids(void) {
    const int64_t shape[3] = {4, 5, 6}, flat[3] = {4, 5, 0};
    double affine[12] = {[0] = 2, [5] = 2, [10] = 2};
    voxfit_image image, same, mask;
    EXPECT(voxfit_image_in_memory(NULL, shape, affine, &image) == VOXFIT_OK && voxfit_image_in_memory("", shape, affine, &same) == VOXFIT_OK);
    affine[3] = 1;
    EXPECT(voxfit_image_in_memory("the mask", shape, affine, &mask) == VOXFIT_OK);
    EXPECT(voxfit_image_check_grid(image, same) == VOXFIT_OK);
    EXPECT(voxfit_image_check_grid(image, mask) == VOXFIT_ERROR_ARGUMENT && strstr(voxfit_message(), "the mask: ") && strstr(voxfit_message(), "up to 1 mm away"));
    float values[1];
    voxfit_reading r = {.size = sizeof r, .voxels = 1, .volumes = 1, .index = (int64_t[]){0}, .values = values};
    EXPECT(voxfit_image_read(image, &r) == VOXFIT_ERROR_ARGUMENT && strstr(voxfit_message(), "in memory"));
    EXPECT(voxfit_image_free(image) == VOXFIT_OK && voxfit_image_free(same) == VOXFIT_OK && voxfit_image_free(mask) == VOXFIT_OK);
    EXPECT(voxfit_image_in_memory(NULL, flat, affine, &image) == VOXFIT_ERROR_ARGUMENT && strstr(voxfit_message(), "[4 5 0]") && !image);
    EXPECT(voxfit_image_in_memory(NULL, NULL, affine, &image) == VOXFIT_ERROR_ARGUMENT);
}

static void list_options(void) {
    int64_t needed;
    EXPECT(voxfit_options(NULL, 0, &needed) == VOXFIT_OK && needed > 1000);
    char *text = malloc(needed);
    EXPECT(voxfit_options(text, needed, &needed) == VOXFIT_OK && (int64_t)strlen(text) == needed - 1);
    EXPECT(strstr(text, "\"neg_lambda\""));
    free(text);
}

// REFUSED expects that a call fails with the code and leaves a message.
#define REFUSED(code, call) EXPECT((call) == (code) && strlen(voxfit_message()) > 10)

static void refuse_bad_models(void) {
    voxfit_model model = 77;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new(NULL, N, bvals, bvecs, NULL, &model));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", N, NULL, bvecs, NULL, &model));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", N, bvals, NULL, NULL, &model));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", N, bvals, bvecs, NULL, NULL));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", 0, bvals, bvecs, NULL, &model));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", -5, bvals, bvecs, NULL, &model));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("noddi", N, bvals, bvecs, NULL, &model));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", N, bvals, bvecs, "{\"methid\": \"wls\"}", &model));
    EXPECT(strstr(voxfit_message(), "methid"));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", N, bvals, bvecs, "{", &model));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("csdm", N, bvals, bvecs, NULL, &model));
    double bad[N];
    memcpy(bad, bvals, sizeof bad);
    bad[9] = NAN;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_new("dti", N, bad, bvecs, NULL, &model));
    EXPECT(model == 0);
}

static void refuse_bad_batches(voxfit_model model, const float *signal, double *params) {
    voxfit_batch good = batch_of(1, signal, params), b = good;
    EXPECT(voxfit_fit(model, &b) == VOXFIT_OK);
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, NULL));
    b.size = 8;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.voxels = -1;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.voxels = INT64_MAX;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.signal = NULL;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.params = NULL;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.signal_type = 0;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.params_type = VOXFIT_INT16;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.threads = -1;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.flags = 64;
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_fit(model, &b));
    b = good, b.voxels = 0, b.signal = NULL, b.params = NULL;
    EXPECT(voxfit_fit(model, &b) == VOXFIT_OK);

    voxfit_derivation d = {.size = sizeof d, .voxels = 1, .params = params};
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_derive(model, NULL));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_derive(model, &d)); // no maps
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_fields(model, 5, NULL, 0, &(int64_t){0}));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_fields(model, VOXFIT_MAPS, NULL, 3, &(int64_t){0}));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_model_text(model, VOXFIT_ISA, NULL, 0, NULL));
    REFUSED(VOXFIT_ERROR_ARGUMENT, voxfit_options(NULL, 3, &(int64_t){0}));
}

static void derive(voxfit_model model, int64_t voxels, const double *params) {
    voxfit_field fields[16];
    float *all[16], *one[16] = {0};
    int64_t progress = 0, count;
    EXPECT(voxfit_model_fields(model, VOXFIT_MAPS, fields, 16, &count) == VOXFIT_OK && count <= 16);
    for (int64_t i = 0; i < count; i++)
        all[i] = malloc(voxels * fields[i].components * sizeof(float));
    voxfit_derivation d = {.size = sizeof d, .voxels = voxels, .params = params, .maps = all,
                           .map_count = (int32_t)count, .progress = &progress};
    EXPECT(voxfit_derive(model, &d) == VOXFIT_OK && progress == voxels);
    // Each map must be the same if no other is wanted.
    d.maps = one;
    for (int64_t i = 0; i < count; i++) {
        size_t bytes = voxels * fields[i].components * sizeof(float);
        one[i] = malloc(bytes);
        EXPECT(voxfit_derive(model, &d) == VOXFIT_OK && !memcmp(one[i], all[i], bytes));
        free(one[i]), free(all[i]);
        one[i] = NULL;
    }
}

// Single precision, strides and offsets change the places of values, and not the values.
static void lay_out_otherwise(voxfit_model model, int64_t voxels, const float *signal, const double *params) {
    float *columns = malloc(voxels * N * sizeof *columns), *narrow = malloc(voxels * P * sizeof *narrow);
    int64_t *offsets = malloc(voxels * sizeof *offsets), progress = 0;
    uint8_t *status = malloc(voxels);
    uint16_t *iterations = malloc(voxels * sizeof *iterations);
    for (int64_t v = 0; v < voxels; v++) {
        offsets[v] = (voxels - 1 - v) * (int64_t)sizeof *columns; // in reverse order
        for (int j = 0; j < N; j++)
            columns[j * voxels + voxels - 1 - v] = signal[v * N + j];
    }
    voxfit_batch b = batch_of(voxels, columns, NULL);
    b.value_stride = voxels * (int64_t)sizeof *columns;
    b.offsets = offsets, b.params = narrow, b.params_type = VOXFIT_FLOAT32;
    b.status = status, b.iterations = iterations, b.progress = &progress;
    EXPECT(voxfit_fit(model, &b) == VOXFIT_OK && progress == voxels);
    for (int64_t v = 0; v < voxels; v++) {
        EXPECT(status[v] != VOXFIT_STATUS_OUTSIDE_MASK);
        for (int64_t k = 0; k < P; k++)
            EXPECT(narrow[P * v + k] == (float)params[P * v + k]);
    }
    b.offsets = NULL, b.signal = columns + voxels - 1, b.voxel_stride = -(int64_t)sizeof *columns;
    memset(narrow, 0, voxels * P * sizeof *narrow);
    EXPECT(voxfit_fit(model, &b) == VOXFIT_OK);
    EXPECT(narrow[0] == (float)params[0] && narrow[P * voxels - 1] == (float)params[P * voxels - 1]);
    int32_t stop = 1;
    b.abort_flag = &stop;
    REFUSED(VOXFIT_ERROR_ABORTED, voxfit_fit(model, &b));
    for (int64_t v = 0; v < voxels; v++)
        EXPECT(status[v] == VOXFIT_STATUS_OUTSIDE_MASK);
    free(columns), free(narrow), free(offsets), free(status), free(iterations);
}

int main(int argc, char **argv) {
    EXPECT(argc == 6 && voxfit_abi_version() == VOXFIT_ABI_VERSION);
    int64_t voxels = atoll(argv[3]);
    float *signal = read_acquisition(argv[4], voxels);

    if (voxels >= 1000) // fewer voxels mean valgrind, where this would take half a minute
        list_options();
    find_peaks();
    read_image();
    compare_grids();
    refuse_bad_models();
    voxfit_model model, other;
    EXPECT(voxfit_model_new(argv[1], N, bvals, bvecs, argv[2], &model) == VOXFIT_OK);
    EXPECT(voxfit_model_new(argv[1], N, bvals, bvecs, argv[2], &other) == VOXFIT_OK && other != model);
    EXPECT(voxfit_model_sizes(model, NULL, &P) == VOXFIT_OK);
    double *params = malloc(voxels * P * sizeof *params);
    describe(model);
    voxfit_batch b = batch_of(voxels, signal, params);
    EXPECT(voxfit_fit(model, &b) == VOXFIT_OK);
    FILE *out = fopen(argv[5], "wb");
    EXPECT(out && fwrite(params, P * sizeof *params, voxels, out) == (size_t)voxels && !fclose(out));

    share_between_threads(model, voxels, signal, params);
    derive(model, voxels, params);
    lay_out_otherwise(model, voxels, signal, params);
    refuse_bad_batches(model, signal, params);

    EXPECT(voxfit_model_free(model) == VOXFIT_OK);
    REFUSED(VOXFIT_ERROR_HANDLE, voxfit_model_free(model));
    REFUSED(VOXFIT_ERROR_HANDLE, voxfit_fit(model, &b));
    REFUSED(VOXFIT_ERROR_HANDLE, voxfit_model_sizes(model, NULL, NULL));
    REFUSED(VOXFIT_ERROR_HANDLE, voxfit_model_free(0));
    EXPECT(voxfit_fit(other, &b) == VOXFIT_OK && voxfit_model_free(other) == VOXFIT_OK);
    free(signal), free(params);
    return 0;
}

// Many threads use libvoxfit for a while. They fit with a shared model and with models that they make and free, derive
// maps, abort batches, and make mistakes. The test that starts this program measures its memory meanwhile.
//
//     soak MODEL OPTIONS VOXELS SIGNAL PARAMS SECONDS THREADS
//
// It reads the file SIGNAL as check.c does, and does not write PARAMS. It exits with 0 if every fit gave the same bits and
// every mistake gave its error.

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "acquisition.h"

enum { MOST_THREADS = 256 };

static const char *name, *options;
static voxfit_model shared;
static int64_t voxels;
static float *signal_of_all;
static double *expected;
static time_t end;
static atomic_long fits;

static voxfit_model new_model(void) {
    voxfit_model model = 0;
    EXPECT(voxfit_model_new(name, N, bvals, bvecs, *options ? options : NULL, &model) == VOXFIT_OK);
    return model;
}

static void fit(voxfit_model model, double *params) {
    voxfit_batch b = batch_of(voxels, signal_of_all, params);
    memset(params, 0xff, voxels * P * sizeof *params);
    EXPECT(voxfit_fit(model, &b) == VOXFIT_OK);
    EXPECT(!memcmp(params, expected, voxels * P * sizeof *params));
    atomic_fetch_add(&fits, 1);
}

static void derive(voxfit_model model, const double *params) {
    voxfit_field fields[32];
    float *maps[32];
    int64_t count = 0;
    EXPECT(voxfit_model_fields(model, VOXFIT_MAPS, fields, 32, &count) == VOXFIT_OK && count <= 32);
    for (int64_t i = 0; i < count; i++)
        maps[i] = malloc(voxels * fields[i].components * sizeof *maps[i]);
    voxfit_derivation d = {.size = sizeof d, .voxels = voxels, .params = params, .maps = maps, .map_count = (int32_t)count, .threads = 1};
    EXPECT(voxfit_derive(model, &d) == VOXFIT_OK);
    for (int64_t i = 0; i < count; i++)
        free(maps[i]);
}

static void make_mistakes(voxfit_model model, double *params) {
    const int32_t stop = 1;
    voxfit_batch b = batch_of(voxels, signal_of_all, params);
    EXPECT(voxfit_fit(0, &b) == VOXFIT_ERROR_HANDLE);
    b.abort_flag = &stop;
    EXPECT(voxfit_fit(model, &b) == VOXFIT_ERROR_ABORTED);
    b.signal = NULL;
    EXPECT(voxfit_fit(model, &b) == VOXFIT_ERROR_ARGUMENT);
    voxfit_model none = 0;
    EXPECT(voxfit_model_new(name, N, bvals, bvecs, "{\"no such option\": 1}", &none) == VOXFIT_ERROR_ARGUMENT);
}

static void *work(void *argument) {
    const long thread = (long)argument;
    double *params = malloc(voxels * P * sizeof *params);
    for (int round = 0; time(NULL) < end; round++) {
        voxfit_model model = (thread + round) % 2 ? shared : new_model();
        fit(model, params);
        derive(model, params);
        make_mistakes(model, params);
        if (model != shared)
            EXPECT(voxfit_model_free(model) == VOXFIT_OK);
    }
    free(params);
    return NULL;
}

int main(int argc, char **argv) {
    EXPECT(argc == 8);
    name = argv[1], options = argv[2], voxels = atoll(argv[3]);
    signal_of_all = read_acquisition(argv[4], voxels);
    end = time(NULL) + atol(argv[6]) + 1; // + 1 because the current second has partly passed
    shared = new_model();
    EXPECT(voxfit_model_sizes(shared, NULL, &P) == VOXFIT_OK);
    expected = malloc(voxels * P * sizeof *expected);
    voxfit_batch b = batch_of(voxels, signal_of_all, expected);
    EXPECT(voxfit_fit(shared, &b) == VOXFIT_OK);
    pthread_t threads[MOST_THREADS];
    const long count = atol(argv[7]);
    EXPECT(count > 0 && count <= MOST_THREADS);
    for (long t = 0; t < count; t++)
        EXPECT(!pthread_create(&threads[t], NULL, work, (void *)t));
    for (long t = 0; t < count; t++)
        pthread_join(threads[t], NULL);
    printf("%ld fits of %lld voxels by %ld threads\n", atomic_load(&fits), (long long)voxels, count);
    return 0;
}

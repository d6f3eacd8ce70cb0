// A process that was forked after libvoxfit was loaded gets an error from every function at once. Its parent goes on.
//
//     fork libc      with fork()
//     fork kernel    with the system call itself, of which the C library's handlers are not told

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "voxfit.h"

#define N 8
static const double bvals[N] = {0, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
static const double bvecs[3 * N] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, .6, .8, 0, .6, 0, .8, 0, .6, .8, .8, -.6, 0};
static const float measured[N] = {100, 50, 60, 70, 55, 58, 62, 57};

static int child(voxfit_model model, voxfit_batch *b) {
    alarm(60); // a signal ends the process if a call hangs
    voxfit_model other;
    voxfit_derivation d = {.size = sizeof d};
    int64_t count;
    int refused = 0;
    refused += voxfit_model_new("dti", N, bvals, bvecs, NULL, &other) == VOXFIT_ERROR_FORKED;
    refused += voxfit_model_free(model) == VOXFIT_ERROR_FORKED;
    refused += voxfit_model_sizes(model, NULL, NULL) == VOXFIT_ERROR_FORKED;
    refused += voxfit_model_fields(model, VOXFIT_MAPS, NULL, 0, &count) == VOXFIT_ERROR_FORKED;
    refused += voxfit_model_text(model, VOXFIT_ISA, NULL, 0, &count) == VOXFIT_ERROR_FORKED;
    refused += voxfit_fit(model, b) == VOXFIT_ERROR_FORKED;
    refused += voxfit_derive(model, &d) == VOXFIT_ERROR_FORKED;
    voxfit_peak_search p = {.size = sizeof p};
    refused += voxfit_find_peaks(&p) == VOXFIT_ERROR_FORKED;
    voxfit_image image;
    voxfit_reading r = {.size = sizeof r};
    refused += voxfit_image_new("a.nii", &image) == VOXFIT_ERROR_FORKED;
    refused += voxfit_image_free(1) == VOXFIT_ERROR_FORKED;
    refused += voxfit_image_shape(1, NULL, 0, &count) == VOXFIT_ERROR_FORKED;
    const int64_t shape[3] = {1, 1, 1};
    const double affine[12] = {[0] = 1, [5] = 1, [10] = 1};
    refused += voxfit_image_in_memory(NULL, shape, affine, &image) == VOXFIT_ERROR_FORKED;
    refused += voxfit_image_check_grid(1, 1) == VOXFIT_ERROR_FORKED;
    refused += voxfit_image_read(1, &r) == VOXFIT_ERROR_FORKED;
    return refused == 14 && strstr(voxfit_message(), "forked") && voxfit_abi_version() == VOXFIT_ABI_VERSION;
}

int main(int argc, char **argv) {
    voxfit_model model;
    double params[7], again[7];
    voxfit_batch b = {.size = sizeof b, .voxels = 1, .signal = measured, .signal_type = VOXFIT_FLOAT32,
                      .params = params, .params_type = VOXFIT_FLOAT64};
    if (argc != 2 || voxfit_model_new("dti", N, bvals, bvecs, NULL, &model) || voxfit_fit(model, &b))
        return fprintf(stderr, "before the fork: %s\n", voxfit_message()), 1;
    pid_t pid = strcmp(argv[1], "kernel") ? fork() : (pid_t)syscall(SYS_clone, 17 /* SIGCHLD */, 0, 0, 0, 0);
    if (!pid)
        _exit(child(model, &b) ? 0 : 1);
    int status;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
        return fprintf(stderr, "the child ended with %d\n", status), 1;
    b.params = again;
    if (voxfit_fit(model, &b) || memcmp(params, again, sizeof params))
        return fprintf(stderr, "the parent after the fork: %s\n", voxfit_message()), 1;
    return 0;
}

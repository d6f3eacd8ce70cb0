// Tasks handed out by OpenMP: by a loop with a static or a dynamic schedule, and as tasks of one thread for all.
#include <omp.h>
#include <string.h>

#include "kernel.h"

static uint64_t by_static(uint64_t tasks, uint64_t iterations) {
	uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
	for (uint64_t i = 0; i < tasks; i++)
		sum += work(i, iterations);
	return sum;
}

static uint64_t by_dynamic(uint64_t tasks, uint64_t iterations) {
	uint64_t sum = 0;
#pragma omp parallel for schedule(dynamic, 1) reduction(+ : sum)
	for (uint64_t i = 0; i < tasks; i++)
		sum += work(i, iterations);
	return sum;
}

// Each thread has its sum on a cache line of its own.
struct sum {
	uint64_t value;
	char rest[120];
};
static struct sum sums[8192];

static uint64_t by_tasks(uint64_t tasks, uint64_t iterations) {
#pragma omp parallel
#pragma omp single
	for (uint64_t i = 0; i < tasks; i++) {
#pragma omp task firstprivate(i)
		sums[omp_get_thread_num()].value += work(i, iterations);
	}
	uint64_t sum = 0;
	for (int i = 0; i < omp_get_max_threads(); i++) {
		sum += sums[i].value;
		sums[i].value = 0;
	}
	return sum;
}

int main(void) {
	struct request r;
	while (next_request(&r)) {
		if (strcmp(r.name, "version") == 0) {
			printf("{\"version\": \"OpenMP %d, gcc %s\"}\n", _OPENMP, __VERSION__);
			fflush(stdout);
			continue;
		}
		double before = alone(r.iterations), begin = now();
		uint64_t sum = strcmp(r.name, "openmp-static") == 0    ? by_static(r.tasks, r.iterations)
		               : strcmp(r.name, "openmp-dynamic") == 0 ? by_dynamic(r.tasks, r.iterations)
		                                                       : by_tasks(r.tasks, r.iterations);
		double seconds = now() - begin;
		answer(seconds, sum, before, alone(r.iterations));
	}
	return 0;
}

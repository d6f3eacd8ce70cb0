// The work of a task, the measure of its speed, and the lines by which kbench metg asks and is answered.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#ifdef __cplusplus
#define RESTRICT
#else
#define RESTRICT restrict
#endif

// Not constants: a compiler that knew them could put several iterations into one.
static volatile uint64_t multiplier = UINT64_C(6364136223846793005), increment = UINT64_C(1442695040888963407);

// work is a linear congruential generator: each iteration waits for the one before.
static inline uint64_t work(uint64_t seed, uint64_t iterations) {
	uint64_t a = multiplier, c = increment, x = seed;
	for (uint64_t i = 0; i < iterations; i++)
		x = x * a + c;
	return x;
}

static inline double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

// iteration is the seconds of one iteration in the calling thread, the least of several loops.
static inline double iteration(void) {
	const uint64_t n = 40000;
	double best = 1;
	volatile uint64_t kept;
	for (int i = 0; i < 8; i++) {
		double begin = now();
		kept = work(i, n);
		double took = (now() - begin) / n;
		best = took < best ? took : best;
	}
	(void)kept;
	return best;
}

// A request: the opponent's name, how many tasks, and the iterations of each.
struct request {
	char name[32];
	uint64_t tasks, iterations;
};

static inline int next_request(struct request *RESTRICT r) {
	char line[256];
	return fgets(line, sizeof line, stdin) != NULL &&
	       sscanf(line, "[\"%31[^\"]\",%lu,%lu]", r->name, &r->tasks, &r->iterations) == 3;
}

static inline void answer(double seconds, uint64_t sum, double before, double after) {
	printf("{\"seconds\": %.9g, \"sum\": %lu, \"iteration_s\": %.9g}\n", seconds, sum, before < after ? before : after);
	fflush(stdout);
}

// A record of a task: which worker did it, and when.
struct task {
	int worker;
	double begin, end;
};

static inline void answer_tasks(const struct task *tasks, uint64_t n) {
	printf("{\"tasks\": [");
	for (uint64_t i = 0; i < n; i++)
		printf("%s[%d,%.9f,%.9f]", i ? "," : "", tasks[i].worker, tasks[i].begin, tasks[i].end);
	printf("]}\n");
	fflush(stdout);
}

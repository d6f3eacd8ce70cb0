// The work of a task, the measure of its time, and the lines by which kbench metg asks and is answered.
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

// alone is the seconds that one task takes where the calling thread does one after another in a loop, the least of several
// loops. A processor overlaps neighbouring short tasks, so the loop has tasks of that length. Those of more iterations than
// a whole loop are taken as so many times as long.
static inline double alone(uint64_t iterations) {
	const uint64_t most = 40000, each = iterations < most ? iterations : most, n = each > 0 ? most / each : most;
	double best = 1;
	volatile uint64_t kept;
	for (int i = 0; i < 8; i++) {
		double begin = now();
		uint64_t sum = 0;
		for (uint64_t task = 0; task < n; task++)
			sum += work(i + task, each);
		kept = sum;
		double took = (now() - begin) / n;
		best = took < best ? took : best;
	}
	(void)kept;
	return each < iterations ? best * iterations / each : best;
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
	printf("{\"seconds\": %.9g, \"sum\": %lu, \"task_s\": %.9g}\n", seconds, sum, before < after ? before : after);
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

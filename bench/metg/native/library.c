// The work of a task and the measure of its time, as a library that Python calls.
#include "kernel.h"

uint64_t metg_work(uint64_t seed, uint64_t iterations) { return work(seed, iterations); }

double metg_alone(uint64_t iterations) { return alone(iterations); }

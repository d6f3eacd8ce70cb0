// Tasks handed out by oneTBB's parallel_for: each a task of its own (simple_partitioner), or joined as it likes.
#include <string>
#include <vector>

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/version.h>

#include "kernel.h"

namespace {

// Each thread has its sum on a cache line of its own.
struct alignas(128) Sum {
	uint64_t value = 0;
};

using Range = tbb::blocked_range<uint64_t>;

uint64_t run(bool joined, uint64_t tasks, uint64_t iterations, std::vector<Sum> &sums) {
	auto body = [&](const Range &range) {
		uint64_t sum = 0;
		for (uint64_t i = range.begin(); i < range.end(); i++)
			sum += work(i, iterations);
		sums[tbb::this_task_arena::current_thread_index()].value += sum;
	};
	if (joined)
		tbb::parallel_for(Range(0, tasks, 1), body, tbb::auto_partitioner());
	else
		tbb::parallel_for(Range(0, tasks, 1), body, tbb::simple_partitioner());
	uint64_t sum = 0;
	for (Sum &s : sums) {
		sum += s.value;
		s.value = 0;
	}
	return sum;
}

// The first half of the tasks has work, so that those who begin with the second half steal.
void steal(uint64_t tasks, uint64_t iterations) {
	std::vector<task> done(tasks);
	volatile uint64_t kept;
	tbb::parallel_for(
	    Range(0, tasks, 1),
	    [&](const Range &range) {
		    for (uint64_t i = range.begin(); i < range.end(); i++) {
			    double begin = now();
			    kept = work(i, i < tasks / 2 ? iterations : 0);
			    done[i] = {tbb::this_task_arena::current_thread_index(), begin, now()};
		    }
	    },
	    tbb::simple_partitioner());
	(void)kept;
	answer_tasks(done.data(), tasks);
}

} // namespace

int main(int, char **arguments) {
	const size_t workers = std::stoul(arguments[1]);
	tbb::global_control most(tbb::global_control::max_allowed_parallelism, workers);
	std::vector<Sum> sums(workers);
	request r;
	while (next_request(&r)) {
		const std::string name = r.name;
		if (name == "version") {
			printf("{\"version\": \"oneTBB %d.%d\"}\n", TBB_VERSION_MAJOR, TBB_VERSION_MINOR);
			fflush(stdout);
		} else if (name == "steals") {
			steal(r.tasks, r.iterations);
		} else {
			const double before = alone(r.iterations), begin = now();
			const uint64_t sum = run(name == "tbb-auto", r.tasks, r.iterations, sums);
			const double seconds = now() - begin;
			answer(seconds, sum, before, alone(r.iterations));
		}
	}
}

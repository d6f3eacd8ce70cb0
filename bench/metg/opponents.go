package metg

import "slices"

// An opponent is a scheduler that can be measured.
type opponent struct {
	name, what string
	program    string // the program that it is in; empty for this one
	steals     bool   // its workers steal, and it can report when
}

// The other programs.
const (
	openMP = "openmp"
	oneTBB = "tbb"
	rayon  = "rayon"
	python = "python"
)

var opponents = []opponent{
	{name: "voxfit", what: "a chunk of sched, schedule numa: a share for each worker, then stealing", steals: true},
	{name: "voxfit-dynamic", what: "a chunk of sched, schedule dynamic: one queue"},
	{name: "voxfit-static", what: "a chunk of sched, schedule static: a share for each worker"},
	{name: "voxfit-elastic", what: "a chunk of sched, several joined into one call as kbench fit and run do"},
	{name: "channel", what: "a number from a channel with a buffer of 128, read by a goroutine for each worker"},
	{name: "errgroup", what: "a goroutine of errgroup, limited to the number of workers"},
	{name: "openmp-static", what: "an iteration of a loop, schedule(static)", program: openMP},
	{name: "openmp-dynamic", what: "an iteration of a loop, schedule(dynamic,1)", program: openMP},
	{name: "openmp-tasks", what: "an OpenMP task, all made by one thread", program: openMP},
	{name: "tbb", what: "a task of parallel_for, simple_partitioner, grain 1", program: oneTBB, steals: true},
	{name: "tbb-auto", what: "an element of parallel_for, joined by auto_partitioner", program: oneTBB},
	{name: "rayon", what: "a task of a parallel iterator, with_max_len(1)", program: rayon, steals: true},
	{name: "rayon-auto", what: "an element of a parallel iterator, joined as rayon likes", program: rayon},
	{name: "multiprocessing", what: "an element of Pool.map, chunksize 1", program: python},
	{name: "joblib", what: "a delayed call, loky, batch_size 1", program: python},
	{name: "dask", what: "a delayed call of dask.compute on threads", program: python},
	{name: "dask-distributed", what: "a future of Client.map, a process for each worker", program: python},
	{name: "ray", what: "a call of a remote function", program: python},
}

// Names lists all opponents.
func Names() []string {
	var names []string
	for _, o := range opponents {
		names = append(names, o.name)
	}
	return names
}

func find(name string) (opponent, bool) {
	i := slices.IndexFunc(opponents, func(o opponent) bool { return o.name == name })
	if i < 0 {
		return opponent{}, false
	}
	return opponents[i], true
}

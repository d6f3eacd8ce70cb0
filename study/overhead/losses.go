package overhead

// losses divides the fitted time of a setting: first the time of the work if every CPU were a whole core and had its
// share, then the reasons why it takes longer.
func (a *analysis) losses(s setting) (ideal float64, losses []Loss) {
	parts := a.fit.parts(s)
	ideal = a.fit.values[termWork] / float64(s.cpus)
	spread := a.fit.values[termWork] / s.busy // by the CPUs that have a chunk
	return ideal, []Loss{
		{"a hyperthread is no core", max(0, parts[termWork]-spread)},
		{"CPUs without a chunk", max(0, spread-ideal)},
		{"serial part", parts[termSerial]},
		{"each chunk", parts[termChunk]},
		{"each core", parts[termCore]},
		{"contention", parts[termContention]},
	}
}

// shortestRuns divides the time of the shortest setting of each CPU count.
func (a *analysis) shortestRuns() []ShortestRun {
	var runs []ShortestRun
	for _, cpus := range a.CPUCounts {
		with, _ := divide(a.settings, func(s setting) bool { return s.cpus == cpus })
		s := shortest(with)
		ideal, losses := a.losses(s)
		runs = append(runs, ShortestRun{CPUs: cpus, Time: a.fit.time(s), Ideal: ideal, Losses: losses})
	}
	return runs
}

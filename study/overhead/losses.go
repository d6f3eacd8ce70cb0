package overhead

import "github.com/voxfit/voxfit/study"

// Names of losses.
const (
	threadLoss     = "a hyperthread is no core"
	idleLoss       = "CPUs without a chunk"
	serialLoss     = "serial part"
	chunkLoss      = "each chunk"
	coreLoss       = "each core"
	contentionLoss = "contention"
)

// whyOf says what a loss is, behind its seconds.
var whyOf = map[string]string{
	threadLoss:     "are lost because a second hyperthread is no core",
	idleLoss:       "are lost because some CPUs have no chunk",
	serialLoss:     "are serial, on any number of cores",
	chunkLoss:      "hand out tasks",
	coreLoss:       "are the cost of the cores",
	contentionLoss: "are lost because CPUs slow each other",
}

// losses divides the fitted time of a setting: first the time of the work if every CPU were a whole core and had its
// share, then the reasons why it takes longer.
func (a *analysis) losses(s setting) (ideal float64, losses []Loss) {
	parts := a.fit.parts(&s)
	ideal = a.fit.values[termWork] / float64(s.cpus)
	spread := a.fit.values[termWork] / s.busy // by the CPUs that have a chunk
	if a.ThreadUntold {
		ideal, spread = a.fit.values[termWork]/float64(min(s.cpus, s.cores.Physical)), a.fit.values[termWork]/s.inUse()
	}
	return ideal, []Loss{
		{threadLoss, max(0, parts[termWork]-spread)},
		{idleLoss, max(0, spread-ideal)},
		{serialLoss, parts[termSerial]},
		{chunkLoss, parts[termChunk]},
		{coreLoss, parts[termCore]},
		{contentionLoss, parts[termContention]},
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

// ideally says when a run would take its ideal time.
func (a *analysis) ideally() string {
	if a.ThreadUntold {
		return "all cores were at work"
	}
	return "every CPU were a whole core"
}

// perhaps says of a loss that it may be none: the interval of its cost reaches zero.
func (a *analysis) perhaps(loss string) string {
	cost := map[string]*study.Estimate{serialLoss: a.Serial, chunkLoss: a.Chunk, coreLoss: a.Core, contentionLoss: a.Contention}[loss]
	if cost == nil || cost.Low > 0 {
		return ""
	}
	return " (perhaps none)"
}

package study

import (
	"strings"
	"unicode"

	"github.com/voxfit/voxfit/internal/calm"
)

// A Record is one timed run: one model fitted to one data set by one engine, in one number of
// chunks, on one number of CPUs. A row of the CSV file is a Record.
//
// The fields up to DataShape are the published study's columns, with the meaning and the units
// that its program gave them. The rest are ours. A zero in a field that cannot be zero (Time,
// MemorySize, AvgMem, PeakRSS, Nodes, Compute ...) means that it was not recorded; such a field
// is an empty cell in the file.
type Record struct {
	// Engine is who ran it: "voxfit", "dipy-ray", "ray", "serial" ... A serial engine is one
	// named "serial" or "something-serial" (see Summarise).
	Engine string
	// VoxPerChunk is NumVox / NumChunks, rounded down. Because of the rounding a run may need
	// more chunks than NumChunks.
	VoxPerChunk int
	// NumChunks is the number of chunks that was asked for.
	NumChunks int
	// Time is the wall time of the fit in seconds, without reading or writing files.
	Time float64
	// CPUCount is the number of CPUs (hardware threads) that the run was given.
	CPUCount int
	// MemorySize is the machine's memory in bytes.
	MemorySize int64
	// NumVox is the number of voxels fitted: those inside the mask.
	NumVox int
	// AvgMem is the mean of MemUsage, in GiB (2^30 bytes).
	AvgMem float64
	// MemUsage is the memory in use on the whole machine, in GiB, sampled once a second during
	// the run. Its column is spelled mem_useage, as published.
	MemUsage []float64
	// Model is the name of the model's class: "ConstrainedSphericalDeconvModel" ...
	Model string
	// DataShape is the shape of the 4D image, volumes last: in the file "(145, 174, 145, 288)".
	DataShape []int

	// Run counts the repetitions of one setting from 1. The published file has no such column.
	Run int
	// ISA is the instruction set of the kernels: "avx512", "avx2", "neon", "generic"; empty for
	// engines that are not ours.
	ISA string
	// Pinned says that each worker was tied to one CPU.
	Pinned bool
	// Nodes is the number of NUMA nodes that the CPUs of the run belong to.
	Nodes int
	// Compute, Dispatch, Steal, StartWait and TailWait say where the workers' time went, in
	// seconds summed over the workers (core-seconds): in the kernels, in taking the next chunk,
	// in taking chunks from other workers, before the first chunk and after the last.
	Compute, Dispatch, Steal, StartWait, TailWait float64
	// PeakRSS is the largest resident set of the program in bytes.
	PeakRSS int64
	// SpilledBytes is what the engine moved from memory to disk (Ray's object store does this).
	SpilledBytes int64
	// Version is the version of the program that ran.
	Version string
	// Host names the machine. Rows of different hosts are never averaged, so it should be a name
	// that stays the same when the run is repeated (not the name of a container).
	Host string

	// FirstTouch is a further part of the workers' time, in core-seconds: making their scratch, on
	// their own nodes. (Before it had a column it was part of StartWait.)
	FirstTouch float64
	// Schedule, Pin and Places are how chunks found workers ("numa", "dynamic", "static"), how firmly
	// workers were tied ("none", "core", "node"), and the order of the CPUs ("close", "spread", a list).
	Schedule, Pin, Places string
	// Cores is the number of physical cores that the CPUs of the run belong to: fewer than CPUCount
	// where the two hardware threads of a core are used.
	Cores int
	// ChunksRun and ChunksStolen count the chunks that were run, and those that another worker than
	// the one they had been dealt to ran. ChunkMedian and ChunkP99 are quantiles of their times in
	// seconds.
	ChunksRun, ChunksStolen int64
	ChunkMedian, ChunkP99   float64
	// LocalBytes and FarBytes are bytes of signal and results: on the NUMA node of the worker that used them, and on
	// other nodes. Both are 0 where this was not known.
	LocalBytes, FarBytes int64
	// VoluntarySwitches and InvoluntarySwitches are context switches of the workers, Migrations their
	// moves between CPUs.
	VoluntarySwitches, InvoluntarySwitches, Migrations int64
	// Instructions, Cycles and CacheMisses (of the last level) are the processor's own counts over all
	// workers; all 0 where the system keeps them.
	Instructions, Cycles, CacheMisses int64

	// CPUTime is the time that the run had on its CPUs from the workers' first chunks on, in core-seconds, by
	// clock_gettime. Taken is what other programs had while the run was ready to compute, and HostSteal what the host
	// of a virtual machine gave to others, by
	// /proc/stat. Late is what workers waited, before their first chunk and after the last one of all, because a thread of
	// the run had no CPU, by schedstat. All are 0 where the system does not say.
	CPUTime, Taken, HostSteal, Late float64
	// Tries is how often the run was measured, because other programs disturbed it. The row holds the try that they
	// disturbed least.
	Tries int

	// Campaign is read from the published file, where it says which of two series of runs a row belongs to. Our files
	// do not have this column.
	Campaign string
}

// Published reports whether the record comes from the published study's own file, which is the
// only one with a campaign column.
func (r Record) Published() bool { return r.Campaign != "" }

// HasAccount reports whether the record says where the workers' time went.
func (r Record) HasAccount() bool { return r.Compute > 0 }

// HasUse reports whether the record says how much time the run had on its CPUs.
func (r Record) HasUse() bool { return r.CPUTime > 0 }

// TakenShare is the part of the time in which the run wanted its CPUs that other programs and the host took; 0 where
// this is not known.
func (r Record) TakenShare() float64 {
	if !r.HasUse() {
		return 0
	}
	// It depends on the kernel whether the host's share is part of a thread's time. So the larger counts, and not the
	// sum.
	taken := max(r.Taken, r.HostSteal) + r.Late
	return taken / (r.CPUTime + taken)
}

// Disturbed reports whether other programs took more than 5% of what the run wanted.
func (r Record) Disturbed() bool { return calm.Disturbs(r.TakenShare()) }

// Calm leaves out disturbed repetitions where their setting has undisturbed ones. settings counts the settings, and
// disturbed those that have disturbed repetitions alone.
func Calm(records []Record) (kept []*Record, settings, disturbed int) {
	type setting struct {
		Condition
		chunks int
	}
	of := func(r *Record) setting { return setting{r.Condition(), r.NumChunks} }
	calmRuns := map[setting]int{}
	for i := range records {
		n := 0
		if r := &records[i]; !r.Disturbed() {
			n = 1
		}
		calmRuns[of(&records[i])] += n
	}
	for _, n := range calmRuns {
		if n == 0 {
			disturbed++
		}
	}
	for i := range records {
		if r := &records[i]; !r.Disturbed() || calmRuns[of(r)] == 0 {
			kept = append(kept, r)
		}
	}
	return kept, len(calmRuns), disturbed
}

// A Key is what makes a run the same run when a study is taken up again: everything that was
// asked for, and nothing that was measured.
type Key struct {
	engine, model, dataShape, isa, host string
	cpuCount, numChunks, numVox         int
	nodes, run                          int
	pinned                              bool
	schedule, pin, places               string
	cores                               int
}

// Key returns the record's key. A planned run is a Record without measurements, so a program asks
// log.Done(planned.Key()).
func (r Record) Key() Key {
	return Key{
		engine: cleanText(r.Engine), model: cleanText(r.Model), dataShape: formatShape(r.DataShape),
		isa: cleanText(r.ISA), host: cleanText(r.Host),
		cpuCount: r.CPUCount, numChunks: r.NumChunks, numVox: r.NumVox,
		nodes: r.Nodes, run: r.Run, pinned: r.Pinned,
		schedule: cleanText(r.Schedule), pin: cleanText(r.Pin), places: cleanText(r.Places), cores: r.Cores,
	}
}

// SplitPublished divides records into our own runs and those of the published study, keeping the
// order. A report draws the second in the background of the first.
func SplitPublished(records []Record) (ours, published []Record) {
	for _, r := range records {
		if r.Published() {
			published = append(published, r)
		} else {
			ours = append(ours, r)
		}
	}
	return ours, published
}

// cleanText makes a name safe for one line of a file and for XML. Each of these becomes one space: what is not valid
// UTF-8, a control character, and the two code points that XML forbids. Spaces at the ends are removed. With a line end
// inside a name, a torn row could not be told from a whole one.
func cleanText(s string) string {
	if isPlain(s) {
		return s
	}
	s = strings.ToValidUTF8(s, " ")
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\uFFFE' || c == '\uFFFF' {
			return ' '
		}
		return c
	}, s)
	return strings.TrimSpace(s)
}

// isPlain reports whether a text is such that cleanText would not change it, as far as this is seen quickly. Nearly all
// texts are so, and a study of a million runs has many of them.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

package simulate

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/internal/plural"
	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/cells"

	"github.com/voxfit/voxfit/lock"
)

// ChunkTimes are the times that chunks of one model took on one core, and the scheduler's costs that were measured with
// them.
type ChunkTimes struct {
	Model string // as in the CSV file
	// BytesPerVoxel is what a voxel moves to and from memory.
	BytesPerVoxel float64
	// Dispatch is the time to take a chunk, Start the time until a single worker is ready, and Spawn how long each
	// further worker waits for the one before it. All are in seconds.
	Dispatch, Start, Spawn float64
	// Taken is the share of the core that other programs had while the chunks were timed.
	Taken float64
	Note  string // what is not known of these times; empty otherwise

	sizes []sizedTimes // the chunk sizes that were measured, ascending
}

// A sizedTimes is the times of chunks of one size.
type sizedTimes struct {
	voxels   int       // in a chunk
	perVoxel []float64 // seconds a voxel, one for each chunk (or run) measured
}

// medians returns the median time a voxel of each size of chunks.
func (c ChunkTimes) medians() []float64 {
	all := make([]float64, len(c.sizes))
	for i, s := range c.sizes {
		all[i] = study.Median(s.perVoxel)
	}
	return all
}

// nearest returns the index of the measured size with the least ratio to the given one.
func (c ChunkTimes) nearest(voxels int) int {
	distance := func(s sizedTimes) float64 { return math.Abs(math.Log(float64(s.voxels) / float64(max(1, voxels)))) }
	best := 0
	for i, s := range c.sizes {
		if distance(s) < distance(c.sizes[best]) {
			best = i
		}
	}
	return best
}

// timesOfRuns computes chunk times from records that say where the workers' time went. It uses the runs on the fewest
// CPUs and takes one value from each, by chunk size. A record does not say how the chunks of one run differ.
func timesOfRuns(records []study.Record, model string, evenIfBusy bool) (ChunkTimes, error) {
	c := ChunkTimes{Model: modelname.ClassOf(model), Note: "the chunks of a run are taken to cost the same a voxel: its record holds their sum alone"}
	disturbed := 0
	fewest := math.MaxInt
	var used, all []study.Record
	for _, r := range records {
		if !r.HasAccount() || r.Model != c.Model || study.IsSerial(r.Engine) {
			continue
		}
		if r.Disturbed() && !evenIfBusy {
			disturbed++
			continue
		}
		all = append(all, r)
		if r.CPUCount < fewest {
			fewest, used = r.CPUCount, nil
		}
		if r.CPUCount == fewest {
			used = append(used, r)
		}
	}
	if len(used) == 0 && disturbed > 0 {
		return c, fmt.Errorf("other programs disturbed %s of %s (column disturbed): measure again, or take the times as they are with --even-if-busy",
			plural.Count(disturbed, "run"), c.Model)
	}
	if len(used) == 0 {
		return c, fmt.Errorf("no run of %s says where its time went (columns compute_s, dispatch_s ...): nothing to simulate from", c.Model)
	}
	var dispatch, start []float64
	busy := 0
	for _, r := range used {
		if r.Disturbed() {
			busy++
		}
		voxels := max(1, r.NumVox/r.NumChunks)
		c.add(voxels, r.Compute/float64(r.NumVox))
		dispatch = append(dispatch, r.Dispatch/float64(r.NumChunks))
		start = append(start, (r.StartWait+r.FirstTouch)/float64(r.CPUCount))
		if n := len(r.DataShape); n > 1 {
			c.BytesPerVoxel = bytesOfVoxel(r.DataShape[n-1])
		}
	}
	if c.BytesPerVoxel == 0 {
		c.BytesPerVoxel = bytesOfVoxel(288)
	}
	if busy > 0 {
		c.Note += fmt.Sprintf("; and other programs disturbed %d of its %s (column disturbed), which makes the times longer than they are", busy, plural.Count(len(used), "run"))
	}
	// In a run of few chunks, the time to take a chunk includes clock readings and the last request, which finds none.
	// So the least value is the cost of a chunk.
	c.Dispatch, c.Start = slices.Min(dispatch), study.Median(start)
	c.Spawn = spawnOf(all, c.Start)
	return c, nil
}

// assumedSpawn is the time to make a thread, in seconds, for files from which it cannot be computed.
const assumedSpawn = 20e-6

// spawnOf computes how long each further worker waits, from the runs with the most workers. When workers start one
// after another, they wait for half of the spawns on average.
func spawnOf(records []study.Record, single float64) float64 {
	most := slices.MaxFunc(records, func(a, b study.Record) int { return cmp.Compare(a.CPUCount, b.CPUCount) }).CPUCount
	var waits []float64
	for _, r := range records {
		if r.CPUCount == most {
			waits = append(waits, (r.StartWait+r.FirstTouch)/float64(most))
		}
	}
	spawn := 2 * (study.Median(waits) - single) / float64(most-1)
	if most < 4 || !(spawn > 0) {
		return assumedSpawn
	}
	return spawn
}

// bytesOfVoxel returns what a voxel of so many volumes moves: its float32 signal in, some fifty float64 results out.
func bytesOfVoxel(volumes int) float64 { return 4*float64(volumes) + 8*50 }

// add adds a measurement.
func (c *ChunkTimes) add(voxels int, perVoxel float64) {
	i, found := slices.BinarySearchFunc(c.sizes, voxels, func(s sizedTimes, v int) int { return cmp.Compare(s.voxels, v) })
	if !found {
		c.sizes = slices.Insert(c.sizes, i, sizedTimes{voxels: voxels})
	}
	c.sizes[i].perVoxel = append(c.sizes[i].perVoxel, perVoxel)
}

// Add adds one measured chunk: its voxels and the seconds that it took.
func (c *ChunkTimes) Add(voxels int, seconds float64) { c.add(voxels, seconds/float64(voxels)) }

// The columns of a file of chunk times: one row for each chunk. Older files lack the last one.
var chunkTimesHeader = []string{"model", "bytes_per_voxel", "dispatch_s", "start_s", "spawn_s", "voxels", "time", "taken_share"}

// Busy returns the times with a note where other programs disturbed them, or an error unless evenIfBusy is set.
func (c ChunkTimes) Busy(evenIfBusy bool) (ChunkTimes, error) {
	if !calm.Disturbs(c.Taken) {
		return c, nil
	}
	if !evenIfBusy {
		return c, fmt.Errorf("other programs took %.0f%% of the core while chunks were timed, expected at most %.0f%%: stop them and measure again, or take the times as they are with --even-if-busy",
			100*c.Taken, 100*(1-calm.Least))
	}
	c.Note = fmt.Sprintf("other programs took %.0f%% of the core while the chunks were timed, which makes them longer than they are", 100*c.Taken)
	return c, nil
}

// WriteCSV writes the times, one row a chunk, as ReadChunkTimes reads them.
func (c ChunkTimes) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write(chunkTimesHeader)
	for _, s := range c.sizes {
		for _, t := range s.perVoxel {
			out.Write([]string{c.Model, cells.Float(c.BytesPerVoxel), cells.Float(c.Dispatch), cells.Float(c.Start), cells.Float(c.Spawn),
				strconv.Itoa(s.voxels), cells.Float(t * float64(s.voxels)), cells.Float(c.Taken)})
		}
	}
	out.Flush()
	return out.Error()
}

// readRuns computes chunk times from a CSV file of timed runs.
func readRuns(path, model string, evenIfBusy bool) (ChunkTimes, error) {
	runs, err := study.ReadRuns(path)
	if err != nil {
		return ChunkTimes{}, err
	}
	c, err := timesOfRuns(runs.Records, model, evenIfBusy)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if runs.Unfinished {
		c.Note += "; the file ends within a row, which is left out"
	}
	return c, nil
}

// ReadChunkTimes reads a model's chunk times from a file that WriteCSV wrote. It can also compute them from a CSV file
// of timed runs that say where the workers' time went: from the runs on the fewest CPUs, one value from each. Runs that
// other programs disturbed are left out, unless evenIfBusy is true.
func ReadChunkTimes(path, model string, evenIfBusy bool) (ChunkTimes, error) {
	file, err := lock.OpenToRead(path)
	if err != nil {
		return ChunkTimes{}, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	header, err := rows.Read()
	if err != nil || !slices.Equal(header, chunkTimesHeader) && !slices.Equal(header, chunkTimesHeader[:7]) {
		return readRuns(path, model, evenIfBusy)
	}
	c := ChunkTimes{Model: modelname.ClassOf(model)}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c, cells.RowError(path, err)
		}
		if row[0] != c.Model {
			continue
		}
		var numbers [7]float64
		for i, cell := range row[1:] {
			x, err := strconv.ParseFloat(cell, 64)
			if err != nil || !(x >= 0) || math.IsInf(x, 0) || i == 4 && !(x >= 1 && x == math.Trunc(x)) || i == 5 && x == 0 || i == 6 && x >= 1 {
				line, _ := rows.FieldPos(0)
				want := map[int]string{4: "a whole number from 1", 5: "seconds above 0", 6: "a share from 0, below 1"}[i]
				return c, fmt.Errorf("%s: line %d: %w", path, line, cells.Wrong(chunkTimesHeader[i+1], cell, cmp.Or(want, "a number from 0")))
			}
			numbers[i] = x
		}
		c.BytesPerVoxel, c.Dispatch, c.Start, c.Spawn = numbers[0], numbers[1], numbers[2], numbers[3]
		c.Taken = numbers[6]
		c.Add(int(numbers[4]), numbers[5])
	}
	if len(c.sizes) == 0 {
		return c, fmt.Errorf("%s: no chunk times of %s", path, c.Model)
	}
	if c, err = c.Busy(evenIfBusy); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

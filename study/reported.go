package study

import (
	"fmt"
	"strconv"

	modelname "github.com/voxfit/voxfit/model/name"
)

// A ReportedTime is a shortest time of the published report beside what a fit to the runs in its file
// says of it. The two are of different machines: the file's runs have two hyperthreads a core on every
// CPU count; the report's were made on a part of the CPUs of one large machine.
type ReportedTime struct {
	CPUs, Cores int
	Measured    float64 // seconds, as published
	Predicted   Estimate
}

// publishedPart is what a part of the CPUs of the report's machine is: Linux numbers one hyperthread
// of each of its 36 cores first, the 18 of one socket before those of the other.
func publishedPart(cpus int) Cores {
	c := Cores{Physical: min(cpus, 36), Sockets: 1}
	if cpus > 18 {
		c.Sockets = 2
	}
	return c
}

// reported predicts the report's times, at the best number of chunks.
func (h *Overhead) reported() []ReportedTime {
	if !h.Published || h.Voxels != publishedVoxels {
		return nil
	}
	var times []ReportedTime
	for _, r := range PublishedResults() {
		if r.Model != h.Model || r.BestSeconds == 0 {
			continue
		}
		best := func(f fitted) float64 {
			least := 0.0
			for _, chunks := range keysOf(h.settings, byChunks) {
				if t := f.time(newSetting(h.Voxels, r.CPUs, chunks, publishedPart(r.CPUs))); least == 0 || t < least {
					least = t
				}
			}
			return least
		}
		times = append(times, ReportedTime{r.CPUs, publishedPart(r.CPUs).Physical, r.BestSeconds, h.estimate(best)})
	}
	return times
}

const reportedTitle = "The published report's own machine, which the fit has not seen (parts of one of 36 cores and 72 CPUs):"

var reportedHeader = []string{"CPUs", "cores", "reported s", "predicted s", "95% of the fit", "off by"}

func (h *Overhead) reportedRows() [][]string {
	var rows [][]string
	for _, r := range h.Reported {
		rows = append(rows, []string{strconv.Itoa(r.CPUs), strconv.Itoa(r.Cores), plainLabel(r.Measured),
			significant(r.Predicted.Value, 3), r.Predicted.interval(1), fmt.Sprintf("%+.0f%%", 100*(r.Predicted.Value/r.Measured-1))})
	}
	return rows
}

// publishedNotes says what the engine of the published file is, and what the report has and the file has not.
func (e Explanation) publishedNotes() []string {
	published, has := false, map[string]bool{}
	for _, h := range e.Overheads {
		published = published || h.Published
		has[h.Model] = true
	}
	if !published {
		return nil
	}
	notes := []string{"The published runs, those of the engine ray, are DIPY's fits with each chunk a task of Ray."}
	for _, r := range PublishedResults() {
		if has[r.Model] || r.BestSeconds > 0 {
			continue
		}
		cores := float64(publishedPart(r.CPUs).Physical)
		serial := (1/r.SpeedUp - 1/cores) / (1 - 1/cores)
		notes = append(notes, fmt.Sprintf("%s: the published file has no run of it, so no cost of it can be fitted. The report "+
			"gives one number, a speed-up of %s on %d CPUs; by Amdahl's law on %s cores that would be a serial part of %s of the serial "+
			"time, which nothing here checks.", modelname.WordsOf(r.Model), plainLabel(r.SpeedUp), r.CPUs, plainLabel(cores), percent(serial)))
	}
	return notes
}

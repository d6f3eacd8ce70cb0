package overhead

import (
	"fmt"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// publishedPart returns the cores of the first CPUs of the report's machine. Linux numbers one hyperthread of each of
// its 36 cores first: the 18 of one socket, then those of the other.
func publishedPart(cpus int) study.Cores {
	c := study.Cores{Physical: min(cpus, 36), Sockets: 1}
	if cpus > 18 {
		c.Sockets = 2
	}
	return c
}

// reported returns the report's times and what the fit predicts for them, at the best number of chunks.
func (a *analysis) reported() []ReportedTime {
	if !a.published || a.Voxels != study.PublishedVoxels {
		return nil
	}
	var times []ReportedTime
	for _, r := range study.PublishedResults() {
		if r.Model != a.Model || r.BestSeconds == 0 {
			continue
		}
		best := func(f fitted) float64 {
			_, least := a.bestReported(f, r.CPUs)
			return least
		}
		times = append(times, ReportedTime{r.CPUs, publishedPart(r.CPUs).Physical, r.BestSeconds, a.estimate(best)})
	}
	return times
}

// bestReported returns the setting of the report's machine, on so many CPUs, with the shortest time by a fit.
func (a *analysis) bestReported(f fitted, cpus int) (best setting, least float64) {
	for _, chunks := range keysOf(a.settings, byChunks) {
		s := newSetting(a.Voxels, cpus, chunks, publishedPart(cpus))
		if t := f.time(s); least == 0 || t < least {
			best, least = s, t
		}
	}
	return best, least
}

// publishedNotes says what the engine of the published file is, and what the report has and the file has not.
func publishedNotes(analyses []*analysis) []string {
	published, has := false, map[string]bool{}
	for _, a := range analyses {
		published = published || a.published
		has[a.Model] = true
	}
	if !published {
		return nil
	}
	notes := []string{"The published runs, those of the engine ray, are DIPY's fits with each chunk a task of Ray."}
	for _, r := range study.PublishedResults() {
		if has[r.Model] || r.BestSeconds > 0 {
			continue
		}
		cores := float64(publishedPart(r.CPUs).Physical)
		serial := (1/r.SpeedUp - 1/cores) / (1 - 1/cores)
		notes = append(notes, fmt.Sprintf("%s: the published file has no run of it, so no cost of it can be fitted. The report "+
			"gives one number, a speed-up of %s on %d CPUs; by Amdahl's law on %s cores that would be a serial part of %s of the serial "+
			"time, which nothing here checks.", modelname.WordsOf(r.Model), words.Plain(r.SpeedUp), r.CPUs, words.Plain(cores), words.Percent(serial)))
	}
	return notes
}

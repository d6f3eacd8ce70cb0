package overhead

import "github.com/voxfit/voxfit/study"

// curves returns the times of each CPU count, and the fitted times at numbers of chunks that grow by a quarter.
func (a *analysis) curves() []Curve {
	var curves []Curve
	at := 0 // settings are in the order of their CPU counts
	for _, cpus := range a.CPUCounts {
		c := Curve{CPUs: cpus}
		with, _ := divide(a.settings, func(s setting) bool { return s.cpus == cpus })
		for _, s := range with {
			m := MeasuredTime{Chunks: s.chunks, Time: study.Describe(s.runs.times)}
			if a.leftOut != nil {
				m.LeftOut = a.leftOut[at]
			}
			c.Measured, at = append(c.Measured, m), at+1
		}
		last := with[len(with)-1]
		for chunks := with[0].chunks; chunks < last.chunks; chunks = max(chunks+1, chunks*5/4) {
			c.Fitted = append(c.Fitted, FittedTime{chunks, a.fit.time(newSetting(a.Voxels, cpus, chunks, with[0].cores))})
		}
		c.Fitted = append(c.Fitted, FittedTime{last.chunks, a.fit.time(last)})
		curves = append(curves, c)
	}
	return curves
}

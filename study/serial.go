package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
)

// A SerialTime is a serial time that is known from elsewhere and was not measured in the records at hand.
type SerialTime struct {
	Model   string  // as in the CSV file
	Voxels  int     // the number of voxels it was measured on; 0: the caller says that it fits any
	Seconds float64 // wall time of the serial fit
	Source  string  // where it is from, for the report
}

// ParseSerial reads serial times such as "csdm=119,fwdtim=798" (seconds), with either name of a
// model.
func ParseSerial(text string) ([]SerialTime, error) {
	var times []SerialTime
	for _, entry := range strings.Split(text, ",") {
		name, value, found := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if !found || name == "" || err != nil || !(seconds > 0) || math.IsInf(seconds, 0) {
			return nil, fmt.Errorf("serial times %q: %q is not model=seconds, such as csdm=119", text, entry)
		}
		times = append(times, SerialTime{Model: modelname.ClassOf(name), Seconds: seconds, Source: "given"})
	}
	return times, nil
}

// PublishedSerial returns the serial times of the published study's machine. Its files hold no
// serial runs, but its report gives the best time and the best speed-up for five CPU counts, and
// their product is the serial time: 113 to 127 s for CSD and 767 to 816 s for free water. We take
// the mean of the five. They are times of one c5.18xlarge; the runs in its CSV file were made on
// c5 machines of several sizes, so that only those on 72 CPUs are on the same kind of machine.
func PublishedSerial() []SerialTime {
	sum, n := map[string]float64{}, map[string]int{}
	for _, p := range PublishedResults() {
		if p.BestSeconds > 0 {
			sum[p.Model] += p.BestSeconds * p.SpeedUp
			n[p.Model]++
		}
	}
	var times []SerialTime
	for model, s := range sum {
		times = append(times, SerialTime{
			Model: model, Voxels: PublishedVoxels, Seconds: s / float64(n[model]),
			Source: "implied by the published report: best time x best speed-up, mean over CPU counts",
		})
	}
	slices.SortFunc(times, func(a, b SerialTime) int { return strings.Compare(a.Model, b.Model) })
	return times
}

// A Baseline is what speed-ups are relative to: one serial engine on one data set.
type Baseline struct {
	Condition        // of the serial runs; without an engine when the time was given
	Time      Stat   // seconds
	split     *Split // where the core-seconds of the runs went; nil where it is not known
	Source    string
	Disturbed bool // other programs disturbed every run, so that no speed-up is computed from it
}

// Account returns where the core-seconds of the serial run with the median time went; false where this is not known.
func (b *Baseline) Account() (Split, bool) {
	if b == nil || b.split == nil {
		return Split{}, false
	}
	return *b.split, true
}

// isOwn says whether the serial runs are by the same program as the condition. Its speed-up over them cannot exceed its
// CPUs.
func (b *Baseline) isOwn(c Condition) bool {
	family, _, _ := strings.Cut(c.Engine, "-")
	return b.Engine == family+"-serial" || b.Engine == "serial" && b.ISA == c.ISA
}

// IsSerial reports whether an engine is a serial one: "serial", as in the published study, or a
// name that ends in "-serial".
func IsSerial(engine string) bool {
	return engine == "serial" || strings.HasSuffix(engine, "-serial")
}

// baselineFor finds what a line's speed-ups are relative to, by the rule in doc.go: a serial engine that the caller
// names; else that of the engine's family ("dipy-ray" and "dipy-serial" are one family); else "serial"; else a given
// time; else nothing.
func (o Options) baselineFor(c Condition, measured []Baseline) *Baseline {
	family, _, _ := strings.Cut(c.Engine, "-")
	engines := []string{family + "-serial", "serial"}
	if o.Baseline != "" {
		engines = []string{o.Baseline}
	}
	for _, engine := range engines {
		if b := bestMatch(c, engine, measured, o.Baseline != ""); b != nil {
			return b
		}
	}
	for _, given := range o.Serial {
		if given.Model == c.Model && (given.Voxels == 0 || given.Voxels == c.Voxels) {
			return &Baseline{
				Condition: Condition{Model: c.Model, Voxels: c.Voxels},
				Time:      Stat{N: 1, Median: given.Seconds, MAD: math.NaN(), Half: math.NaN()},
				Source:    given.Source,
			}
		}
	}
	return nil
}

// bestMatch picks the serial runs of one engine on the same data and machine. The instruction set must be the same,
// unless the serial engine has none or was named by the caller: a speed-up must not come from another instruction set.
// Where there is a choice, pinning and nodes are the same, too.
func bestMatch(c Condition, engine string, measured []Baseline, named bool) *Baseline {
	var best *Baseline
	agreement := -1
	for i, b := range measured {
		if b.Engine != engine || b.Model != c.Model || b.Voxels != c.Voxels || b.Host != c.Host {
			continue
		}
		if b.ISA != "" && b.ISA != c.ISA && !named {
			continue
		}
		n := 0
		for weight, same := range []bool{b.Nodes == c.Nodes, b.Pinned == c.Pinned, b.ISA == c.ISA} {
			if same {
				n |= 1 << weight
			}
		}
		if n > agreement {
			best, agreement = &measured[i], n
		}
	}
	return best
}

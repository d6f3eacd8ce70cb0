package overhead

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// A Gap is one reason why the published report's runs could take longer than the fit to the published file predicts. It
// has one quantity, which is the same for all models.
type Gap struct {
	Name   string
	Cost   string    // what its quantity came to, with its interval
	Errors []float64 // of the reported times, in the order of Explanation.Overheads: 0.1 is 10% too long
	AIC    float64   // Akaike's criterion, less that of the reason where it is least
	InFile string    // what the same reason came to in the file's own runs, by model; empty where it was not tried there

	least  float64
	inFile float64 // the largest share of the work that the reason came to there
}

// worst is the largest error.
func (g Gap) worst() float64 {
	worst := 0.0
	for _, e := range g.Errors {
		worst = max(worst, math.Abs(e))
	}
	return worst
}

// A reason adds seconds to the time of a setting. How many depends on one quantity from 0 to 1.
type reason struct {
	name, inFile string
	unknowns     int
	extra        func(f fitted, s setting, x float64) float64
	words        func(e study.Estimate) string
}

// mostCopying is more seconds of copying than any reported run takes.
const mostCopying = 20

// reasons returns the reasons that are tried. A socket of the report's machine has 18 cores.
func reasons() []reason {
	const socket = 18
	work := func(f fitted, s setting) float64 { return f.values[termWork] * f.of(termWork, &s) }
	perSocket := func(s setting) float64 { return s.inUse() / float64(s.cores.Sockets) }
	longer := func(e study.Estimate) string { return "work longer by " + e.InWords(100, "%") }
	return []reason{
		{"nothing more than the fit", "", 0, func(fitted, setting, float64) float64 { return 0 }, func(study.Estimate) string { return "-" }},
		{clockName, clockName, 1, func(f fitted, s setting, x float64) float64 {
			return x * work(f, s) * (perSocket(s) - 1) / (socket - 1)
		},
			func(e study.Estimate) string { return longer(e) + ", on all cores of a socket" }},
		{bandwidthName, bandwidthName, 1, func(f fitted, s setting, x float64) float64 {
			return work(f, s) * max(0, perSocket(s)/max(1, (1-x)*socket)-1)
		}, func(e study.Estimate) string {
			return study.Estimate{Value: socket * (1 - e.Value), Low: socket * (1 - e.High), High: socket * (1 - e.Low)}.InWords(1, "of 18 cores")
		}},
		{socketName, socketName, 1, func(f fitted, s setting, x float64) float64 { return x * work(f, s) * float64(s.cores.Sockets-1) }, longer},
		{"copies to the second socket, as long for every model", "", 1,
			func(_ fitted, s setting, x float64) float64 { return x * mostCopying * float64(s.cores.Sockets-1) },
			func(e study.Estimate) string { return e.InWords(mostCopying, "s") }},
		{"copies through the object store, for each CPU", "", 1,
			func(_ fitted, s setting, x float64) float64 { return x * float64(s.cpus) },
			func(e study.Estimate) string { return e.InWords(1e3, "ms a CPU") }},
	}
}

// gaps fits every reason to the report's times of all models at once.
func gaps(analyses []*analysis) []Gap {
	var reported []*analysis
	for _, a := range analyses {
		if len(a.Reported) > 0 {
			reported = append(reported, a)
		}
	}
	if len(reported) == 0 {
		return nil
	}
	var all []Gap
	least := math.Inf(1)
	for _, r := range reasons() {
		g := Gap{Name: r.name}
		x, sum, errors := r.solve(reported, func(a *analysis) fitted { return a.fit })
		var drawn []float64
		for i := range reported[0].drawn {
			at, _, _ := r.solve(reported, func(a *analysis) fitted { return a.drawn[i] })
			drawn = append(drawn, at)
		}
		g.Cost, g.Errors = r.words(study.Percentiles(x, drawn)), errors
		n := float64(len(errors))
		g.least = n*math.Log(sum/n) + 2*float64(r.unknowns)
		least = min(least, g.least)
		g.InFile, g.inFile = inFile(r.inFile, reported)
		all = append(all, g)
	}
	for i := range all {
		all[i].AIC = all[i].least - least
	}
	slices.SortStableFunc(all, func(a, b Gap) int { return cmp.Compare(a.AIC, b.AIC) })
	return all
}

func inFile(name string, reported []*analysis) (text string, most float64) {
	var said []string
	for _, a := range reported {
		for _, alternative := range a.Alternatives {
			if alternative.Name == name {
				said = append(said, modelname.WordsOf(a.Model)+": "+alternative.Found)
				most = max(most, alternative.fit.values[termSocket]/alternative.fit.values[termWork])
			}
		}
	}
	return strings.Join(said, "; "), most
}

// solve finds the quantity with the least sum of squares of relative errors.
func (r reason) solve(reported []*analysis, fit func(*analysis) fitted) (x, sum float64, errors []float64) {
	type point struct {
		fit      fitted
		setting  setting
		base     float64
		measured float64
	}
	var points []point
	for _, a := range reported {
		f := fit(a)
		for _, t := range a.Reported {
			s, base := a.bestReported(f, t.CPUs)
			points = append(points, point{f, s, base, t.Measured})
		}
	}
	errorsAt := func(x float64) (errors []float64, sum float64) {
		for _, p := range points {
			e := (p.base+r.extra(p.fit, p.setting, x))/p.measured - 1
			errors, sum = append(errors, e), sum+e*e
		}
		return errors, sum
	}
	if r.unknowns > 0 {
		x = leastLoss(func(at float64) (float64, float64) {
			_, sum := errorsAt(at)
			return at, sum
		}, fine)
	}
	errors, sum = errorsAt(x)
	return x, sum, errors
}

// GapSentences says where the fit is off on the report's machine, and what these data can and cannot tell of the
// reason.
func (e Explanation) GapSentences() []string {
	if len(e.Gaps) == 0 {
		return nil
	}
	plain := e.Gaps[slices.IndexFunc(e.Gaps, func(g Gap) bool { return g.Cost == "-" })]
	var short []float64
	at := 0
	for _, h := range e.Overheads {
		for _, r := range h.Reported {
			if r.CPUs >= 32 {
				short = append(short, -plain.Errors[at])
			}
			at++
		}
	}
	slices.Sort(short)
	said := []string{fmt.Sprintf("For the report's own runs on 32, 48 and 72 CPUs the fit is %s to %s too short; on 8 and 16 CPUs it is right to within %s.", words.Percent(short[0]), words.Percent(short[len(short)-1]), words.Percent(e.fewCPUsOff(plain)))}
	best := e.Gaps[0]
	var equal, out []string
	for _, g := range e.Gaps[1:] {
		switch {
		case g.AIC <= 2:
			equal = append(equal, g.Name)
		default:
			out = append(out, fmt.Sprintf("%s (AIC %s above, off by up to %s)", g.Name, words.Significant(g.AIC, 2), words.Percent(g.worst())))
		}
	}
	text := fmt.Sprintf("Of the reasons tried on these %d times, one quantity each, %q predicts them best: %s; it is still off by up to %s.",
		len(best.Errors), best.Name, best.Cost, words.Percent(best.worst()))
	if equal != nil {
		text += " The times cannot tell it from: " + strings.Join(equal, "; ") + "."
	}
	if out != nil {
		text += " The times speak against: " + strings.Join(out, "; ") + "."
	}
	said = append(said, text)
	return append(said, "The clock and the memory of a socket are unlikely for another reason too: 16 cores of one socket load it as much as 32 cores "+
		"load two, and 16 are predicted rightly. "+e.secondSocketInFile())
}

func (e Explanation) fewCPUsOff(plain Gap) float64 {
	worst, at := 0.0, 0
	for _, h := range e.Overheads {
		for _, r := range h.Reported {
			if r.CPUs < 32 {
				worst = max(worst, math.Abs(plain.Errors[at]))
			}
			at++
		}
	}
	return worst
}

// secondSocketInFile says whether the file's own runs on two sockets show what the report's do.
func (e Explanation) secondSocketInFile() string {
	for _, g := range e.Gaps {
		if g.Name == socketName {
			if g.inFile > 0.02 {
				return fmt.Sprintf("The file's own runs on two sockets, whole machines of 72 CPUs, show a loss, too (%s).", g.InFile)
			}
			return fmt.Sprintf("The file's own runs of as many voxels on two sockets, whole machines of 72 CPUs, do not show the second socket's loss "+
				"(%s). So these data can tell that what the report's runs lose begins with the second socket of its machine, and that the same kind of "+
				"machine need not lose it. The report gave its runs a part of the CPUs through containers; whether far memory, the container or something else costs "+
				"the time, these data cannot tell: that takes runs on one machine with and without.", g.InFile)
		}
	}
	return ""
}

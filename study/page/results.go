package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// results are a study's summary with the names of its variants.
type results struct {
	study.Summary
	variants study.Variants
}

func resultsOf(s study.Summary) results { return results{s, s.Variants()} }

// name returns the name of a condition's variant.
func (r results) name(c study.Condition) string { return r.variants.Name(r.variants.Of(c)) }

// whoseRuns says who made the runs, and where.
func whoseRuns(s study.Summary) string {
	if s.Published {
		return "those of the published study: DIPY with Ray, on AWS c5 machines of 8, 16, 36 and 72 CPUs"
	}
	var engines, hosts []string
	add := func(c study.Condition) {
		if !slices.Contains(engines, c.Engine) {
			engines = append(engines, c.Engine)
		}
		if c.Host != "" && !slices.Contains(hosts, c.Host) {
			hosts = append(hosts, c.Host)
		}
	}
	for _, l := range s.Lines {
		add(l.Condition)
	}
	for _, b := range s.Serial {
		add(b.Condition)
	}
	text := "by " + strings.Join(engines, ", ")
	if hosts != nil {
		text += " on " + strings.Join(hosts, ", ")
	}
	return text
}

// A panelKey is one panel of a figure: one model on one data set.
type panelKey struct {
	model  string
	voxels int
}

func (k panelKey) title() string {
	return words.Shorten(modelname.WordsOf(k.model), 44) + ", " + words.Voxels(k.voxels)
}

// panels are the models and data sets of the lines, by model, the larger data set first.
func (r results) panels() []panelKey {
	var keys []panelKey
	for _, l := range r.Lines {
		keys = append(keys, panelKey{l.Model, l.Voxels})
	}
	return sortedPanels(keys)
}

// panelsAndSerial returns the panels, and the data sets that have serial runs alone.
func (r results) panelsAndSerial() []panelKey {
	keys := r.panels()
	for _, b := range r.Serial {
		keys = append(keys, panelKey{b.Model, b.Voxels})
	}
	return sortedPanels(keys)
}

func sortedPanels(keys []panelKey) []panelKey {
	slices.SortFunc(keys, func(a, b panelKey) int {
		return cmp.Or(cmp.Compare(a.model, b.model), cmp.Compare(b.voxels, a.voxels))
	})
	return slices.Compact(keys)
}

func (r results) linesOf(k panelKey) []study.Line {
	var lines []study.Line
	for _, l := range r.Lines {
		if l.Model == k.model && l.Voxels == k.voxels {
			lines = append(lines, l)
		}
	}
	return lines
}

// largest returns the lines of a model on its largest data set. These are drawn behind the curves of another study.
func (r results) largest(model string) []study.Line {
	for _, k := range r.panels() { // the larger first
		if k.model == model {
			return r.linesOf(k)
		}
	}
	return nil
}

// cpuCounts are the CPU counts of the lines, ascending.
func (r results) cpuCounts() []int {
	var cpus []int
	for _, l := range r.Lines {
		if !slices.Contains(cpus, l.CPUs) {
			cpus = append(cpus, l.CPUs)
		}
	}
	slices.Sort(cpus)
	return cpus
}

// inShort says in one sentence for each model and engine what its best run reached; nothing of a busy machine.
func (r results) inShort() []string {
	if r.Busy() {
		return nil
	}
	var sentences []string
	for _, k := range r.panels() {
		for _, v := range r.variants.All {
			l := r.fastest(k, v)
			if l == nil {
				continue
			}
			p := l.Best()
			text := fmt.Sprintf("%s, %s: %s s on %s in %s", k.title(), r.variants.Name(v), medianOf(p.Time, 3),
				words.Count(l.CPUs, "CPU"), nearBest(*l)+" chunks")
			if p.SpeedUp.Known() {
				text += fmt.Sprintf("; %s times as fast as the serial fit (%s s), with %s%% of each CPU put to use",
					medianOf(p.SpeedUp, 3), medianOf(l.Baseline.Time, 3), words.Significant(100*p.Efficiency.Median, 2))
			}
			sentences = append(sentences, text+".")
		}
	}
	return sentences
}

// nearBest writes which numbers of chunks cannot be told from the best: one number or a range.
func nearBest(l study.Line) string {
	fewest, most := l.NearBest()
	if fewest == most {
		return words.Thousands(fewest)
	}
	return words.Thousands(fewest) + " to " + words.Thousands(most)
}

// fastest is the line of a panel and a variant with the least time at its best; nil without any.
func (r results) fastest(k panelKey, v study.Variant) *study.Line {
	var best *study.Line
	for _, l := range r.linesOf(k) {
		if r.variants.Of(l.Condition) == v && (best == nil || l.Best().Time.Median < best.Best().Time.Median) {
			best = &l
		}
	}
	return best
}

package overhead

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// A form is one way to write the time of a setting: which terms, and what a hyperthread counts for.
type form struct {
	name    string
	terms   []int
	threads threads
	// overlap has the handing out go on while the CPUs work: the time has the longer of the two
	// instead of their sum.
	overlap bool
	// shared has the workers pay for their chunks, side by side, instead of one hand that gives out all.
	shared bool
}

// of is what the coefficient of a term is multiplied by.
func (f form) of(term int, s setting, thread float64) float64 {
	x := s.term(term, thread)
	if f.shared && term == termChunk {
		x /= s.power(thread)
	}
	return x
}

// threads is what a second hyperthread counts for.
type threads int

const (
	threadFitted threads = iota
	threadNothing
	threadCore
)

var allTerms = []int{termWork, termChunk, termSerial, termCore, termContention}

// wholeForm is the model of the study.
var wholeForm = form{name: "all terms", terms: allTerms}

// comparedForms are the model with and without each of its terms.
func comparedForms(hyperthreads bool) []form {
	without := func(i int) []int {
		return slices.DeleteFunc(slices.Clone(allTerms), func(j int) bool { return j == i })
	}
	forms := []form{
		wholeForm,
		{name: "without the serial part", terms: without(termSerial)},
		{name: "without a cost of each chunk", terms: without(termChunk)},
		{name: "without a cost of each core", terms: without(termCore)},
		{name: "without contention", terms: without(termContention)},
	}
	if hyperthreads {
		forms = append(forms,
			form{name: "a hyperthread is a whole core", terms: allTerms, threads: threadCore},
			form{name: "a hyperthread is nothing", terms: allTerms, threads: threadNothing})
	}
	return append(forms,
		form{name: sharedName, terms: allTerms, shared: true},
		form{name: overlapName, terms: allTerms, overlap: true})
}

// A fitted is a form with its coefficients.
type fitted struct {
	form
	values   [termCount]float64
	told     [termCount]bool // false: cannot be told from the terms before it, or is not in the form
	thread   float64         // the share of a core that a second hyperthread adds
	threaded bool            // some setting uses second hyperthreads
	loss     float64
}

// parts is the time of a setting, term by term; with overlap the hidden part is zero.
func (f fitted) parts(s setting) (parts [termCount]float64) {
	for i := range parts {
		if f.values[i] > 0 {
			parts[i] = f.values[i] * f.of(i, s, f.thread)
		}
	}
	if f.overlap {
		if parts[termChunk] > parts[termWork]+parts[termContention] {
			parts[termWork], parts[termContention] = 0, 0
		} else {
			parts[termChunk] = 0
		}
	}
	return parts
}

// time is the time of a setting in seconds.
func (f fitted) time(s setting) float64 {
	sum := 0.0
	for _, p := range f.parts(s) {
		sum += p
	}
	return sum
}

// fit finds the coefficients, and the share of a hyperthread where the settings use any.
func (f form) fit(settings []setting) fitted {
	var best fitted
	switch threaded := slices.ContainsFunc(settings, func(s setting) bool { return s.busy > s.inUse() }); {
	case !threaded || f.threads == threadNothing:
		best = f.fitWith(settings, 0)
		best.threaded = threaded
	case f.threads == threadCore:
		best = f.fitWith(settings, 1)
		best.threaded = true
	default:
		best = leastLoss(func(thread float64) (fitted, float64) {
			g := f.fitWith(settings, thread)
			return g, g.loss
		})
		best.threaded = true
	}
	return best
}

// leastLoss finds the share, from 0 to 1, whose fit has the least loss: on a grid, then by the golden
// section around its best.
func leastLoss[T any](fit func(share float64) (T, float64)) T {
	const steps = 8
	var best T
	least, at := math.Inf(1), 0.0
	try := func(share float64) float64 {
		g, loss := fit(share)
		if loss < least {
			best, least, at = g, loss, share
		}
		return loss
	}
	for i := range steps + 1 {
		try(float64(i) / steps)
	}
	low, high := max(0, at-1./steps), min(1, at+1./steps)
	golden := (math.Sqrt(5) - 1) / 2
	from, to := high-golden*(high-low), low+golden*(high-low)
	a, b := try(from), try(to)
	for high-low > 3e-3 {
		if a < b {
			high, to, b = to, from, a
			from = high - golden*(high-low)
			a = try(from)
		} else {
			low, from, a = from, to, b
			to = low + golden*(high-low)
			b = try(to)
		}
	}
	return best
}

// fitWith finds the coefficients for a share of a hyperthread. With overlap, which settings are bound by
// the handing out follows from the coefficients and these from that: both are found in turn, from
// several beginnings, because one turn may stand still where another goes on.
func (f form) fitWith(settings []setting, thread float64) fitted {
	told := f.tellable(settings, thread)
	if !f.overlap {
		return f.fitBound(settings, thread, told, make([]bool, len(settings)))
	}
	sum := f
	sum.overlap = false
	begin := sum.fitWith(settings, thread)
	best := fitted{loss: math.Inf(1)}
	for range 3 {
		bound := begin.handingOut(settings)
		for range 20 {
			g := f.fitBound(settings, thread, told, bound)
			if g.loss < best.loss {
				best = g
			}
			now := g.handingOut(settings)
			if slices.Equal(now, bound) {
				break
			}
			bound = now
		}
		begin.values[termChunk] *= 2
	}
	return best
}

// fitBound finds the coefficients when it is known which settings are bound by the handing out.
func (f form) fitBound(settings []setting, thread float64, told []int, bound []bool) fitted {
	p := newProblem(len(settings), len(told))
	for r, s := range settings {
		for c, i := range told {
			hidden := f.overlap && i != termSerial && i != termCore && (i == termChunk) != bound[r]
			if !hidden {
				p.set(r, c, f.of(i, s, thread)/s.time)
			}
		}
	}
	g := fitted{form: f, thread: thread}
	for c, x := range p.solve() {
		g.values[told[c]], g.told[told[c]] = x, true
	}
	for _, s := range settings {
		g.loss += huber(g.time(s)/s.time - 1)
	}
	return g
}

// handingOut says which settings take longer to hand out than to work through.
func (f fitted) handingOut(settings []setting) []bool {
	longer := make([]bool, len(settings))
	for i, s := range settings {
		work := (f.values[termWork] + f.values[termContention]*s.neighbours()) / s.power(f.thread)
		longer[i] = f.values[termChunk]*s.count > work
	}
	return longer
}

// tellable are the terms of a form that are no combination of those before them, for these settings.
func (f form) tellable(settings []setting, thread float64) []int {
	var told []int
	var basis [][]float64
	for _, i := range f.terms {
		v := make([]float64, len(settings))
		for r, s := range settings {
			v[r] = f.of(i, s, thread) / s.time
		}
		whole := floats.Norm(v, 2)
		for _, b := range basis {
			floats.AddScaled(v, -floats.Dot(v, b), b)
		}
		rest := floats.Norm(v, 2)
		if whole == 0 || rest < 1e-4*whole {
			continue
		}
		floats.Scale(1/rest, v)
		told, basis = append(told, i), append(basis, v)
	}
	return told
}

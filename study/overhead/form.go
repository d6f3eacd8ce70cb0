package overhead

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// A form is one formula for the time of a setting: which terms it has, and how it counts hyperthreads.
type form struct {
	name    string
	terms   []int
	threads threads
	// overlap is the term that goes on while the CPUs work: the handing out of chunks, or the serial part. The time
	// then has the longer of this term and the work, and not their sum. 0 means that no term does.
	overlap int
	// shared says that each worker pays for its own chunks at the same time as the others. Otherwise one hand gives out
	// all chunks.
	shared bool
	// bounded names a quantity that is searched for, as the share of a hyperthread is.
	bounded bound
}

// A bound is a quantity from 0 to 1 on which the time does not depend linearly.
type bound int

const (
	unbounded bound = iota
	// fedCores is the share of a socket's cores that its memory can feed. More busy cores than these work no faster. 1
	// is no bound.
	fedCores
	// fullChunks is the share of the chunks that have all the work. The other chunks have next to none.
	fullChunks
)

// of returns what the coefficient of a term is multiplied by in a setting. It takes pointers because it is called
// millions of times.
func (f *fitted) of(term int, s *setting) float64 {
	if f.bounded == fullChunks {
		loaded := s.loaded(f.limit)
		s = &loaded
	}
	power := s.power(f.thread)
	x := s.term(term, f.thread)
	if f.bounded == fedCores && f.limit < 1 {
		fed := max(1, f.limit*f.socket*float64(s.cores.Sockets))
		if term == termWork && power > fed {
			return x * power / fed
		}
	}
	if f.shared && term == termChunk {
		x /= power
	}
	return x
}

// threads says how a form counts second hyperthreads.
type threads int

const (
	threadFitted threads = iota
	threadNothing
	threadCore
)

var allTerms = []int{termWork, termChunk, termSerial, termCore, termContention}

// instead returns the model's terms with others in the place of contention.
func instead(term ...int) []int {
	return append([]int{termWork, termChunk, termSerial, termCore}, term...)
}

// alternatives are other reasons why many cores gain little, each in the place of contention.
func alternatives() []form {
	return []form{
		{name: clockName, terms: instead(termClock)},
		{name: bandwidthName, terms: instead(), bounded: fedCores},
		{name: socketName, terms: instead(termSocket)},
		{name: copyingName, terms: instead(), overlap: termSerial},
		{name: unequalName, terms: instead(), bounded: fullChunks},
	}
}

const (
	clockName     = "the clock falls with each busy core"
	bandwidthName = "a socket's memory feeds some cores only"
	socketName    = "work is slower on two sockets"
	copyingName   = "the serial part goes on during the work"
	unequalName   = "some chunks have little work in them"
)

// wholeForm is the model of the study.
var wholeForm = form{name: "all terms", terms: allTerms}

// comparedForms returns the model and the model without each of its terms.
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
		form{name: overlapName, terms: allTerms, overlap: termChunk})
}

// A fitted is a form with its coefficients.
type fitted struct {
	form
	values   [termCount]float64
	told     [termCount]bool // false: the settings cannot tell it from the terms before it, or the form lacks it
	thread   float64         // the share of a core that a second hyperthread adds
	threaded bool            // the settings tell what a second hyperthread adds
	limit    float64         // value of the form's bound
	socket   float64         // cores of the largest socket
	loss     float64
}

// parts returns the time of a setting, term by term. Of two terms that overlap, the shorter is zero.
func (f *fitted) parts(s *setting) (parts [termCount]float64) {
	for i := range parts {
		if f.values[i] > 0 {
			parts[i] = f.values[i] * f.of(i, s)
		}
	}
	if f.overlap != 0 {
		if parts[f.overlap] > parts[termWork]+parts[termContention] {
			parts[termWork], parts[termContention] = 0, 0
		} else {
			parts[f.overlap] = 0
		}
	}
	return parts
}

// time is the time of a setting in seconds.
func (f fitted) time(s setting) float64 {
	sum := 0.0
	for _, p := range f.parts(&s) {
		sum += p
	}
	return sum
}

// fit finds the coefficients, the share of a hyperthread where the settings use any, and the form's bound.
func (f form) fit(settings []setting) fitted {
	if f.bounded == unbounded {
		return f.fitThreads(settings, 1)
	}
	return leastLoss(func(limit float64) (fitted, float64) {
		g := f.fitThreads(settings, limit)
		return g, g.loss
	}, forBound)
}

// fitThreads finds the coefficients and the share of a hyperthread, for a given value of the bound.
func (f form) fitThreads(settings []setting, limit float64) fitted {
	var best fitted
	how := fine
	if f.bounded != unbounded {
		how = coarse
	}
	switch threaded := tellThreads(settings); {
	case !threaded || f.threads == threadNothing:
		best = f.fitWith(settings, 0, limit)
		best.threaded = threaded
	case f.threads == threadCore:
		best = f.fitWith(settings, 1, limit)
		best.threaded = true
	default:
		best = leastLoss(func(thread float64) (fitted, float64) {
			g := f.fitWith(settings, thread, limit)
			return g, g.loss
		}, how)
		best.threaded = true
	}
	return best
}

// A search says how finely a share is looked for.
type search struct {
	steps     int // of the grid
	tolerance float64
	// largest is true where the largest share is taken if the loss does not depend on it. Otherwise the least one is.
	largest bool
}

// fine is for a search of one share, coarse for a search of two at once. forBound is for a form's bound, which at 1
// means nothing.
var fine, coarse, forBound = search{8, 3e-3, false}, search{4, 3e-2, false}, search{4, 3e-2, true}

// leastLoss finds the share, from 0 to 1, whose fit has the least loss. It searches a grid, and then between the
// neighbours of the best point by golden sections, down to a tolerance. Rounding does not decide where the
// loss does not depend on the share.
func leastLoss[T any](fit func(share float64) (T, float64), how search) T {
	var best T
	least, at := math.Inf(1), 0.0
	try := func(share float64) float64 {
		g, loss := fit(share)
		if less(loss, least) {
			best, least, at = g, loss, share
		}
		return loss
	}
	for i := range how.steps + 1 {
		if how.largest {
			i = how.steps - i
		}
		try(float64(i) / float64(how.steps))
	}
	step := 1 / float64(how.steps)
	low, high := max(0, at-step), min(1, at+step)
	golden := (math.Sqrt(5) - 1) / 2
	from, to := high-golden*(high-low), low+golden*(high-low)
	a, b := try(from), try(to)
	for high-low > how.tolerance {
		if less(a, b) || !how.largest && !less(b, a) {
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

// less says that a loss is less than another by more than rounding. Losses are sums of squares of relative errors.
func less(loss, other float64) bool { return loss < other-1e-9*other-1e-18 || math.IsInf(other, 1) }

// fitWith finds the coefficients for a given share of a hyperthread. In a form with overlap it depends on the
// coefficients which settings are bound by the term that overlaps, and the coefficients depend on this. Both are found
// in turn, from several beginnings, because some of them end at a worse solution.
func (f form) fitWith(settings []setting, thread, limit float64) fitted {
	g := fitted{form: f, thread: thread, limit: limit}
	for _, s := range settings {
		g.socket = max(g.socket, float64(s.cores.Physical)/float64(s.cores.Sockets))
	}
	told := g.tellable(settings)
	if f.overlap == 0 {
		return g.fitBound(settings, told, make([]bool, len(settings)))
	}
	sum := f
	sum.overlap = 0
	begin := sum.fitWith(settings, thread, limit)
	best := fitted{loss: math.Inf(1)}
	for range 3 {
		bound := begin.outlasts(settings, f.overlap)
		for range 20 {
			h := g.fitBound(settings, told, bound)
			if h.loss < best.loss {
				best = h
			}
			now := h.outlasts(settings, f.overlap)
			if slices.Equal(now, bound) {
				break
			}
			bound = now
		}
		begin.values[f.overlap] *= 2
	}
	return best
}

// fitBound finds the coefficients when it is known which settings are bound by the term that overlaps the work.
func (f fitted) fitBound(settings []setting, told []int, bound []bool) fitted {
	p := newProblem(len(settings), len(told))
	for r, s := range settings {
		for c, i := range told {
			hidden := f.overlap != 0 && (i == f.overlap && !bound[r] || (i == termWork || i == termContention) && bound[r])
			if !hidden {
				p.set(r, c, f.of(i, &s)/s.time)
			}
		}
	}
	for c, x := range p.solve() {
		f.values[told[c]], f.told[told[c]] = x, true
	}
	for _, s := range settings {
		f.loss += huber(f.time(s)/s.time - 1)
	}
	return f
}

// outlasts says for each setting whether a term takes longer than the work.
func (f fitted) outlasts(settings []setting, term int) []bool {
	longer := make([]bool, len(settings))
	for i, s := range settings {
		work := f.values[termWork]*f.of(termWork, &s) + f.values[termContention]*f.of(termContention, &s)
		longer[i] = f.values[term]*f.of(term, &s) > work
	}
	return longer
}

// tellable returns the terms of a form that, in these settings, are no linear combination of the terms before them.
// What a chunk costs is not told where all settings have as many chunks.
func (f fitted) tellable(settings []setting) []int {
	var told []int
	var basis [][]float64
	for _, i := range f.terms {
		if i == termChunk && !differ(settings, func(s setting) float64 { return s.count }) {
			continue // it would take the place of the serial part
		}
		v := make([]float64, len(settings))
		for r, s := range settings {
			v[r] = f.of(i, &s) / s.time
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

// unknowns returns how many quantities were fitted.
func (f fitted) unknowns() int {
	n := 0
	for _, told := range f.told {
		if told {
			n++
		}
	}
	if f.threaded && f.threads == threadFitted {
		n++
	}
	if f.bounded != unbounded {
		n++
	}
	return n
}

package page

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"gonum.org/v1/plot"
)

// powerTicks puts a tick at every power of two, and a label at every one, second or third, so
// that there are at most eight or so.
type powerTicks struct{ label func(float64) string }

func (t powerTicks) Ticks(low, high float64) []plot.Tick {
	first, last := int(math.Ceil(math.Log2(low)-1e-9)), int(math.Floor(math.Log2(high)+1e-9))
	step := (last-first)/8 + 1
	var ticks []plot.Tick
	for k := first; k <= last; k++ {
		tick := plot.Tick{Value: math.Ldexp(1, k)}
		if k%step == 0 {
			tick.Label = t.label(tick.Value)
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// countTicks puts a tick at each of some counts, and a label where there is room for it on a log
// axis.
type countTicks []int

func (t countTicks) Ticks(low, high float64) []plot.Tick {
	room := math.Pow(high/low, 0.055) // about the width of two digits
	var ticks []plot.Tick
	last := 0.0
	for _, n := range slices.Backward(t) { // the largest count is the one to name
		tick := plot.Tick{Value: float64(n)}
		if last == 0 || last/tick.Value >= room {
			tick.Label = strconv.Itoa(n)
			last = tick.Value
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// placeTicks puts words at the places 0, 1, 2 ...
type placeTicks []string

func (t placeTicks) Ticks(_, _ float64) []plot.Tick {
	ticks := make([]plot.Tick, len(t))
	for i, words := range t {
		ticks[i] = plot.Tick{Value: float64(i), Label: words}
	}
	return ticks
}

// decadeTicks puts ticks at 1, 2 and 5 times the powers of ten, or at the powers alone where the
// axis spans many.
type decadeTicks struct{ label func(float64) string }

func (t decadeTicks) Ticks(low, high float64) []plot.Tick {
	steps := []float64{1, 2, 5}
	if high/low > 3e3 {
		steps = steps[:1]
	}
	var ticks []plot.Tick
	for k := int(math.Floor(math.Log10(low))); k <= int(math.Ceil(math.Log10(high))); k++ {
		for _, m := range steps {
			v := m * math.Pow10(k)
			if v >= low*(1-1e-9) && v <= high*(1+1e-9) {
				ticks = append(ticks, plot.Tick{Value: v, Label: t.label(v)})
			}
		}
	}
	return ticks
}

// linearTicks puts about five ticks at round values from zero.
type linearTicks struct{ label func(float64) string }

func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	raw := (high - low) / 5
	scale := math.Pow10(int(math.Floor(math.Log10(raw))))
	step := 10 * scale
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*scale >= raw*(1-1e-9) {
			step = m * scale
			break
		}
	}
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-9); i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: t.label(round(i * step))})
	}
	return ticks
}

// round takes the noise of a binary step off a label: 0.30000000000000004 is 0.3.
func round(x float64) float64 {
	if x == 0 {
		return 0 // and not -0
	}
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 10, 64), 64)
	if err != nil {
		return x
	}
	return y
}

var raisedDigits = []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")

// powerLabel writes a power of two as 2 with a raised exponent, another number as it is.
func powerLabel(n float64) string {
	k := math.Log2(n)
	if k != math.Trunc(k) {
		return words.Significant(n, 3)
	}
	var b strings.Builder
	b.WriteByte('2')
	for _, d := range strconv.Itoa(int(k)) {
		if d == '-' {
			b.WriteRune('⁻')
			continue
		}
		b.WriteRune(raisedDigits[d-'0'])
	}
	return b.String()
}

// axisRange is the range of the values of a figure: the same for all its panels, so that they can
// be compared.
type axisRange struct{ low, high float64 }

func emptyRange() axisRange { return axisRange{math.Inf(1), math.Inf(-1)} }

func (r *axisRange) add(x float64) {
	if x > 0 && !math.IsInf(x, 0) {
		r.low, r.high = min(r.low, x), max(r.high, x)
	}
}

// addStat takes in a mean and, of its error bar, not more than half the mean to each side: the
// interval of two runs may be twelve times as wide as their difference, and must not squeeze the
// lines.
func (r *axisRange) addStat(s study.Stat) {
	r.add(s.Mean)
	if half := min(s.Half, s.Mean/2); half > 0 {
		r.add(s.Mean - half)
		r.add(s.Mean + half)
	}
}

// A scale is how a quantity is laid along an axis. gonum's own logarithmic scale misplaces the
// words of an axis, so axes are linear here, in the quantity or in its base-2 logarithm.
type scale struct{ log bool }

func (s scale) at(x float64) float64 {
	if s.log {
		return math.Log2(x)
	}
	return x
}

// scaledTicks lays the ticks of a quantity along its scale.
type scaledTicks struct {
	plot.Ticker
	scale
}

func (t scaledTicks) Ticks(low, high float64) []plot.Tick {
	if t.log {
		low, high = math.Exp2(low), math.Exp2(high)
	}
	ticks := t.Ticker.Ticks(low, high)
	for i := range ticks {
		ticks[i].Value = t.at(ticks[i].Value)
	}
	return ticks
}

// logAcross makes an axis logarithmic, with room (a factor) at both ends.
func (r axisRange) logAcross(a *plot.Axis, room float64, ticks plot.Ticker) scale {
	s := scale{log: true}
	a.Min, a.Max = s.at(r.low/room), s.at(r.high*room)
	a.Tick.Marker = scaledTicks{ticks, s}
	return s
}

// valueAxis sets a vertical axis: logarithmic when the values span more than a factor of twelve
// and the quantity allows it, else linear from zero.
func (r axisRange) valueAxis(a *plot.Axis, q quantity) scale {
	if q.top > 0 {
		r.add(q.top)
	}
	if q.linear || r.high/r.low <= 12 {
		a.Min, a.Max = 0, r.high*1.06
		a.Tick.Marker = linearTicks{q.label}
		return scale{}
	}
	var ticks plot.Ticker = decadeTicks{q.label}
	if q.powers {
		ticks = powerTicks{q.label}
	}
	return r.logAcross(a, math.Pow(r.high/r.low, 0.04), ticks)
}

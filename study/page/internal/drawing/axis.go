package drawing

import (
	"math"

	"gonum.org/v1/plot"
)

// A Range is that of the values of a figure: the same for all its panels, so that they can be compared.
type Range struct{ Low, High float64 }

// EmptyRange holds no value yet.
func EmptyRange() Range { return Range{math.Inf(1), math.Inf(-1)} }

// Add takes in a value, which must be above 0 to count.
func (r *Range) Add(x float64) {
	if x > 0 && !math.IsInf(x, 0) {
		r.Low, r.High = min(r.Low, x), max(r.High, x)
	}
}

// addBar takes in a mean and, of its error bar, not more than half the mean to each side: the
// interval of two runs may be twelve times as wide as their difference, and must not squeeze the
// lines.
func (r *Range) addBar(mean, half float64) {
	r.Add(mean)
	if half := min(half, mean/2); half > 0 {
		r.Add(mean - half)
		r.Add(mean + half)
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

// Ticks are those between low and high, which are places on the axis.
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

// An Axis is laid out: what it shows, and how.
type Axis struct {
	// Min and Max are its ends: values of the quantity or, where Log is true, their base-2 logarithms.
	Min, Max float64
	Log      bool
	Ticks    plot.Ticker // of the quantity
	Level    float64     // of a vertical axis: a dashed line across the panel; 0: none
}

func (a Axis) scale() scale { return scale{a.Log} }

func (a Axis) set(to *plot.Axis) {
	to.Min, to.Max = a.Min, a.Max
	to.Tick.Marker = scaledTicks{a.Ticks, a.scale()}
}

// LogAxis is a logarithmic axis over the range, with room (a factor) at both ends.
func (r Range) LogAxis(room float64, ticks plot.Ticker) Axis {
	s := scale{log: true}
	return Axis{Min: s.at(r.Low / room), Max: s.at(r.High * room), Log: true, Ticks: ticks}
}

// A Value is how a quantity is shown on a vertical axis.
type Value struct {
	Linear bool    // never logarithmic
	Powers bool    // ticks at powers of two when logarithmic
	Level  float64 // a dashed line across; 0: none
	Top    float64 // a value that is always in view; 0: none
	Label  func(float64) string
}

// ValueAxis is a vertical axis over the range: logarithmic when the values span more than a factor of twelve
// and the quantity allows it, else linear from zero.
func (r Range) ValueAxis(v Value) Axis {
	if v.Top > 0 {
		r.Add(v.Top)
	}
	if v.Linear || r.High/r.Low <= 12 {
		return Axis{Max: r.High * 1.06, Ticks: LinearTicks{v.Label}, Level: v.Level}
	}
	var ticks plot.Ticker = DecadeTicks{v.Label}
	if v.Powers {
		ticks = PowerTicks{v.Label}
	}
	a := r.LogAxis(math.Pow(r.High/r.Low, 0.04), ticks)
	a.Level = v.Level
	return a
}

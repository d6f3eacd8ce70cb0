package drawing

import (
	"math"

	"gonum.org/v1/plot"
)

// A Range is the range of the values that a figure shows. All panels of a figure share it, so that they can be
// compared.
type Range struct{ Low, High float64 }

// EmptyRange returns a range without any value.
func EmptyRange() Range { return Range{math.Inf(1), math.Inf(-1)} }

// Add extends the range to a value. Values up to 0 are ignored.
func (r *Range) Add(x float64) {
	if x > 0 && !math.IsInf(x, 0) {
		r.Low, r.High = min(r.Low, x), max(r.High, x)
	}
}

// addBar extends the range to a point and its error bar, but to no more than half its value on each side. The interval of
// two runs may be twelve times as wide as their difference, and would leave no room for the curves.
func (r *Range) addBar(q Point) {
	r.Add(q.Y)
	if q.hasBar() {
		r.Add(max(q.Low, q.Y/2))
		r.Add(min(q.High, q.Y*3/2))
	}
}

// A scale says how values are placed along an axis. gonum's own logarithmic scale misplaces the words of an axis. So
// its axes are always linear here, and we place either the value or its base-2 logarithm.
type scale struct{ log bool }

func (s scale) at(x float64) float64 {
	if s.log {
		return math.Log2(x)
	}
	return x
}

// scaledTicks places the ticks of a quantity on its scale.
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

// An Axis says what an axis shows, and between which ends.
type Axis struct {
	// Min and Max are its ends: values of the quantity or, if Log is true, base-2 logarithms of them.
	Min, Max float64
	Log      bool
	Ticks    plot.Ticker // for values of the quantity
	Level    float64     // on a vertical axis: the height of a dashed line across the panel; 0: none
}

func (a Axis) scale() scale { return scale{a.Log} }

func (a Axis) set(to *plot.Axis) {
	to.Min, to.Max = a.Min, a.Max
	to.Tick.Marker = scaledTicks{a.Ticks, a.scale()}
}

// LogAxis returns a logarithmic axis over the range. room is a factor by which it extends beyond both ends.
func (r Range) LogAxis(room float64, ticks plot.Ticker) Axis {
	s := scale{log: true}
	return Axis{Min: s.at(r.Low / room), Max: s.at(r.High * room), Log: true, Ticks: ticks}
}

// A Value says how a quantity is shown on a vertical axis.
type Value struct {
	Linear bool    // the axis is never logarithmic
	Powers bool    // ticks at powers of two if it is logarithmic
	Level  float64 // the height of a dashed line across; 0: none
	Top    float64 // a value that is always visible; 0: none
	Label  func(float64) string
}

// ValueAxis returns a vertical axis over the range. It is logarithmic when the values span more than a factor of twelve
// and v allows it. Otherwise it is linear and begins at zero.
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

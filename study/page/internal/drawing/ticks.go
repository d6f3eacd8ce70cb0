package drawing

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"

	"github.com/voxfit/voxfit/study/internal/words"
)

// PowerTicks puts a tick at every power of two. Every one, every second or every third of them has a label, so that
// there are at most about eight labels.
type PowerTicks struct{ Label func(float64) string }

// Ticks returns the ticks between low and high.
func (t PowerTicks) Ticks(low, high float64) []plot.Tick {
	first, last := int(math.Ceil(math.Log2(low)-1e-9)), int(math.Floor(math.Log2(high)+1e-9))
	step := (last-first)/8 + 1
	var ticks []plot.Tick
	for k := first; k <= last; k++ {
		tick := plot.Tick{Value: math.Ldexp(1, k)}
		if k%step == 0 {
			tick.Label = t.Label(tick.Value)
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// CountTicks puts a tick at each of some counts. A count has a label where there is room on a logarithmic axis.
type CountTicks []int

// Ticks returns the ticks between low and high.
func (t CountTicks) Ticks(low, high float64) []plot.Tick {
	room := math.Pow(high/low, 0.055) // about the width of two digits
	var ticks []plot.Tick
	last := 0.0
	for _, n := range slices.Backward(t) { // where there is room for one label, it is that of the largest count
		tick := plot.Tick{Value: float64(n)}
		if last == 0 || last/tick.Value >= room {
			tick.Label = strconv.Itoa(n)
			last = tick.Value
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// PlaceTicks writes words at the places 0, 1, 2 ...
type PlaceTicks []string

// Ticks returns the ticks, whatever low and high are.
func (t PlaceTicks) Ticks(_, _ float64) []plot.Tick {
	ticks := make([]plot.Tick, len(t))
	for i, words := range t {
		ticks[i] = plot.Tick{Value: float64(i), Label: words}
	}
	return ticks
}

// DecadeTicks puts ticks at 1, 2 and 5 times the powers of ten; only at the powers where the axis spans many.
type DecadeTicks struct{ Label func(float64) string }

// Ticks returns the ticks between low and high.
func (t DecadeTicks) Ticks(low, high float64) []plot.Tick {
	steps := []float64{1, 2, 5}
	if high/low > 3e3 {
		steps = steps[:1]
	}
	var ticks []plot.Tick
	for k := int(math.Floor(math.Log10(low))); k <= int(math.Ceil(math.Log10(high))); k++ {
		for _, m := range steps {
			v := round(m * math.Pow10(k))
			if v >= low*(1-1e-9) && v <= high*(1+1e-9) {
				ticks = append(ticks, plot.Tick{Value: v, Label: t.Label(v)})
			}
		}
	}
	return ticks
}

// LinearTicks puts about five ticks at round values, beginning at zero.
type LinearTicks struct{ Label func(float64) string }

// Ticks returns the ticks between low and high.
func (t LinearTicks) Ticks(low, high float64) []plot.Tick {
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
		ticks = append(ticks, plot.Tick{Value: i * step, Label: t.Label(round(i * step))})
	}
	return ticks
}

// round removes the error of adding binary steps from a label: 0.30000000000000004 becomes 0.3.
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

// PowerLabel writes a power of two as 2 with a raised exponent, another number as it is.
func PowerLabel(n float64) string {
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

package kerneltest_test

import (
	"math"
	"testing"

	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
)

// roundedCase is the arguments of BelowRounded for one size, in guarded memory.
type roundedCase struct {
	csdBench[float64, float64]
	rows, columns, stored int
	panels, x, thresholds []float64
	rounded               []float32
	errors                []float64
	narrow                []float32
	masks                 []byte
	sets                  [2][]uint64
}

// forEachRounded runs a test with any number of columns, and with panels that are wider than the columns that count.
func forEachRounded(t *testing.T, test func(c roundedCase)) {
	forEachCSDSet(t, func(b csdBench[float64, float64]) {
		if b.kernels.BelowRounded == nil {
			b.Skip("this set has no such step")
		}
		for _, columns := range kerneltest.Sizes(0, 130) {
			rows, stored := 1+(columns*37)%250, columns+b.IntN(3)
			if stored == 0 {
				continue
			}
			count := (rows + b.Panel - 1) / b.Panel
			c := roundedCase{
				csdBench: b, rows: rows, columns: columns, stored: stored,
				panels: b.numbers(count * stored * b.Panel), x: b.zeros(max(columns, 1) * b.Lanes), thresholds: b.numbers(b.Lanes),
				errors: b.zeros(2),
				narrow: guarded.Slice[float32](b.T, max(columns, 1)*2*b.Lanes, b.edge),
				masks:  guarded.Slice[byte](b.T, b.RowBytes(count, (rows+63)/64), b.edge),
			}
			for i := range c.sets {
				c.sets[i] = guarded.Slice[uint64](b.T, b.Lanes*((rows+63)/64), b.edge)
			}
			copy(c.x, b.numbers(columns*b.Lanes))
			c.round(count)
			test(c)
		}
	})
}

// round puts the rows of count panels into panels of rounded numbers. The rows that fill up the last one are not zero.
func (c *roundedCase) round(count int) {
	size := c.kernels.RoundedPanel
	wide := (count*c.Panel + size - 1) / size
	c.rounded = guarded.Slice[float32](c.T, wide*c.stored*size, c.edge)
	for i := range c.rounded {
		c.rounded[i] = 1e9
	}
	for r := range count * c.Panel {
		for k := range c.stored {
			c.rounded[(r/size*c.stored+k)*size+r%size] = float32(c.panels[(r/c.Panel*c.stored+k)*c.Panel+r%c.Panel])
		}
	}
}

// compare returns the sets of BelowRounded and of Below.
func (c roundedCase) compare() (got, want func(lane, row int) bool) {
	count, words := (c.rows+c.Panel-1)/c.Panel, (c.rows+63)/64
	skip := (c.stored - c.columns) * c.Panel * 8
	marked := func(sets []uint64) func(lane, row int) bool {
		return func(lane, row int) bool { return sets[lane*words+row/64]>>(row%64)&1 == 1 }
	}
	rounded, double, masks, x, thresholds := c.sets[0], c.sets[1], &c.masks[0], &c.x[0], &c.thresholds[0]
	c.kernels.BelowRounded(&rounded[0], masks, &c.panels[0], &c.rounded[0], x, &c.narrow[0], thresholds, &c.errors[0], count, c.columns, skip, words)
	c.kernels.Below(&double[0], masks, &c.panels[0], x, thresholds, count, c.columns, skip, words)
	return marked(rounded), marked(double)
}

func (c roundedCase) equal(what string) {
	got, want := c.compare()
	for lane := range c.Lanes {
		for r := range c.rows {
			if g, w := got(lane, r), want(lane, r); g != w {
				c.Fatalf("%s: %d columns: row %d of lane %d is %v, in double precision %v", what, c.columns, r, lane, g, w)
			}
		}
	}
}

// bound sets errors that rounding cannot exceed.
func (c roundedCase) bound() {
	longest := 0.0
	for r := range c.rows {
		square := 0.0
		for k := range c.columns {
			square += math.Pow(c.panels[(r/c.Panel*c.stored+k)*c.Panel+r%c.Panel]*float64(c.columns-k+2), 2)
		}
		longest = max(longest, square)
	}
	c.errors[0], c.errors[1] = math.Sqrt(longest)*1.001/(1<<24), float64(c.columns+1)*1.001/(1<<24)
}

func TestRoundedComparisonMarksTheRowsOfTheOneInDoublePrecision(t *testing.T) {
	forEachRounded(t, func(c roundedCase) {
		c.bound()
		c.equal("random thresholds")
		product := func(lane int) []float64 {
			return c.product(c.panels, (c.rows+c.Panel-1)/c.Panel, c.columns, c.stored, c.lane(c.x[:c.columns*c.Lanes], lane))
		}
		for lane := range c.Lanes { // a row is equal, or next to equal
			row := product(lane)[c.IntN(c.rows)]
			c.thresholds[lane] = []float64{row, math.Nextafter(row, 9), math.Nextafter(row, -9), row * (1 + 1e-7)}[lane%4]
		}
		c.equal("near thresholds")
	})
}

func TestRoundedComparisonOfNumbersOutOfRangeIsInDoublePrecision(t *testing.T) {
	forEachRounded(t, func(c roundedCase) {
		c.bound()
		ordinary := c.lane(c.x, 1)
		for _, odd := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e200, 1e39, -1e38, 1e30, -1e24, 1e20, 1e-38, -1e-44, 1e-50, 5e-324, 0} {
			for k := range max(c.columns, 1) {
				c.x[k*c.Lanes+1] = ordinary[k] * odd
			}
			c.equal("odd numbers")
			c.x[1] = odd
			c.equal("odd numbers")
			c.thresholds[2], c.thresholds[1] = odd, 0
			c.equal("odd threshold")
			c.thresholds[2], c.thresholds[1] = 0.5, odd
			c.equal("odd numbers and threshold")
			c.thresholds[1] = 0.5
		}
	})
}

// Panels of zeros in single precision show which precision has decided.
func TestRoundedComparisonDecidesBeyondItsBoundAndNowhereElse(t *testing.T) {
	forEachRounded(t, func(c roundedCase) {
		clear(c.rounded)
		longest, length := c.IntN(c.Lanes), 0.0
		for k := range c.columns {
			row := c.x[k*c.Lanes:][:c.Lanes]
			for lane := range row {
				if lane != longest {
					row[lane] = row[longest] / 2
				}
			}
			length = math.Hypot(length, row[longest])
		}
		for lane := range c.thresholds {
			c.thresholds[lane] = 1000 * float64(1-lane%2*2)
		}
		for _, share := range []float64{0, 0.5, 1} { // of x in the bound; the rest is the threshold's
			if c.columns == 0 && share > 0 {
				continue
			}
			for _, scale := range []float64{1 - 1e-5, 1 + 1e-5} {
				c.errors[0], c.errors[1] = 0, (1-share)*scale
				if share > 0 {
					c.errors[0] = share * scale * 1000 / length
				}
				got, want := c.compare()
				for lane, threshold := range c.thresholds {
					for r := range c.rows {
						expected := threshold > 0
						if scale > 1 {
							expected = want(lane, r)
						}
						if got(lane, r) != expected {
							c.Fatalf("%d columns, share %v, bound of %v thresholds: row %d of lane %d is %v", c.columns, share, scale, r, lane, got(lane, r))
						}
					}
				}
			}
		}
	})
}

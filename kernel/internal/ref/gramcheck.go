package ref

import "fmt"

// Check says which record, if any, points outside of its coefficients, the moments, or the packed triangle of n
// coefficients. It also says which entry of the triangle no record writes. NewGram and the methods of Gram then stay
// within bounds.
func (g *GramMap) Check(n int) error {
	c := gramChecker{gram: g, written: make([]bool, Triangle(n))}
	for i, r := range g.Quads {
		c.record = fmt.Sprintf("Quads[%d]", i)
		c.run(r.Difference, r.DifferenceTerms)
		c.run(r.Sum, r.SumTerms)
		c.weights(r.Coefficients, r.DifferenceTerms, r.SumTerms)
		c.entries(r.CosCos, r.SinSin, r.SinCos, r.CosSin)
	}
	for i, r := range g.Pairs {
		c.record = fmt.Sprintf("Pairs[%d]", i)
		c.run(r.Moment, r.Terms)
		c.weights(r.Coefficients, r.Terms)
		c.entries(r.Cos, r.Sin)
	}
	for i, r := range g.Singles {
		c.record = fmt.Sprintf("Singles[%d]", i)
		c.run(r.Moment, r.Terms)
		c.weights(r.Coefficients, r.Terms)
		c.entries(r.Entry)
	}
	for e, ok := range c.written {
		if !ok && c.err == nil {
			c.err = fmt.Errorf("no record gives entry %d of the lower triangle", e)
		}
	}
	return c.err
}

// gramChecker keeps the first error.
type gramChecker struct {
	gram    *GramMap
	record  string
	written []bool
	err     error
}

func (c *gramChecker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(c.record+": "+format, args...)
	}
}

func (c *gramChecker) run(first, terms int32) {
	if first < 0 || terms < 0 || int(first)+int(terms) > c.gram.Moments {
		c.fail("moments %d to %d, have %d", first, int(first)+int(terms), c.gram.Moments)
	}
}

func (c *gramChecker) weights(first int32, terms ...int32) {
	end := int(first)
	for _, t := range terms {
		end += int(t)
	}
	if first < 0 || end > len(c.gram.Coefficients) {
		c.fail("coefficients %d to %d, have %d", first, end, len(c.gram.Coefficients))
	}
}

func (c *gramChecker) entries(list ...int32) {
	for _, e := range list {
		if e < 0 || int(e) >= len(c.written) {
			c.fail("entry %d of the lower triangle, have %d", e, len(c.written))
			continue
		}
		c.written[e] = true
	}
}

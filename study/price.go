package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/study/internal/words"
)

// Prices says what an hour of a machine costs. Nothing is interpolated between the CPU counts of
// the table: a machine of another size may not be for sale.
type Prices struct {
	Table  map[int]float64 // CPU count to US dollars an hour
	PerCPU float64         // US dollars an hour for each CPU of a count not in the table; 0: none
}

// PublishedPrices returns the table that the published study used, AWS c5 instances on demand:
// "8=.34,16=.68,36=1.53,46=2.04,72=3.06". Every entry is 0.0425 dollars a CPU, except that of 46,
// which is as published; 2.04 is the price of 48, which is the CPU count in the study's figures.
func PublishedPrices() Prices {
	return Prices{Table: map[int]float64{8: .34, 16: .68, 36: 1.53, 46: 2.04, 72: 3.06}}
}

// ParsePrices reads a price table such as "8=.34,16=.68".
func ParsePrices(text string) (Prices, error) {
	p := Prices{Table: map[int]float64{}}
	for _, entry := range strings.Split(text, ",") {
		left, right, found := strings.Cut(entry, "=")
		cpus, err1 := strconv.Atoi(strings.TrimSpace(left))
		price, err2 := strconv.ParseFloat(strings.TrimSpace(right), 64)
		if !found || err1 != nil || err2 != nil || cpus < 1 || !(price > 0) || math.IsInf(price, 0) {
			return Prices{}, fmt.Errorf("prices %q: %q is not CPUs=dollars-an-hour, such as 8=.34", text, entry)
		}
		if _, twice := p.Table[cpus]; twice {
			return Prices{}, fmt.Errorf("prices %q: there are two prices for %s", text, words.Count(cpus, "CPU"))
		}
		p.Table[cpus] = price
	}
	return p, nil
}

// hour returns the price of an hour on this many CPUs; false where there is none.
func (p Prices) hour(cpus int) (float64, bool) {
	if price, ok := p.Table[cpus]; ok {
		return price, true
	}
	return float64(cpus) * p.PerCPU, p.PerCPU > 0
}

// String writes the prices as ParsePrices reads them. A price for each CPU follows in words.
func (p Prices) String() string {
	var cpus []int
	for n := range p.Table {
		cpus = append(cpus, n)
	}
	slices.Sort(cpus)
	var entries []string
	for _, n := range cpus {
		entries = append(entries, fmt.Sprintf("%d=%g", n, p.Table[n]))
	}
	if p.PerCPU > 0 {
		entries = append(entries, fmt.Sprintf("others %g a CPU", p.PerCPU))
	}
	return strings.Join(entries, ", ")
}

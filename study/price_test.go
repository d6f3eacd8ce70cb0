package study

import (
	"math"
	"testing"
)

func TestPricesAreNotInterpolated(t *testing.T) {
	p, err := ParsePrices("8=.34, 16=.68,36=1.53,46=2.04,72=3.06")
	if err != nil {
		t.Fatal(err)
	}
	if p.String() != PublishedPrices().String() {
		t.Errorf("the published table is read as %s", p)
	}
	if _, ok := p.hour(32); ok {
		t.Error("32 CPUs have a price that is not in the table")
	}
	p.PerCPU = 0.0425
	if price, ok := p.hour(32); !ok || math.Abs(price-1.36) > 1e-9 {
		t.Errorf("32 CPUs at 0.0425 cost %v", price)
	}
	if price, _ := p.hour(46); price != 2.04 {
		t.Errorf("the table does not come before the price of a CPU: %v", price)
	}
	for _, bad := range []string{"", "8", "8=", "8=x", "=3", "0=1", "8=-1", "8=NaN", "8=Inf", "8=1,8=2", "8=1,"} {
		if _, err := ParsePrices(bad); err == nil {
			t.Errorf("prices %q were accepted", bad)
		}
	}
}

package main

// peakChains is the number of independent sums. They keep four units busy at a latency of four cycles.
const peakChains = 16

// peak writes the loops that measure the peak of the vector units. They have nothing but fused multiply-adds that do
// not wait for one another.
func peak(p *program) {
	for _, kind := range []struct{ name, lanes string }{{"peakFloat64", "D2"}, {"peakFloat32", "S4"}} {
		p.function(kind.name, "n int", "does n >= 1 times 16 independent fused multiply-adds of whole vectors.")
		p.holds("V0-V15 sums   V16 and V17 factors")
		p.zero(vec(16), vec(17))
		for i := range peakChains {
			p.zero(vec(i))
		}
		p.repeat("turn", p.load("n"), func() {
			for i := range peakChains {
				p.ins("VFMLA V16.%s, V17.%s, %v.%s", kind.lanes, kind.lanes, vec(i), kind.lanes)
			}
		})
		p.end()
	}
}

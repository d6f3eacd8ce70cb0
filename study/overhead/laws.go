package overhead

// A law predicts the time of a setting once fitted: the model of this package, or one of the known
// laws of scaling.
type law interface{ time(s setting) float64 }

// knownLaws know only the number of processors: the CPUs that have a chunk, where each hyperthread counts as one. They
// have no cost of a chunk.
var knownLaws = []knownLaw{{"Amdahl's law", 2, fitAmdahl}, {"Gustafson's law", 2, fitGustafson}, {"universal scalability law", 3, fitUniversal}}

type knownLaw struct {
	name     string
	unknowns int
	fitTo    func([]setting) law
}

// fit returns nil where the settings have fewer numbers of processors than the law has unknowns.
func (l knownLaw) fit(settings []setting) law {
	processors := map[float64]bool{}
	for _, s := range settings {
		processors[s.busy] = true
	}
	if len(processors) < l.unknowns {
		return nil
	}
	return l.fitTo(settings)
}

// fitAmdahl fits Amdahl's law (1967): a part of the work is serial, T = a + b / n.
func fitAmdahl(settings []setting) law {
	return processorLaw(settings, func(n float64) []float64 { return []float64{1, 1 / n} })
}

// fitUniversal fits Gunther's universal scalability law (1993): T = T1 (1 + s (n-1) + k n (n-1)) / n, with
// contention s and coherency k, linear in T1, T1 s and T1 k.
func fitUniversal(settings []setting) law {
	return processorLaw(settings, func(n float64) []float64 { return []float64{1 / n, (n - 1) / n, n - 1} })
}

// fitGustafson fits Gustafson's law (1988) as it is read for data of one size: the speed-up is
// a + (1-a) n, so that T = T1 / (a + (1-a) n).
func fitGustafson(settings []setting) law {
	return leastLoss(func(serial float64) (law, float64) {
		speedUp := func(s setting) float64 { return serial + (1-serial)*s.busy }
		p := newProblem(len(settings), 1)
		for r, s := range settings {
			p.set(r, 0, 1/speedUp(s)/s.time)
		}
		one := p.solve()[0]
		l := lawFunc(func(s setting) float64 { return one / speedUp(s) })
		loss := 0.0
		for _, s := range settings {
			loss += huber(l(s)/s.time - 1)
		}
		return l, loss
	}, fine)
}

type lawFunc func(s setting) float64

func (f lawFunc) time(s setting) float64 { return f(s) }

// processorLaw fits a law whose time is linear in functions of the number of processors.
func processorLaw(settings []setting, of func(n float64) []float64) law {
	p := newProblem(len(settings), len(of(1)))
	for r, s := range settings {
		for c, v := range of(s.busy) {
			p.set(r, c, v/s.time)
		}
	}
	x := p.solve()
	return lawFunc(func(s setting) float64 {
		sum := 0.0
		for c, v := range of(s.busy) {
			sum += x[c] * v
		}
		return sum
	})
}

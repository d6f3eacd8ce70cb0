package peaks

// InDoubt counts the functions whose peaks, and whose GFA, a worker leaves to the portable code.
func InDoubt(w *Worker, functions []float64, stride int) (peaks, gfa int) {
	l := w.lanes
	for first := 0; first < len(functions)/stride; first += w.Block() {
		w.Load(functions[first*stride:], stride, min(w.Block(), len(functions)/stride-first))
		w.Peaks()
		for i := range w.n {
			if l.lane[i].portable {
				peaks++
			}
		}
		for half := 0; half < w.n; half += l.steps.Double.Lanes {
			l.spreadHalf(l.packed[half*l.width:])
			for i := half; i < min(half+l.steps.Double.Lanes, w.n); i++ {
				if _, ok := l.gfa(i, l.spreads[i-half], l.sums[l.steps.Double.Lanes+i-half]); !ok {
					gfa++
				}
			}
		}
	}
	return peaks, gfa
}

// Find returns the peaks of one function, as Load and Peaks do.
func (w *Worker) Find(function []float64) []Peak {
	w.Load(function, w.finder.design.Coefficients, 1)
	return w.Peaks()[0]
}

package kerneltest

import (
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel"
)

// Relative returns the largest difference, relative to the largest value.
func Relative(got, want []float64) float64 {
	difference, largest := 0.0, 0.0
	for i, w := range want {
		if d := math.Abs(got[i] - w); !(d <= difference) {
			difference = d
		}
		largest = max(largest, math.Abs(w))
	}
	if difference == 0 {
		return 0
	}
	return difference / largest
}

// FitAll fits all voxels in one call.
func FitAll(f kernel.Fitter, signal []float64) (params []float64, status []kernel.Status) {
	n := len(signal) / f.Measurements()
	params, status = make([]float64, n*f.Parameters()), make([]kernel.Status, n)
	f.NewWorker().Fit64(params, status, signal)
	return params, status
}

// PortableFit returns a function that fits a block by the portable code. It remembers results by name, for the next
// instruction set.
func PortableFit() func(name string, f kernel.Fitter, signal []float64) ([]float64, []kernel.Status) {
	type result struct {
		params []float64
		status []kernel.Status
	}
	done := make(map[string]result)
	return func(name string, f kernel.Fitter, signal []float64) ([]float64, []kernel.Status) {
		r, ok := done[name]
		if !ok {
			r.params, r.status = FitAll(f, signal)
			done[name] = r
		}
		return r.params, r.status
	}
}

// ErrorsSay tests that each error exists, is one of the kernels', and contains the words under which it is listed.
func ErrorsSay(t *testing.T, errors map[string]error) {
	t.Helper()
	for want, err := range errors {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "kernel: ") {
			t.Errorf("error %v, expected one that says %q", err, want)
		}
	}
}

package model

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sh"
)

// csdReference is testdata/csd_reference.json. csd_reference.py beside it describes and makes it.
type csdReference struct {
	Source string
	Bvals  []float64
	Bvecs  [][3]float64
	Voxels []struct {
		Name         string
		Signal       []float64
		Coefficients []float64
		Iterations   int
		GFA          float64
		Peaks        []int
		Values       []float64
	}
}

func readCSDReference(t testing.TB) (r csdReference, g *acq.GradientTable) {
	t.Helper()
	text, err := os.ReadFile("testdata/csd_reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if g, _, err = acq.NewGradientTable(r.Bvals, r.Bvecs); err != nil {
		t.Fatal(err)
	}
	return r, g
}

var referenceResponse = acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}

func mustCSD(t testing.TB, g *acq.GradientTable, r acq.Response, o CSDOptions) *CSD {
	t.Helper()
	c, err := NewCSD(g, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// largestDifference returns the largest difference, relative to the largest value of want.
func largestDifference(got, want []float64) float64 {
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

func TestStoredVoxelsGiveDIPYsCoefficientsIterationsAndPeaks(t *testing.T) {
	reference, g := readCSDReference(t)
	hemisphere := sh.Symmetric362Hemisphere()
	c := mustCSD(t, g, referenceResponse, CSDOptions{Sphere: hemisphere})
	w, finder := c.Fitter().NewWorker(), c.finder.NewWorker()
	for _, v := range reference.Voxels {
		fod, status := make([]float64, 45), make([]kernel.Status, 1)
		w.Fit64(fod, status, v.Signal)
		if int(status[0].Iterations) != v.Iterations {
			t.Errorf("%s: %d iterations, want %d (%s)", v.Name, status[0].Iterations, v.Iterations, reference.Source)
		}
		if d := largestDifference(fod, v.Coefficients); !(d <= 1e-11) {
			t.Errorf("%s: coefficients differ by %.2g of the largest", v.Name, d)
		}
		finder.Load(fod, 45, 1)
		if got := float64(finder.GFA()[0]); math.Abs(got-v.GFA) > 1e-7 {
			t.Errorf("%s: GFA %v, want %v", v.Name, got, v.GFA)
		}
		if v.Name == "constant" {
			continue // rounding alone makes its peaks
		}
		peaks := finder.Peaks()[0]
		var at []int
		for i, p := range peaks {
			at = append(at, p.Index)
			if i < len(v.Values) && math.Abs(p.Value-v.Values[i]) > 1e-11*v.Values[0] {
				t.Errorf("%s: peak %d has value %v, want %v", v.Name, i, p.Value, v.Values[i])
			}
		}
		if !slices.Equal(at, v.Peaks) {
			t.Errorf("%s: peaks at vertices %v, want %v", v.Name, at, v.Peaks)
		}
	}
}

// threeShells returns a table like the HCP's, with three shells and one b0 for each six directions.
func threeShells(t testing.TB, perShell int) *acq.GradientTable {
	t.Helper()
	var bvals []float64
	var bvecs [][3]float64
	for k := range 3 * perShell {
		if k%6 == 0 {
			bvals, bvecs = append(bvals, 5), append(bvecs, [3]float64{})
		}
		z := 1 - (2*float64(k)+1)/float64(3*perShell)
		phi, r := float64(k)*math.Pi*(3-math.Sqrt(5)), math.Sqrt(1-z*z)
		bvals = append(bvals, float64(1000*(1+k%3)))
		bvecs = append(bvecs, [3]float64{r * math.Cos(phi), r * math.Sin(phi), z})
	}
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// brainlike simulates voxels with crossing fibres, water and noise, and mixes in noise alone, zeros,
// negatives, constants, spikes and tiny values.
func brainlike(g *acq.GradientTable, n int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	var signal []float64
	for v := range n {
		voxel := make([]float64, g.Len())
		fibres, water := 1+rng.IntN(3), max(0, rng.Float64()-0.5)
		for range fibres {
			axis := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
			length := math.Sqrt(axis[0]*axis[0] + axis[1]*axis[1] + axis[2]*axis[2])
			for i, d := range g.Bvecs {
				along := (axis[0]*d[0] + axis[1]*d[1] + axis[2]*d[2]) / length
				voxel[i] += (1 - water) / float64(fibres) * math.Exp(-g.Bvals[i]*(0.3e-3+1.4e-3*along*along))
			}
		}
		for i, s := range voxel {
			s = 1000 * (s + water*math.Exp(-3e-3*g.Bvals[i]))
			voxel[i] = math.Hypot(s+33*rng.NormFloat64(), 33*rng.NormFloat64())
		}
		for i := range voxel {
			switch v % 20 {
			case 3:
				voxel[i] = math.Abs(rng.NormFloat64()) * 100
			case 7:
				voxel[i] = rng.NormFloat64() * 100
			case 11:
				voxel[i] *= []float64{0, -1, 1e-300}[v/20%3]
			case 15:
				voxel[i] = 500
			case 19:
				voxel[i] = 0
				if i == 1+v%50 {
					voxel[i] = 1000
				}
			}
		}
		signal = append(signal, voxel...)
	}
	return signal
}

// compareWithDIPY fits voxels with voxfit and DIPY, and expects the same iteration counts and coefficients.
func compareWithDIPY(t *testing.T, g *acq.GradientTable, c *CSD, n int, response map[string]peer.Array) {
	t.Helper()
	signal := brainlike(g, n, 6)
	m, p := g.Len(), c.Fitter().Parameters()
	arrays := peer.Arrays{
		"signal": peer.Matrix(signal, m), "bvals": {Shape: []int{m}, Data: g.Bvals}, "bvecs": peer.Vectors(g.Bvecs),
	}
	for name, a := range response {
		arrays[name] = a
	}
	dipy := peer.DIPY(t, "csd", arrays, map[string]any{"lmax": c.options.LMax})
	params, status := make([]float64, n*p), make([]kernel.Status, n)
	c.Fitter().NewWorker().Fit64(params, status, signal)
	worst, worstGFA := 0.0, 0.0
	peaks := newPeakDeriver(c.finder, c.options.Peaks)
	gfa := [][]float32{make([]float32, n), nil, nil}
	peaks.derive(gfa, params, p, 0, n)
	for v := range n {
		if want := dipy["iterations"].Data[v]; float64(status[v].Iterations) != want {
			t.Errorf("voxel %d: %d iterations, DIPY %v", v, status[v].Iterations, want)
		}
		fod := params[v*p:][:p]
		worst = max(worst, largestDifference(fod, dipy["coefficients"].Row(v)))
		if v%20 != 15 { // for a constant signal it is rounding
			worstGFA = max(worstGFA, math.Abs(float64(gfa[gfaMap][v])-dipy["gfa"].Data[v]))
		}
	}
	t.Logf("parity: %s: %d voxels, coefficients within %.2g of the largest, GFA within %.2g", t.Name(), n, worst, worstGFA)
	if !(worst <= 1e-9) || !(worstGFA <= 6e-8) {
		t.Errorf("coefficients differ by %.2g of the largest, GFA by %.2g", worst, worstGFA)
	}
}

func tensorForDIPY(r acq.Response) map[string]peer.Array {
	return map[string]peer.Array{"response": {Shape: []int{4}, Data: append(r.Evals[:], r.S0)}}
}

func TestCSDOfHCPLikeVoxelsFollowsDIPYLive(t *testing.T) {
	peer.Slow(t)
	g := threeShells(t, 90)
	compareWithDIPY(t, g, mustCSD(t, g, referenceResponse, CSDOptions{}), 500, tensorForDIPY(referenceResponse))
}

func TestCSDOfEveryDegreeFollowsDIPYLive(t *testing.T) {
	peer.Slow(t)
	g := threeShells(t, 90)
	for lmax := 2; lmax <= 12; lmax += 2 {
		c := mustCSD(t, g, referenceResponse, CSDOptions{LMax: lmax})
		compareWithDIPY(t, g, c, 40, tensorForDIPY(referenceResponse))
	}
}

func TestCSDWithUnequalEvaluesFollowsDIPYLive(t *testing.T) {
	peer.Slow(t)
	g := threeShells(t, 90)
	r := acq.Response{Evals: [3]float64{1.5e-3, 0.4e-3, 0.2e-3}, S0: 37}
	compareWithDIPY(t, g, mustCSD(t, g, r, CSDOptions{}), 40, tensorForDIPY(r))
}

func TestCSDWithAZonalResponseFollowsDIPYLive(t *testing.T) {
	peer.Slow(t)
	_, g := readCSDReference(t)
	zonal := []float64{600, -300, 110, -30, 7, -1}
	c := mustCSD(t, g, acq.Response{Zonal: [][]float64{zonal}}, CSDOptions{})
	// DIPY accepts no more coefficients of the response than lmax has degrees.
	compareWithDIPY(t, g, c, 40, map[string]peer.Array{
		"response": {Shape: []int{4}, Data: []float64{0, 0, 0, 1000}},
		"zonal":    {Shape: []int{5}, Data: zonal[:5]},
	})
}

func TestZonalResponseChoosesTheVolumesItIsFor(t *testing.T) {
	g := threeShells(t, 90)
	row := func(scale float64) []float64 { return []float64{600 * scale, -300 * scale, 110, -30, 7} }
	top := func() []int {
		var volumes []int
		for i, b := range g.Bvals {
			if b == 3000 {
				volumes = append(volumes, i)
			}
		}
		return volumes
	}()
	for _, c := range []struct {
		name     string
		response acq.Response
		volumes  []int
		mean     float64 // the row's first coefficient
	}{
		{"one row", acq.Response{Zonal: [][]float64{row(1)}}, g.DWIs(), 600},
		{"one row with its b-value", acq.Response{Zonal: [][]float64{row(1)}, Bvals: []float64{2990}}, top, 600},
		{"a row a shell and b0", acq.Response{Zonal: [][]float64{row(4), row(3), row(2), row(1)}}, top, 600},
		{"a row a shell", acq.Response{Zonal: [][]float64{row(3), row(2), row(1)}}, top, 600},
		{"rows by b-value", acq.Response{Zonal: [][]float64{row(3), row(1), row(2)}, Bvals: []float64{1000, 3010, 5000}}, top, 600},
	} {
		design := mustCSD(t, g, c.response, CSDOptions{}).Design()
		if !slices.Equal(design.Volumes, c.volumes) {
			t.Errorf("%s: %d volumes from %d on, want %d from %d on", c.name, len(design.Volumes), design.Volumes[0], len(c.volumes), c.volumes[0])
		}
		// X's first column is Y(0,0) times the first rotational harmonic, which is the mean.
		if math.Abs(design.X[0]-c.mean) > 1e-9 {
			t.Errorf("%s: fitted with the row of mean %v, want %v", c.name, design.X[0], c.mean)
		}
	}
}

func TestCSDErrorsSayWhatWasFoundAndExpected(t *testing.T) {
	g := threeShells(t, 90)
	only, _, err := acq.NewGradientTable([]float64{0, 0}, [][3]float64{{}, {}})
	if err != nil {
		t.Fatal(err)
	}
	long := []float64{600, -300, 110, -30, 7}
	for _, c := range []struct {
		want     string
		table    *acq.GradientTable
		response acq.Response
		options  CSDOptions
	}{
		{"lmax is 7, expected an even number from 2 to 12", g, referenceResponse, CSDOptions{LMax: 7}},
		{"lmax is 14", g, referenceResponse, CSDOptions{LMax: 14}},
		{"lmax is -2", g, referenceResponse, CSDOptions{LMax: -2}},
		{"basis is Basis(9)", g, referenceResponse, CSDOptions{Basis: 9}},
		{"lambda is -1", g, referenceResponse, CSDOptions{NegLambda: -1}},
		{"tau is -1", g, referenceResponse, CSDOptions{Tau: -1}},
		{"max_iterations is -1, expected a whole number from 1 to 65535", g, referenceResponse, CSDOptions{MaxIterations: -1}},
		{"directions: found none", g, referenceResponse, CSDOptions{Directions: [][3]float64{}}},
		{"peaks is -3", g, referenceResponse, CSDOptions{Peaks: -3}},
		{`"mmx"`, g, referenceResponse, CSDOptions{ISA: "mmx"}},
		{"no diffusion-weighted volume", only, referenceResponse, CSDOptions{}},
		{"no diffusion-weighted volume", only, acq.Response{Zonal: [][]float64{long}}, CSDOptions{}},
		{"4 zonal coefficients (lmax 6), expected at least 5 for lmax 8", g, acq.Response{Zonal: [][]float64{long[:4]}}, CSDOptions{}},
		{"found -1 as the first coefficient", g, acq.Response{Zonal: [][]float64{{-1, 0, 0, 0, 0}}}, CSDOptions{}},
		{"5 rows, expected one, or one for each of the 3", g, acq.Response{Zonal: [][]float64{long, long, long, long, long}}, CSDOptions{}},
		{"for b = [1000 2000], expected one for the highest shell, b = 3000", g,
			acq.Response{Zonal: [][]float64{long, long}, Bvals: []float64{1000, 2000}}, CSDOptions{}},
	} {
		if _, err := NewCSD(c.table, c.response, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		}
	}
}

func TestCSDRefusesResponsesWithoutDirectionsInBothConventions(t *testing.T) {
	g := threeShells(t, 90)
	row := func(l2 float64) [][]float64 { return [][]float64{{1000, l2, 0, 0, 0}} }
	for _, convention := range []Convention{DIPY, MRtrix} {
		for _, r := range []acq.Response{
			{Evals: [3]float64{0.7e-3, 0.7e-3, 0.7e-3}, S0: 100},
			{Evals: [3]float64{0.7e-3, 0.7e-3 - 1e-9, 0.7e-3 - 1e-9}, S0: 100},
			{Zonal: row(0)}, {Zonal: row(-1e-9)}, {Zonal: row(-0.9)},
			{Zonal: [][]float64{{2000, -300, 0, 0, 0}, {1000, 0, 0, 0, 0}}, Bvals: []float64{1000, 3000}}, // constant at b = 3000
		} {
			if _, err := NewCSD(g, r, CSDOptions{Convention: convention}); err == nil || !strings.Contains(err.Error(), "the same in all directions") {
				t.Errorf("%v, %v %v: error %v, want one that says that there are no directions", convention, r, r.Zonal, err)
			}
		}
		mustCSD(t, g, acq.Response{Zonal: row(-20)}, CSDOptions{Convention: convention}) // weak, but not zero
	}
}

func TestFewDirectionsOfTheConstraintAreAWarning(t *testing.T) {
	g := threeShells(t, 90)
	for n, want := range map[int]bool{2: true, 44: true, 45: false} {
		w := strings.Join(mustCSD(t, g, referenceResponse, CSDOptions{Directions: sh.Directions300()[:n]}).Warnings(), "\n")
		if strings.Contains(w, "fewer than the 45 coefficients (lmax 8)") != want {
			t.Errorf("%d directions: warnings %q", n, w)
		}
	}
}

func TestAShellOfMoreSignalThanALowerOneIsAWarning(t *testing.T) {
	g := threeShells(t, 90)
	row := func(scale float64) []float64 { return []float64{600 * scale, -300 * scale, 110, -30, 7} }
	for name, c := range map[string]struct {
		response acq.Response
		warned   bool
	}{
		"ascending":              {acq.Response{Zonal: [][]float64{row(3), row(2), row(1)}}, false},
		"reversed":               {acq.Response{Zonal: [][]float64{row(1), row(2), row(3)}}, true},
		"reversed, with b":       {acq.Response{Zonal: [][]float64{row(1), row(2), row(3)}, Bvals: []float64{3000, 2000, 1000}}, false},
		"b in the wrong order":   {acq.Response{Zonal: [][]float64{row(3), row(2), row(1)}, Bvals: []float64{3000, 2000, 1000}}, true},
		"noise at the highest b": {acq.Response{Zonal: [][]float64{row(3), row(1), row(1.05)}}, false},
	} {
		w := strings.Join(mustCSD(t, g, c.response, CSDOptions{}).Warnings(), "\n")
		if strings.Contains(w, "wrong order") != c.warned {
			t.Errorf("%s: warnings %q", name, w)
		}
	}
}

func TestMoreCoefficientsThanMeasurementsAreAWarning(t *testing.T) {
	_, g := readCSDReference(t) // 60 directions
	if w := mustCSD(t, g, referenceResponse, CSDOptions{}).Warnings(); len(w) != 0 {
		t.Errorf("45 coefficients from 60 volumes: warnings %q, want none", w)
	}
	w := mustCSD(t, g, referenceResponse, CSDOptions{LMax: 10}).Warnings()
	if len(w) != 1 || !strings.Contains(w[0], "66 coefficients (lmax 10) from 60") {
		t.Errorf("66 coefficients from 60 volumes: warnings %q, want one", w)
	}
}

// derive fits and derives voxels.
func derive(c *CSD, signal []float64) (maps map[string][]float32, params []float64) {
	n := len(signal) / c.Fitter().Measurements()
	params, status := make([]float64, n*c.Fitter().Parameters()), make([]kernel.Status, n)
	c.Fitter().NewWorker().Fit64(params, status, signal)
	maps = map[string][]float32{}
	var out [][]float32
	for _, m := range c.Maps() {
		values := make([]float32, n*m.Components)
		for i := range values {
			values[i] = 99 // Derive must overwrite all values
		}
		maps[m.Name] = values
		out = append(out, values)
	}
	c.NewDeriver().Derive(out, params, status)
	return maps, params
}

func TestMapsHoldWhatTheParametersSay(t *testing.T) {
	reference, g := readCSDReference(t)
	var signal []float64
	for _, v := range reference.Voxels {
		signal = append(signal, v.Signal...)
	}
	c := mustCSD(t, g, referenceResponse, CSDOptions{Sphere: sh.Symmetric362Hemisphere()})
	maps, params := derive(c, signal)
	for i, p := range params {
		if maps["fod"][i] != float32(p) {
			t.Fatalf("fod value %d is %v, want %v", i, maps["fod"][i], p)
		}
	}
	vertices := sh.Symmetric362Hemisphere().Vertices
	for v, r := range reference.Voxels {
		if got := float64(maps["gfa"][v]); math.Abs(got-r.GFA) > 1e-7 {
			t.Errorf("%s: gfa %v, want %v", r.Name, got, r.GFA)
		}
		if got := int(maps["iterations"][v]); got != r.Iterations {
			t.Errorf("%s: iterations %v, want %v", r.Name, got, r.Iterations)
		}
		if r.Name == "constant" || r.Name == "tiny" {
			continue // rounding makes its peaks, and amplitudes are below the range of float32
		}
		for k := range 5 {
			direction, value := [3]float32(maps["peaks"][(v*5+k)*3:]), maps["peakvalues"][v*5+k]
			if k >= len(r.Peaks) {
				if direction != [3]float32{} || value != 0 {
					t.Errorf("%s: peak %d is %v with %v, want none", r.Name, k, direction, value)
				}
				continue
			}
			want := vertices[r.Peaks[k]]
			if direction != [3]float32{float32(want[0]), float32(want[1]), float32(want[2])} || math.Abs(float64(value)-r.Values[k]) > 1e-6*r.Values[k] {
				t.Errorf("%s: peak %d is %v with %v, want %v with %v", r.Name, k, direction, value, want, r.Values[k])
			}
		}
	}
	codes := map[string]kernel.Code{"one fibre": kernel.OK, "zero": kernel.ZeroSignal, "negative": kernel.MaxIterations}
	for v, r := range reference.Voxels {
		if want, ok := codes[r.Name]; ok && kernel.Code(maps["status"][v]) != want {
			t.Errorf("%s: status %v, want %v", r.Name, kernel.Code(maps["status"][v]), want)
		}
	}
}

func TestOnlyTheMapOfCoefficientsDependsOnTheBasis(t *testing.T) {
	g := threeShells(t, 30)
	signal := brainlike(g, 20, 3)
	dipy, params := derive(mustCSD(t, g, referenceResponse, CSDOptions{}), signal)
	mrtrix, same := derive(mustCSD(t, g, referenceResponse, CSDOptions{Basis: sh.Tournier07}), signal)
	if !slices.Equal(params, same) {
		t.Error("parameters depend on the basis of the map")
	}
	converted := make([]float64, len(params))
	sh.Convert(converted, params, 8, sh.Descoteaux07, sh.Tournier07)
	for i, want := range converted {
		if mrtrix["fod"][i] != float32(want) {
			t.Fatalf("coefficient %d in tournier07 is %v, want %v", i, mrtrix["fod"][i], want)
		}
	}
	for _, name := range []string{"gfa", "peaks", "peakvalues", "status", "iterations"} {
		if !slices.Equal(dipy[name], mrtrix[name]) {
			t.Errorf("%s depends on the basis of the fod map", name)
		}
	}
}

func TestDerivingCSDMapsDoesNotAllocate(t *testing.T) {
	g := threeShells(t, 30)
	for _, refine := range []bool{false, true} {
		c := mustCSD(t, g, referenceResponse, CSDOptions{Basis: sh.Tournier07, RefinePeaks: refine})
		_, params := derive(c, brainlike(g, 20, 3))
		var out [][]float32
		for _, m := range c.Maps() {
			out = append(out, make([]float32, 20*m.Components))
		}
		d, status := c.NewDeriver(), make([]kernel.Status, 20)
		if n := testing.AllocsPerRun(5, func() { d.Derive(out, params, status) }); n != 0 {
			t.Errorf("refine %v: %v allocations", refine, n)
		}
	}
}

func BenchmarkCSDMaps(b *testing.B) {
	g := threeShells(b, 90)
	for _, refine := range []bool{false, true} {
		name := "vertices"
		if refine {
			name = "refined"
		}
		b.Run(name, func(b *testing.B) {
			c := mustCSD(b, g, referenceResponse, CSDOptions{RefinePeaks: refine})
			_, params := derive(c, brainlike(g, 60, 3))
			var out [][]float32
			for _, m := range c.Maps() {
				out = append(out, make([]float32, 60*m.Components))
			}
			d, status := c.NewDeriver(), make([]kernel.Status, 60)
			for b.Loop() {
				d.Derive(out, params, status)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*60), "us/voxel")
			b.ReportMetric(0, "ns/op")
		})
	}
}

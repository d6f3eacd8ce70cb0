package model_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

func newSFM(t testing.TB, a acquisition, o model.SFMOptions) *model.SFM {
	t.Helper()
	m, err := model.NewSFM(a.gradients, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onSFMSets runs a test on the phantom and on real data with a b0 and two shells or more.
func onSFMSets(t *testing.T, n int, test func(t *testing.T, a acquisition)) {
	t.Run("phantom", func(t *testing.T) { test(t, phantomAcquisition(t, n)) })
	for _, folder := range []string{"hcp_osmosis_27vox", "dipy_b1k_b2k_64vox"} {
		t.Run(folder, func(t *testing.T) {
			a := sharedAcquisition(t, folder, "dwi.nii.gz")
			test(t, a.where(func(i int) bool { return !empty(a.voxel(i)) }).some(n))
		})
	}
}

// dipySFM has DIPY's results for an acquisition. folded sums its weights over opposite directions, in the order of
// our sphere.
func dipySFM(t *testing.T, a acquisition, evals []float64, options map[string]any) (dipy peer.Arrays, folded func(voxel int) []float64) {
	t.Helper()
	arguments := a.forDIPY()
	arguments["response"] = peer.Array{Shape: []int{3}, Data: evals}
	arguments["vertices"] = peer.Vectors(sh.Symmetric362Hemisphere().Vertices)
	dipy = peer.DIPY(t, "sfm", arguments, options)
	place := make([]int, dipy["sphere"].Shape[0])
	counted := map[int]int{}
	for i := range place {
		v := dipy["sphere"].Row(i)
		for j, ours := range sh.Symmetric362Hemisphere().Vertices {
			if math.Abs(dot(ours, [3]float64(v))) > 1-1e-12 {
				place[i] = j
				counted[j]++
			}
		}
	}
	if len(counted) != 181 || len(place) != 362 {
		t.Fatalf("DIPY's sphere has %d vertices on %d of our axes", len(place), len(counted))
	}
	return dipy, func(voxel int) []float64 {
		weights := make([]float64, 181)
		for i, w := range dipy["weights"].Row(voxel) {
			weights[place[i]] += w
		}
		return weights
	}
}

func TestSFMWithNNLSIsDIPYs(t *testing.T) {
	peer.Slow(t)
	for _, evals := range [][3]float64{{0.0015, 0.0005, 0.0005}, {0.0018, 0.0002, 0.0002}} {
		t.Run(fmt.Sprint(evals[0]), func(t *testing.T) { compareSFMWithNNLS(t, evals) })
	}
}

func compareSFMWithNNLS(t *testing.T, evals [3]float64) {
	onSFMSets(t, long.Of(300, 100), func(t *testing.T, a acquisition) {
		m := newSFM(t, a, model.SFMOptions{Solver: model.NNLS, Evals: evals})
		ours := fit(m, a)
		dipy, folded := dipySFM(t, a, evals[:], map[string]any{"solver": "NNLS"})
		var predictions, weights, odfs, means tally
		signal, odf := make([]float64, a.gradients.Len()), make([]float64, 181)
		for i := range a.voxels() {
			m.Predict(signal, ours.row(i))
			difference := relativeToLargest(signal, dipy["predicted"].Row(i))
			predictions.note(difference <= 1e-6, difference, "voxel %d: %+v, prediction differs by %.3g of its largest", i, ours.status[i], difference)
			want, distance := folded(i), 0.0
			for j, w := range want {
				distance = max(distance, math.Abs(ours.row(i)[j]-w))
			}
			weights.note(distance <= 1e-6, distance, "voxel %d: %+v, a weight differs by %.3g", i, ours.status[i], distance)
			m.ODF(odf, ours.row(i))
			difference = relativeToLargest(odf, dipy["odf"].Row(i))
			odfs.note(difference <= 1e-6, difference, "voxel %d: ODF differs by %.3g of its largest", i, difference)
			difference = max(math.Abs(ours.row(i)[181]/dipy["s0"].Data[i]-1), math.Abs(ours.row(i)[182]-dipy["isotropic"].Data[i]))
			means.note(difference <= 1e-12, difference, "voxel %d: S0 or isotropic part differ by %.3g", i, difference)
			if kkt := ours.row(i)[184]; !(kkt <= 1e-10) {
				t.Errorf("voxel %d: KKT residual %g", i, kkt)
			}
		}
		predictions.want(t, 1, "predictions within 1e-6")
		weights.want(t, 1, "sums of the weights of opposite directions within 1e-6")
		odfs.want(t, 1, "ODF within 1e-6")
		means.want(t, 1, "S0 and isotropic part within 1e-12")
	})
}

// elasticNet returns scikit-learn's objective for the model with intercept. weights has a weight for each column of
// DIPY's design.
func elasticNet(design peer.Array, weights, y []float64, alpha, l1Ratio float64) float64 {
	m, mean := design.Shape[0], 0.0
	residual := make([]float64, m)
	for i := range residual {
		residual[i] = -y[i]
		for j, w := range weights {
			residual[i] += design.Row(i)[j] * w
		}
		mean += residual[i] / float64(m)
	}
	objective := 0.0
	for _, r := range residual {
		objective += (r - mean) * (r - mean) / float64(2*m)
	}
	for _, w := range weights {
		objective += alpha * (l1Ratio*math.Abs(w) + (1-l1Ratio)/2*w*w)
	}
	return objective
}

// scikit-learn stops when the objective can fall by no more than 1e-4 of |y|^2. With more iterations it comes to the
// same minimum as voxfit.
func TestSFMWithElasticNetIsNotAboveScikitLearn(t *testing.T) {
	peer.Slow(t)
	for _, c := range []struct {
		name           string
		alpha, l1Ratio float64
		tolerance      any
	}{{"default", 0.001, 0.5, nil}, {"to the end", 0.001, 0.5, 1e-10}, {"weak", 0.0001, 0.2, 1e-8}, {"lasso", 0.0005, 1, 1e-8}} {
		t.Run(c.name, func(t *testing.T) {
			onSFMSets(t, long.Of(25, 8), func(t *testing.T, a acquisition) {
				m := newSFM(t, a, model.SFMOptions{Alpha: c.alpha, L1Ratio: c.l1Ratio})
				ours := fit(m, a)
				dipy, folded := dipySFM(t, a, []float64{0.0015, 0.0005, 0.0005},
					map[string]any{"solver": "ElasticNet", "alpha": c.alpha, "l1_ratio": c.l1Ratio, "tolerance": c.tolerance})
				var objective, near tally
				for i := range a.voxels() {
					row := ours.row(i)
					var y []float64
					for _, v := range a.gradients.DWIs() {
						y = append(y, float64(a.voxel(i)[v])/row[181]-row[182])
					}
					halves := make([]float64, 362) // voxfit's sphere is the first half of DIPY's
					for j, v := range sh.Symmetric362().Vertices {
						for k, axis := range sh.Symmetric362Hemisphere().Vertices {
							if math.Abs(dot(v, axis)) > 1-1e-12 {
								halves[j] = row[k] / 2
							}
						}
					}
					got := elasticNet(dipy["design"], halves, y, c.alpha, c.l1Ratio)
					want := elasticNet(dipy["design"], dipy["weights"].Row(i), y, c.alpha, c.l1Ratio)
					excess := (got - want) / want
					objective.note(excess <= 1e-6, excess, "voxel %d: %+v, objective %.12g, scikit-learn %.12g", i, ours.status[i], got, want)
					if c.tolerance != nil {
						distance := 0.0
						for j, w := range folded(i) {
							distance = max(distance, math.Abs(row[j]-w))
						}
						near.note(excess >= -1e-6, distance, "voxel %d: scikit-learn is above by %.3g", i, -excess)
					}
				}
				objective.want(t, 1, "objective not above scikit-learn's by more than 1e-6 of it")
				if c.tolerance != nil {
					near.want(t, 1, "let on, scikit-learn ends within 1e-6 (worst: difference of weights)")
				}
			})
		})
	}
}

// The signal comes from one fascicle along a direction of the sphere, without noise. The model finds that fascicle.
func TestSFMFindsTheFascicleThatMadeTheSignal(t *testing.T) {
	a := phantomAcquisition(t, 1)
	const along, across, s0 = 0.0015, 0.0005, 800
	for j, axis := range sh.Symmetric362Hemisphere().Vertices {
		if j%20 != 0 {
			continue
		}
		for i, g := range a.gradients.Bvecs {
			c := dot(g, axis)
			a.signal[i] = float32(s0 * math.Exp(-a.gradients.Bvals[i]*(across+(along-across)*c*c)))
		}
		m := newSFM(t, a, model.SFMOptions{Solver: model.NNLS, Prediction: true})
		ours := fit(m, a)
		best := 0
		for k, w := range ours.row(0)[:181] {
			if w > ours.row(0)[best] {
				best = k
			}
		}
		if best != j {
			t.Errorf("the largest weight is on vertex %d, the fascicle on %d", best, j)
		}
		peaks := ours.vectors("peaks", 0)
		if len(peaks) != 1 || degrees(peaks[0], axis) > 1e-3 {
			t.Errorf("vertex %d: peaks %v, want one along %v", j, peaks, axis)
		}
		if gfa := ours.maps["gfa"][0]; !(gfa > 0.3 && gfa < 1) {
			t.Errorf("GFA %g", gfa)
		}
		predicted := make([]float64, a.gradients.Len())
		m.Predict(predicted, ours.row(0))
		squares, n := 0.0, 0.0
		for i, v := range predicted {
			if ours.maps["prediction"][i] != float32(v) {
				t.Fatalf("measurement %d: the map has %g, Predict %g", i, ours.maps["prediction"][i], v)
			}
			if a.gradients.Bvals[i] > 50 {
				squares += math.Pow((v-float64(a.signal[i]))/s0, 2)
				n++
			}
		}
		if got, want := float64(ours.maps["residual"][0]), math.Sqrt(squares/n); math.Abs(got-want) > 1e-6 {
			t.Errorf("residual %g, want %g", got, want)
		}
		if got := ours.maps["s0"][0]; math.Abs(float64(got)-s0) > 1e-3 {
			t.Errorf("S0 %g, want %g", got, float64(s0))
		}
	}
}

// A stick has diffusion only along itself. Its ODF is 1 at its own vertex and 0 elsewhere, as in DIPY.
func TestODFOfSticksIsTheirWeights(t *testing.T) {
	a := phantomAcquisition(t, 20)
	m := newSFM(t, a, model.SFMOptions{Solver: model.NNLS, Evals: [3]float64{0.001, 0, 0}})
	ours := fit(m, a)
	for i, v := range ours.maps["odf"] {
		if v != ours.maps["weights"][i] {
			t.Fatalf("value %d: ODF %g, weight %g", i, v, ours.maps["weights"][i])
		}
	}
	if empty(ours.maps["weights"]) {
		t.Error("all weights are zero")
	}
}

func TestMapsOfAVoxelThatCouldNotBeFittedAreZero(t *testing.T) {
	a := phantomAcquisition(t, 3)
	a.voxel(1)[7] = float32(math.NaN())
	ours := fit(newSFM(t, a, model.SFMOptions{Prediction: true}), a)
	for name, values := range ours.maps {
		n := ours.components[name]
		if name != "status" && !empty(values[n:2*n]) {
			t.Errorf("%s is %v", name, values[n:2*n])
		}
	}
	if got := ours.status[1].Code; got != kernel.NonFinite {
		t.Errorf("status %v", got)
	}
}

func TestSFMOptionsThatMakeNoSenseAreErrors(t *testing.T) {
	a := phantomAcquisition(t, 1)
	for want, o := range map[string]model.SFMOptions{
		"evals: found e2":    {Evals: [3]float64{0.001, 0.002, 0.002}},
		"expected equal":     {Evals: [3]float64{0.002, 0.001, 0.0005}},
		"Solver(7)":          {Solver: 7},
		"l1_ratio is 1.5":    {L1Ratio: 1.5},
		"alpha":              {Alpha: math.Inf(1)},
		"sphere: found none": {Sphere: &sh.Sphere{}},
		"abacus":             {ISA: "abacus"},
	} {
		if _, err := model.NewSFM(a.gradients, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
	withoutB0 := a.gradients.Subset(a.gradients.DWIs())
	if _, err := model.NewSFM(withoutB0, model.SFMOptions{}); err == nil || !strings.Contains(err.Error(), "found no b0 volume") {
		t.Errorf("without b0: error %v", err)
	}
}

func TestDerivingMapsOfSFMDoesNotAllocate(t *testing.T) {
	a := phantomAcquisition(t, 10)
	m := newSFM(t, a, model.SFMOptions{Prediction: true})
	ours, d := fit(m, a), m.NewDeriver()
	var out [][]float32
	for _, description := range m.Maps() {
		out = append(out, ours.maps[description.Name])
	}
	if got := testing.AllocsPerRun(5, func() { d.Derive(out, ours.params, ours.status) }); got != 0 {
		t.Errorf("%v allocations for a block", got)
	}
}

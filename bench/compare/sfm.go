package compare

import (
	"math"

	"github.com/voxfit/voxfit/model"
)

func buildSFM(solver model.Solver) func(*Options) (model.Model, error) {
	return func(o *Options) (model.Model, error) {
		return model.NewSFM(o.Gradients, model.SFMOptions{Solver: solver, ISA: o.ISA})
	}
}

// fasciclesAgainstDIPY compares weights and predictions. theirs has a weight for each of voxfit's directions, the
// sum over opposite ones.
func fasciclesAgainstDIPY(t *task, ours *fitted, theirs arrays) []Parity {
	weights, prediction := 0.0, 0.0
	sfm := t.fitted.(*model.SFM)
	a, b := make([]float64, len(t.signal)/t.voxels), make([]float64, len(t.signal)/t.voxels)
	for i := range t.voxels {
		got := ours.row(i)
		want := append(append([]float64(nil), theirs["weights"].row(i)...), got[len(theirs["weights"].row(i)):]...)
		for j, w := range want {
			weights = max(weights, math.Abs(got[j]-w))
		}
		sfm.Predict(a, got)
		sfm.Predict(b, want)
		prediction = max(prediction, relativeToLargest(a, b))
	}
	return []Parity{
		{nameDIPY, "largest difference of a direction's weight", weights, 0},
		{nameDIPY, "largest difference of the predicted signal / the voxel's largest", prediction, 0},
	}
}

// elasticNetAgainstDIPY compares objectives, because scikit-learn stops before the minimum, when the objective can
// fall by no more than 1e-4 of |y|^2.
func elasticNetAgainstDIPY(t *task, ours *fitted, theirs arrays) []Parity {
	kept, excess := 0, math.Inf(-1)
	for i := range t.voxels {
		got := fascicleObjective(t, ours.row(i), ours.row(i), i)
		want := fascicleObjective(t, theirs["weights"].row(i), ours.row(i), i)
		if got <= want*(1+1e-6) {
			kept++
		}
		excess = max(excess, got/want-1)
	}
	return []Parity{
		{nameDIPY, "voxels with an objective no larger than scikit-learn's (within 1e-6)", float64(kept), t.voxels},
		{nameDIPY, "largest excess of the objective, relative", excess, 0},
	}
}

// fascicleObjective is the objective of nnls.SFMDesign with an intercept, at some weights. S0 and the isotropic part
// come from params.
func fascicleObjective(t *task, weights, params []float64, voxel int) float64 {
	d := t.fitted.(*model.SFM).Design()
	n, signal := d.Directions, t.voxel(voxel)
	sum, squares, objective := 0.0, 0.0, 0.0
	for i, v := range d.Volumes {
		r := params[n+1] - float64(signal[v])/params[n]
		for j, w := range weights[:n] {
			r += d.A[i*n+j] * w
		}
		sum += r
		squares += r * r
	}
	for _, w := range weights[:n] {
		objective += d.L1*w + d.L2/2*w*w
	}
	return objective + (squares-sum*sum/float64(len(d.Volumes)))/2
}

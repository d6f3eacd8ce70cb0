package compare

import (
	"math"
	"slices"

	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
	"github.com/voxfit/voxfit/study"
)

const (
	nameDIPY   = "DIPY"
	nameMRtrix = "MRtrix3"
)

func csdAgainstDIPY(t *task, ours *fitted, theirs arrays) []Parity {
	same, worst := 0, 0.0
	for i := range t.voxels {
		if float64(ours.status[i].Iterations) == theirs["iterations"].row(i)[0] {
			same++
			worst = max(worst, relativeToLargest(ours.row(i), theirs["coefficients"].row(i)))
		}
	}
	return []Parity{
		{nameDIPY, "voxels with the same iteration count", float64(same), t.voxels},
		{nameDIPY, "in these voxels, largest difference of a coefficient / the voxel's largest", worst, 0},
	}
}

// csdAgainstMRtrix compares fodfs by their angular correlation. theirs has one for each voxel, in MRtrix3's basis.
func csdAgainstMRtrix(t *task, ours *fitted, theirs []float32) []Parity {
	n, converted := ours.each, inMRtrixBasis(ours)
	var correlations []float64
	for i := range t.voxels {
		if c := angularCorrelation(converted[i*n:(i+1)*n], theirs[i*n:(i+1)*n]); !math.IsNaN(c) {
			correlations = append(correlations, c)
		}
	}
	if len(correlations) == 0 {
		return nil
	}
	return []Parity{{nameMRtrix, "median angular correlation with its fodf (highest shell only, other conventions)", study.Median(correlations), 0}}
}

// mrtrixCSDAgainstMRtrix compares fodfs of the same problem with the same directions. The limit is that of MRtrix3's
// own tests.
func mrtrixCSDAgainstMRtrix(t *task, ours *fitted, theirs []float32) []Parity {
	n, converted := ours.each, inMRtrixBasis(ours)
	near, worst := 0, 0.0
	for i := range t.voxels {
		want := make([]float64, n)
		for j := range want {
			want[j] = float64(theirs[i*n+j])
		}
		difference := relativeToLargest(converted[i*n:(i+1)*n], want)
		worst = max(worst, difference)
		if difference <= 1e-5 {
			near++
		}
	}
	return []Parity{
		{nameMRtrix, "voxels with a fodf within 1e-5 of its largest coefficient", float64(near), t.voxels},
		{nameMRtrix, "largest difference of a coefficient / the voxel's largest", worst, 0},
	}
}

// inMRtrixBasis converts voxfit's fodfs to the basis of MRtrix3.
func inMRtrixBasis(ours *fitted) []float64 {
	lmax := 0
	for sh.Count(lmax) < ours.each {
		lmax += 2
	}
	converted := make([]float64, len(ours.params))
	sh.Convert(converted, ours.params, lmax, sh.Descoteaux07, sh.Tournier07)
	return converted
}

// angularCorrelation is the angular correlation of Anderson (2005): the cosine between the coefficients of l > 0.
func angularCorrelation(a []float64, b []float32) float64 {
	var ab, aa, bb float64
	for j := 1; j < len(a); j++ {
		x, y := a[j], float64(b[j])
		ab += x * y
		aa += x * x
		bb += y * y
	}
	return ab / math.Sqrt(aa*bb)
}

func freeWaterWLSAgainstDIPY(t *task, ours *fitted, theirs arrays) []Parity {
	same, worst := 0, 0.0
	for i := range t.voxels {
		got, want := ours.row(i)[7], theirs["f"].row(i)[0]
		if math.Round(1000*got) == math.Round(1000*want) && math.Abs(got-want) < 1e-9 {
			same++
			worst = max(worst, math.Abs(float64(ours.maps["fa"][i])-theirs["fa"].row(i)[0]))
		}
	}
	return []Parity{
		{nameDIPY, "voxels with f on the same grid point", float64(same), t.voxels},
		{nameDIPY, "in these voxels, largest difference of FA", worst, 0},
	}
}

// freeWaterNLSAgainstDIPY compares the sums of squares in voxels where DIPY made its nonlinear fit.
func freeWaterNLSAgainstDIPY(t *task, ours *fitted, theirs arrays) []Parity {
	// Sums of squares that are closer than this belong to the same minimum. Only then FA can be compared.
	const agreement = 1e-9
	fits, kept, lower, excesses, worst := 0, 0, 0, math.Inf(-1), 0.0
	for i := range t.voxels {
		want := theirs["sse"].row(i)[0]
		if theirs["fitted"].row(i)[0] == 0 || want == 0 {
			continue
		}
		fits++
		excess := t.fitted.(*model.FreeWater).SumOfSquares(ours.row(i), t.voxel(i))/want - 1
		excesses = max(excesses, excess)
		if excess <= agreement {
			kept++
		}
		if excess < -agreement {
			lower++
		} else if excess <= agreement {
			worst = max(worst, math.Abs(float64(ours.maps["fa"][i])-theirs["fa"].row(i)[0]))
		}
	}
	if fits == 0 {
		return nil
	}
	return []Parity{
		{nameDIPY, "voxels with a sum of squares no larger than DIPY's (within 1e-9)", float64(kept), fits},
		{nameDIPY, "of these, below DIPY's", float64(lower), fits},
		{nameDIPY, "largest excess of the sum of squares, relative", excesses, 0},
		{nameDIPY, "where the sums are equal, largest difference of FA", worst, 0},
	}
}

func tensorAgainstDIPY(t *task, ours *fitted, theirs arrays) []Parity {
	worst := 0.0
	for i := range t.voxels {
		worst = max(worst, math.Abs(float64(ours.maps["fa"][i])-theirs["fa"].row(i)[0]))
	}
	return []Parity{{nameDIPY, "largest difference of FA", worst, 0}}
}

// inMRtrixOrder turns Dxx Dxy Dyy Dxz Dyz Dzz into D11 D22 D33 D12 D13 D23.
func inMRtrixOrder(d []float64) []float64 { return []float64{d[0], d[2], d[5], d[1], d[3], d[4]} }

func tensorAgainstMRtrix(t *task, ours *fitted, theirs []float32) []Parity {
	kept, differences := 0, make([]float64, t.voxels)
	for i := range t.voxels {
		differences[i] = relativeToLargest(inMRtrixOrder(ours.row(i)), wide(theirs[6*i:6*i+6]))
		if differences[i] <= 1e-5 {
			kept++
		}
	}
	return []Parity{
		{nameMRtrix, "voxels with the tensor within 1e-5 of its largest element", float64(kept), t.voxels},
		{nameMRtrix, "largest difference of an element / the voxel's largest", slices.Max(differences), 0},
	}
}

func anisotropyAgainstMRtrix(t *task, ours *fitted, theirs []float32) []Parity {
	var differences []float64
	for i := range t.voxels {
		d := wide(theirs[6*i : 6*i+6])
		if fa := anisotropy(d); !math.IsNaN(fa) {
			differences = append(differences, math.Abs(fa-float64(ours.maps["fa"][i])))
		}
	}
	if len(differences) == 0 {
		return nil
	}
	return []Parity{{nameMRtrix, "median difference of FA (it uses other weights)", study.Median(differences), 0}}
}

// anisotropy is the FA of D11 D22 D33 D12 D13 D23. It is found without eigenvalues, from the ratio of the deviator's
// norm to the tensor's (Basser and Pierpaoli 1996).
func anisotropy(d []float64) float64 {
	mean := (d[0] + d[1] + d[2]) / 3
	var norm, deviator float64
	for j, x := range d {
		weight, y := 1.0, x-mean
		if j > 2 {
			weight, y = 2, x
		}
		norm += weight * x * x
		deviator += weight * y * y
	}
	return math.Sqrt(1.5 * deviator / norm)
}

func wide(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// relativeToLargest is the largest difference of two rows over the largest value of want.
func relativeToLargest(got, want []float64) float64 {
	difference, largest := 0.0, 0.0
	for j, w := range want {
		difference = max(difference, math.Abs(got[j]-w))
		largest = max(largest, math.Abs(w))
	}
	if difference == 0 {
		return 0
	}
	return difference / max(largest, math.SmallestNonzeroFloat64)
}

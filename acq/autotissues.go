package acq

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/voxfit/voxfit/internal/plural"
)

// TissueResponses are estimated responses of three tissues, in zonal form. Each says how many voxels it was taken from.
type TissueResponses struct{ WM, GM, CSF Response }

// Constants of AutoTissues. Where a step is that of Dhollander et al. (ISMRM Workshop on Breaking the Barriers of
// Diffusion MRI 2016), its constant is theirs.
const (
	tissueAnisotropy = 0.2   // fractional anisotropy that separates WM from GM
	csfShare         = 0.1   // of the voxels that look like CSF
	gmShare          = 0.02  // of the voxels that look like GM
	wmShare          = 0.005 // of the voxels that look like WM
	fewestVoxels     = 20    // of a tissue, if there are so many
	tensorLimitBval  = 1300  // highest b-value of the tensor fit, s/mm2
	wmDegree         = 8
)

// AutoTissues estimates the responses of white matter, grey matter and CSF from the data alone, after the idea of
// Dhollander's method (MRtrix3's `dwi2response dhollander`), with simpler steps:
//
//  1. Two numbers describe each voxel. One is its fractional anisotropy, by a weighted tensor fit to b-values up to 1300,
//     or to all where there are too few. The other is its decay, the mean over the shells of
//     log(signal at b = 0 / mean signal of the shell).
//  2. Otsu's threshold divides all voxels by decay. Of the voxels above it, the 10 % that decay most are CSF.
//  3. Of the voxels below the threshold, some have an anisotropy under 0.2. The 2 % of these that are nearest to their
//     median decay are GM.
//  4. The others below the threshold have an anisotropy above 0.2. The 0.5 % of these with the highest anisotropy are WM:
//     they are single fibres.
//  5. The response of GM and CSF is the mean signal of each shell. The response of WM is the zonal harmonics up to degree 8
//     that fit the signals of all its voxels best, each turned so that its fibre is along z.
//
// At least 20 voxels are taken of each tissue where there are so many. signal is voxels x g.Len(), voxel-major: the
// voxels of a brain mask. Three kinds of voxels do not count: those with a value that is not finite, those with a shell
// without signal, and those with less than a tenth of the median signal at b = 0.
//
// Shells are those of ChooseShells, of the given b-values or all. Volumes that are in no shell do not count. It is an
// error when there is no b = 0, when there are fewer than two other shells, when a shell has fewer than six directions,
// and when no voxel of a tissue is found.
func AutoTissues(signal []float32, g *GradientTable, bvals ...float64) (TissueResponses, error) {
	if g.Len() == 0 || len(signal)%g.Len() != 0 {
		return TissueResponses{}, fmt.Errorf("automatic tissue responses: found %s, expected voxels x %s", plural.Count(len(signal), "signal value"), plural.Count(g.Len(), "volume"))
	}
	shells, err := tissueShells(g, bvals)
	if err != nil {
		return TissueResponses{}, fmt.Errorf("automatic tissue responses: %w", err)
	}
	s, err := newTissueSearch(g, shells)
	if err != nil {
		return TissueResponses{}, fmt.Errorf("automatic tissue responses: %w", err)
	}
	s.look(signal)
	found, err := s.choose(signal)
	if err != nil {
		return TissueResponses{}, fmt.Errorf("automatic tissue responses: %w", err)
	}
	return found, nil
}

// tissueShells returns the shells, b = 0 first. It is an error if they are too few to tell three tissues apart.
func tissueShells(g *GradientTable, bvals []float64) ([]Shell, error) {
	shells, _, err := g.ChooseShells(bvals) // models warn of volumes in no shell
	if err != nil {
		return nil, err
	}
	if shells[0].Bval > g.B0Threshold || len(shells) < 3 {
		return nil, fmt.Errorf("found shells of %s, expected b = 0 and at least two more: give the responses as files", ListShells(shells))
	}
	for _, s := range shells {
		if err := g.CheckShell(s); err != nil {
			return nil, err
		}
	}
	return shells, nil
}

// tissueSearch measures the voxels and keeps what it has found.
type tissueSearch struct {
	g       *GradientTable
	shells  []Shell
	volumes []int // of the tensor fit
	tensor  *tensorFit
	voxels  []tissueVoxel
}

type tissueVoxel struct {
	row                   int
	b0, decay, anisotropy float64
	axis                  [3]float64
}

func newTissueSearch(g *GradientTable, shells []Shell) (*tissueSearch, error) {
	s := &tissueSearch{g: g, shells: shells}
	var all []int
	for _, shell := range shells {
		all = append(all, shell.Volumes...)
	}
	slices.Sort(all)
	for _, i := range all {
		if g.Bvals[i] <= tensorLimitBval {
			s.volumes = append(s.volumes, i)
		}
	}
	if low := g.Subset(s.volumes); len(low.DWIs()) < 12 {
		s.volumes = all
	}
	var err error
	s.tensor, err = newTensorFit(g.Subset(s.volumes))
	return s, err
}

// look measures every voxel and keeps those that count.
func (s *tissueSearch) look(signal []float32) {
	n := s.g.Len()
	few := make([]float32, len(s.volumes))
	for row := range len(signal) / n {
		values := signal[row*n:][:n]
		v := tissueVoxel{row: row}
		if !v.measureDecay(values, s.shells) {
			continue
		}
		for i, volume := range s.volumes {
			few[i] = values[volume]
		}
		if v.measureTensor(s.tensor, few) {
			s.voxels = append(s.voxels, v)
		}
	}
	if len(s.voxels) == 0 {
		return
	}
	slices.SortFunc(s.voxels, func(a, b tissueVoxel) int { return cmp.Compare(a.b0, b.b0) })
	least := s.voxels[len(s.voxels)/2].b0 / 10
	s.voxels = slices.DeleteFunc(s.voxels, func(v tissueVoxel) bool { return v.b0 < least })
	slices.SortFunc(s.voxels, func(a, b tissueVoxel) int { return cmp.Compare(a.row, b.row) })
}

func (v *tissueVoxel) measureDecay(values []float32, shells []Shell) bool {
	for i, shell := range shells {
		mean := shellMean(values, shell)
		if !(mean > 0) || math.IsInf(mean, 1) {
			return false
		}
		if i == 0 {
			v.b0 = mean
			continue
		}
		v.decay += math.Log(v.b0/mean) / float64(len(shells)-1)
	}
	return true
}

func shellMean(values []float32, shell Shell) float64 {
	sum := 0.0
	for _, volume := range shell.Volumes {
		sum += float64(values[volume])
	}
	return sum / float64(len(shell.Volumes))
}

func (v *tissueVoxel) measureTensor(t *tensorFit, values []float32) bool {
	d, ok := t.fit(values)
	if !ok {
		return false
	}
	evals, ok := t.clippedEigenvalues(d)
	if !ok {
		return false
	}
	v.anisotropy = fractionalAnisotropy(evals)
	var eigen mat.EigenSym
	var vectors mat.Dense
	if !eigen.Factorize(symmetric(d), true) {
		return false
	}
	eigen.VectorsTo(&vectors)
	for k := range 3 {
		v.axis[k] = vectors.At(k, 2)
	}
	return true
}

// choose finds the voxels of each tissue and makes their responses.
func (s *tissueSearch) choose(signal []float32) (found TissueResponses, err error) {
	threshold := otsu(s.voxels)
	var wm, gm, csf []tissueVoxel
	for _, v := range s.voxels {
		switch {
		case v.decay > threshold:
			csf = append(csf, v)
		case v.anisotropy < tissueAnisotropy:
			gm = append(gm, v)
		default:
			wm = append(wm, v)
		}
	}
	if len(wm) == 0 || len(gm) == 0 || len(csf) == 0 {
		return found, fmt.Errorf("found %s like white matter, %d like grey matter and %d like CSF, expected some of each: give the responses as files", plural.Count(len(wm), "voxel"), len(gm), len(csf))
	}
	csf = top(csf, csfShare, func(v tissueVoxel) float64 { return v.decay })
	slices.SortFunc(gm, func(a, b tissueVoxel) int { return cmp.Compare(a.decay, b.decay) })
	middle := gm[len(gm)/2].decay
	gm = top(gm, gmShare, func(v tissueVoxel) float64 { return -math.Abs(v.decay - middle) })
	wm = top(wm, wmShare, func(v tissueVoxel) float64 { return v.anisotropy })
	found.GM, found.CSF = s.isotropicResponse(gm, signal), s.isotropicResponse(csf, signal)
	found.WM, err = s.fibreResponse(wm, signal)
	return found, err
}

// top returns a share of the voxels, those that score highest. Where scores are equal, the order is that of the
// rows.
func top(voxels []tissueVoxel, share float64, score func(tissueVoxel) float64) []tissueVoxel {
	slices.SortFunc(voxels, func(a, b tissueVoxel) int {
		return cmp.Or(cmp.Compare(score(b), score(a)), cmp.Compare(a.row, b.row))
	})
	n := max(fewestVoxels, int(share*float64(len(voxels))))
	return voxels[:min(n, len(voxels))]
}

// otsu returns the decay that divides the voxels into two classes so that the variance between the classes is
// largest (Otsu 1979).
func otsu(voxels []tissueVoxel) float64 {
	decays := make([]float64, len(voxels))
	total := 0.0
	for i, v := range voxels {
		decays[i] = v.decay
		total += v.decay
	}
	slices.Sort(decays)
	best, threshold, below := -1.0, math.Inf(1), 0.0
	for i := 0; i+1 < len(decays); i++ {
		below += decays[i]
		n, m := float64(i+1), float64(len(decays)-i-1)
		apart := below/n - (total-below)/m
		if between := n * m * apart * apart; between > best {
			best, threshold = between, (decays[i]+decays[i+1])/2
		}
	}
	return threshold
}

// isotropicResponse is the mean signal of each shell, as the coefficient of degree 0.
func (s *tissueSearch) isotropicResponse(voxels []tissueVoxel, signal []float32) Response {
	r := s.emptyResponse(len(voxels))
	for i, shell := range s.shells {
		sum := 0.0
		for _, v := range voxels {
			sum += shellMean(signal[v.row*s.g.Len():][:s.g.Len()], shell)
		}
		r.Zonal[i] = []float64{sum / float64(len(voxels)) * math.Sqrt(4*math.Pi)}
	}
	return r
}

func (s *tissueSearch) emptyResponse(voxels int) Response {
	r := Response{Zonal: make([][]float64, len(s.shells)), Voxels: voxels}
	for _, shell := range s.shells {
		r.Bvals = append(r.Bvals, shell.Bval)
	}
	return r
}

// fibreResponse fits zonal harmonics to the signals of all voxels as functions of the angle to their axes.
func (s *tissueSearch) fibreResponse(voxels []tissueVoxel, signal []float32) (Response, error) {
	r := s.emptyResponse(len(voxels))
	for i, shell := range s.shells {
		terms := wmDegree/2 + 1
		r.Zonal[i] = make([]float64, terms)
		if i == 0 {
			terms = 1 // at b = 0 the signal has no direction
		}
		normal, right := mat.NewSymDense(terms, nil), mat.NewVecDense(terms, nil)
		for _, v := range voxels {
			for _, volume := range shell.Volumes {
				d := s.g.Bvecs[volume]
				cos := d[0]*v.axis[0] + d[1]*v.axis[1] + d[2]*v.axis[2]
				harmonics := zonalHarmonics(cos)
				for j := range terms {
					right.SetVec(j, right.AtVec(j)+harmonics[j]*float64(signal[v.row*s.g.Len()+volume]))
					for k := range j + 1 {
						normal.SetSym(j, k, normal.At(j, k)+harmonics[j]*harmonics[k])
					}
				}
			}
		}
		var cholesky mat.Cholesky
		var fit mat.VecDense
		if !cholesky.Factorize(normal) || cholesky.SolveVecTo(&fit, right) != nil {
			return r, fmt.Errorf("the %d single fibres do not determine a response at b = %.0f", len(voxels), shell.Bval)
		}
		for j := range terms {
			r.Zonal[i][j] = fit.AtVec(j)
		}
	}
	return r, nil
}

// zonalHarmonics are Y(l, 0) for l = 0, 2, 4 ..., from the recursion of Legendre polynomials.
func zonalHarmonics(cos float64) (y [wmDegree/2 + 1]float64) {
	previous, p := 1.0, cos
	y[0] = 1 / math.Sqrt(4*math.Pi)
	for l := 2; l <= wmDegree; l++ {
		previous, p = p, (float64(2*l-1)*cos*p-float64(l-1)*previous)/float64(l)
		if l%2 == 0 {
			y[l/2] = math.Sqrt(float64(2*l+1)/(4*math.Pi)) * p
		}
	}
	return y
}

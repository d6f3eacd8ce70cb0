package model_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sh"
	"gonum.org/v1/gonum/integrate/quad"
)

// These tests compare CSD in MRtrix3's convention with `dwi2fod csd`: with the output that MRtrix3's own test suite
// stores for mrtrix_csd_b3000, and with live runs.

func mrtrixCSD(t *testing.T, g *acq.GradientTable, r acq.Response, o model.CSDOptions) *model.CSD {
	t.Helper()
	o.Convention, o.Basis = model.MRtrix, sh.Tournier07
	m, err := model.NewCSD(g, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func b3000Response(t *testing.T) acq.Response {
	t.Helper()
	r, err := acq.ReadResponse(peer.Data(t, "mrtrix_csd_b3000", "response.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compareFODs fits the voxels that only chooses, and compares the result with theirs, voxels x coefficients in
// MRtrix3's basis. The rule is that of MRtrix3's testing_diff_image -voxel 1e-5: no coefficient may differ by more than
// 1e-5 of the mean of the two largest coefficients.
func compareFODs(t *testing.T, a acquisition, m *model.CSD, theirs []float32, only func(voxel int) bool) {
	t.Helper()
	ours, fods := fit(m, a), &tally{}
	n := m.Fitter().Parameters()
	lmax := 0
	for sh.Count(lmax) < n {
		lmax += 2
	}
	fod := make([]float64, n)
	for i := range a.voxels() {
		if !only(i) {
			continue
		}
		sh.Convert(fod, ours.row(i), lmax, sh.Descoteaux07, sh.Tournier07)
		far, largest := 0.0, 0.0
		for j, c := range fod {
			want := float64(theirs[i*n+j])
			far = max(far, math.Abs(c-want))
			largest = max(largest, (math.Abs(c)+math.Abs(want))/2)
		}
		if far > 0 {
			far /= largest
		}
		fods.note(far <= 1e-5, far, "voxel %d (%+v): differs by %.3g of the largest coefficient", i, ours.status[i], far)
	}
	fods.want(t, 1, "fodfs within 1e-5 of the largest coefficient")
}

func everywhere(int) bool { return true }

func TestCSDInMRtrixConventionGivesTheFODsThatMRtrixStored(t *testing.T) {
	a, dir := scannerAcquisition(t, "mrtrix_csd_b3000"), peer.Data(t, "mrtrix_csd_b3000")
	mask := readImage(t, filepath.Join(dir, "mask.nii.gz"))
	for _, c := range []struct {
		file string
		lmax int
		only func(voxel int) bool
	}{
		{"dwi2fod_csd_out.nii.gz", 0, everywhere}, // degree 8, which response.txt has
		{"dwi2fod_csd_out_lmax12.nii.gz", 12, everywhere},
		{"dwi2fod_csd_out_mask.nii.gz", 8, func(voxel int) bool { return mask[voxel] != 0 }},
	} {
		stored := readImage(t, filepath.Join(dir, "expected", c.file))
		for _, isa := range kernel.ISAs() {
			t.Run(c.file+"/"+isa, func(t *testing.T) {
				m := mrtrixCSD(t, a.gradients, b3000Response(t), model.CSDOptions{LMax: c.lmax, ISA: isa})
				compareFODs(t, a, m, stored, c.only)
			})
		}
	}
}

// dwi2fodCSD runs dwi2fod csd and returns its fodfs.
func dwi2fodCSD(t *testing.T, dwi, response string, arguments ...string) []float32 {
	t.Helper()
	out := filepath.Join(t.TempDir(), "fod.nii")
	peer.MRtrix(t, "dwi2fod", append([]string{"csd", dwi, response, out}, arguments...)...)
	return readImage(t, out)
}

func TestCSDInMRtrixConventionAgreesWithMRtrixLive(t *testing.T) {
	peer.Slow(t)
	a, dir := scannerAcquisition(t, "mrtrix_csd_b3000"), peer.Data(t, "mrtrix_csd_b3000")
	for _, c := range []struct {
		name     string
		options  model.CSDOptions
		response []float64 // nil stands for the response of the data
		flags    []string
	}{
		{name: "its defaults"},
		{name: "lmax 2", options: model.CSDOptions{LMax: 2}, flags: []string{"-lmax", "2"}},
		{name: "lmax 6", options: model.CSDOptions{LMax: 6}, flags: []string{"-lmax", "6"}},
		{name: "lmax 12", options: model.CSDOptions{LMax: 12}, flags: []string{"-lmax", "12"}},
		{name: "response to degree 2", options: model.CSDOptions{LMax: 8}, response: []float64{210.272, -137.933},
			flags: []string{"-lmax", "8"}},
		{name: "degree of the response", response: []float64{210.272, -137.933, 49.7983}},
		{name: "response beyond degree 8", response: []float64{210.272, -137.933, 49.7983, -11.1691, 4.72801, -1}},
		{name: "response that ends with zero", response: []float64{210.272, -137.933, 49.7983, -11.1691, 0}},
		{name: "other weights", options: model.CSDOptions{NegLambda: 0.3, NormLambda: 7},
			flags: []string{"-neg_lambda", "0.3", "-norm_lambda", "7"}},
		{name: "three iterations", options: model.CSDOptions{MaxIterations: 3}, flags: []string{"-niter", "3"}},
		{name: "few directions", options: model.CSDOptions{Directions: sh.Directions300()[:40]},
			flags: []string{"-directions", firstLines(t, peer.Data(t, "gradient_tables", "mrtrix3_300_directions.txt"), 40)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, path := b3000Response(t), filepath.Join(dir, "response.txt")
			if c.response != nil {
				r = acq.Response{Zonal: [][]float64{c.response}}
				path = writeLines(t, filepath.Join(t.TempDir(), "response.txt"), r.Zonal)
			}
			theirs := dwi2fodCSD(t, filepath.Join(dir, "dwi.nii.gz"), path,
				append(c.flags, "-grad", filepath.Join(dir, "grad_scanner.b"))...)
			compareFODs(t, a, mrtrixCSD(t, a.gradients, r, c.options), theirs, everywhere)
		})
	}
}

// firstLines copies the first lines of a file.
func firstLines(t *testing.T, path string, n int) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), filepath.Base(path))
	lines := strings.SplitAfter(string(text), "\n")[:n]
	if err := os.WriteFile(out, []byte(strings.Join(lines, "")), 0o666); err != nil {
		t.Fatal(err)
	}
	return out
}

// This needs no measured data. dwi2fod csd takes the highest of the phantom's three shells. Some voxels are all zeros,
// have NaN or negative values, or have negative values only.
func TestMRtrixGivesOurFODsOfThePhantom(t *testing.T) {
	peer.Slow(t)
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 600, SNR: 20})
	if err != nil {
		t.Fatal(err)
	}
	m := p.Gradients.Len()
	for v := 0; v < len(p.Index); v += 7 {
		spoilSignal(p.Signal[v*m:][:m], v/7)
	}
	dir := t.TempDir()
	if err := p.Write(t.Context(), filepath.Join(dir, "phantom")); err != nil {
		t.Fatal(err)
	}
	image, err := nifti.Open(filepath.Join(dir, "phantom", "dwi.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := acq.NewGradientTable(p.Gradients.Bvals, p.Gradients.WorldBvecs(image.Header.Affine()))
	if err != nil {
		t.Fatal(err)
	}
	whole := readImage(t, image.Path)
	inside := map[int]bool{}
	for _, voxel := range p.Index {
		inside[voxel] = true
	}
	r := acq.Response{Zonal: [][]float64{{900, -600, 230, -60, 12}}}
	path := writeLines(t, filepath.Join(dir, "response.txt"), r.Zonal)
	for _, lmax := range []int{4, 8, 10} {
		t.Run(fmt.Sprint("lmax=", lmax), func(t *testing.T) {
			theirs := dwi2fodCSD(t, image.Path, path, "-lmax", fmt.Sprint(lmax),
				"-fslgrad", filepath.Join(dir, "phantom", "bvecs"), filepath.Join(dir, "phantom", "bvals"))
			for _, isa := range kernel.ISAs() {
				compareFODs(t, acquisition{g, whole}, mrtrixCSD(t, g, r, model.CSDOptions{LMax: lmax, ISA: isa}), theirs,
					func(voxel int) bool { return inside[voxel] })
			}
		})
	}
}

func spoilSignal(voxel []float32, kind int) {
	for i := range voxel {
		switch kind % 5 {
		case 0:
			voxel[i] = 0
		case 1:
			voxel[i] = -voxel[i]
		case 2:
			if i%4 == 1 {
				voxel[i] = -voxel[i]
			}
		case 3:
			if i == len(voxel)/2 {
				voxel[i] = float32(math.NaN())
			}
		case 4:
			voxel[i] = 500
		}
	}
}

// Bad voxels are among the others. All are fitted in one call, one by one, and in calls of seven.
func TestVoxelsInMRtrixConventionDoNotDependOnTheirNeighbours(t *testing.T) {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 90, SNR: 20})
	if err != nil {
		t.Fatal(err)
	}
	n := p.Gradients.Len()
	for v := 0; v < 90; v += 3 {
		spoilSignal(p.Signal[v*n:][:n], v/3)
	}
	for _, isa := range kernel.ISAs() {
		m := mrtrixCSD(t, p.Gradients, referenceTensor, model.CSDOptions{ISA: isa})
		w, each := m.Fitter().NewWorker(), m.Fitter().Parameters()
		together, status := make([]float64, 90*each), make([]kernel.Status, 90)
		w.Fit(together, status, p.Signal)
		for _, chunk := range []int{1, 7} {
			alone, own := make([]float64, chunk*each), make([]kernel.Status, chunk)
			for first := 0; first+chunk <= 90; first += chunk {
				w.Fit(alone, own, p.Signal[first*n:][:chunk*n])
				if !slices.Equal(alone, together[first*each:][:chunk*each]) || !slices.Equal(own, status[first:][:chunk]) {
					t.Errorf("%s: voxels %d and %d more have another result in a call of their own", isa, first, chunk-1)
				}
			}
		}
	}
}

var referenceTensor = acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}

// A response in tensor form stands for its projection onto the zonal harmonics, here by Gauss's rule.
func TestTensorResponseInMRtrixConventionIsItsZonalProjection(t *testing.T) {
	g := phantom.HCP()
	fitted := mrtrixCSD(t, g, referenceTensor, model.CSDOptions{}).Design()
	bval := 0.0
	for _, v := range fitted.Volumes {
		bval += g.Bvals[v] / 90
	}
	if len(fitted.Volumes) != 90 || math.Abs(bval-3000) > 20 {
		t.Fatalf("%d volumes of b = %v, want the 90 of the highest shell", len(fitted.Volumes), bval)
	}
	row := make([]float64, 5)
	for k := range row {
		row[k] = 4 * math.Pi * quad.Fixed(func(z float64) float64 {
			basis := sh.Tournier07.Evaluate(8, [][3]float64{{math.Sqrt(1 - z*z), 0, z}})
			return 1000 * math.Exp(-bval*(0.3e-3+1.4e-3*z*z)) * basis[k*(2*k+1)]
		}, 0, 1, 64, quad.Legendre{}, 0)
	}
	zonal := mrtrixCSD(t, g, acq.Response{Zonal: [][]float64{row}}, model.CSDOptions{}).Design()
	for i, x := range zonal.X {
		if math.Abs(fitted.X[i]-x) > 1e-12*zonal.X[0] {
			t.Fatalf("X[%d] is %v, want %v", i, fitted.X[i], x)
		}
	}
}

func TestMRtrixShellIsTheHighestOfThreeNeighboursOrMore(t *testing.T) {
	var bvals []float64
	var bvecs [][3]float64
	add := func(n int, b func(i int) float64) {
		for i := range n {
			z := (float64(i) + 0.5) / float64(n)
			phi, r := 2.4*float64(i), math.Sqrt(1-z*z)
			bvals, bvecs = append(bvals, b(i)), append(bvecs, [3]float64{r * math.Cos(phi), r * math.Sin(phi), z})
		}
	}
	add(2, func(i int) float64 { return 5000 + float64(i) })     // a shell of too few directions
	add(20, func(i int) float64 { return 2000 + 79*float64(i) }) // each b-value is near to the next
	add(30, func(int) float64 { return 1920 })                   // 80 below the next shell
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	var want []int
	for i := range 20 {
		want = append(want, 2+i)
	}
	m := mrtrixCSD(t, g, acq.Response{Zonal: [][]float64{{900, -600, 230}}}, model.CSDOptions{})
	if got := m.Design().Volumes; !slices.Equal(got, want) {
		t.Errorf("volumes %v, want %v", got, want)
	}
}

func TestWhatMRtrixConventionDoesNotTakeIsAnError(t *testing.T) {
	g, zonal := phantom.HCP(), acq.Response{Zonal: [][]float64{{900, -600, 230}}}
	few, _, err := acq.NewGradientTable([]float64{0, 1000, 1000, 1000, 1000, 1000},
		[][3]float64{{}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.6, 0.8, 0}, {0, 0.6, 0.8}})
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := acq.NewGradientTable([]float64{0, 1000, 1000}, [][3]float64{{}, {1, 0, 0}, {0, 1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want     string
		table    *acq.GradientTable
		response acq.Response
		options  model.CSDOptions
	}{
		{"tau is for convention dipy; convention is mrtrix", g, zonal, model.CSDOptions{Convention: model.MRtrix, Tau: 0.1}},
		{"norm_lambda is for convention mrtrix; convention is dipy", g, zonal, model.CSDOptions{NormLambda: 1, LMax: 4}},
		{"norm_lambda is -1", g, zonal, model.CSDOptions{Convention: model.MRtrix, NormLambda: -1}},
		{"convention is Convention(2)", g, zonal, model.CSDOptions{Convention: 2}},
		{"expected two or more zonal coefficients", g, acq.Response{Zonal: [][]float64{{900}}}, model.CSDOptions{Convention: model.MRtrix}},
		{"the shell b = 1000 has 5 directions in 5 volumes, expected at least 6", few, zonal, model.CSDOptions{Convention: model.MRtrix}},
		{"no shell, expected three or more volumes", two, zonal, model.CSDOptions{Convention: model.MRtrix}},
		{"lmax is 14", g, zonal, model.CSDOptions{Convention: model.MRtrix, LMax: 14}},
	} {
		if _, err := model.NewCSD(c.table, c.response, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		}
	}
}

func TestChosenShellsAreFittedInBothConventions(t *testing.T) {
	g, response := phantom.HCP(), phantom.Response()
	for _, c := range []struct {
		convention model.Convention
		shells     []float64
		volumes    map[float64]int // by b-value
	}{
		{model.DIPY, []float64{1000, 2000}, map[float64]int{1000: 90, 2000: 90}},
		{model.DIPY, nil, map[float64]int{1000: 90, 2000: 90, 3000: 90}},
		{model.MRtrix, []float64{0, 1000, 2000}, map[float64]int{2000: 90}},
		{model.MRtrix, nil, map[float64]int{3000: 90}},
	} {
		m, err := model.NewCSD(g, response, model.CSDOptions{Convention: c.convention, Shells: c.shells})
		if err != nil {
			t.Fatal(err)
		}
		found := map[float64]int{}
		for _, v := range m.Design().Volumes {
			found[g.Bvals[v]]++
		}
		if !maps.Equal(found, c.volumes) {
			t.Errorf("%v, shells %v: volumes %v, want %v", c.convention, c.shells, found, c.volumes)
		}
	}
	if _, err := model.NewCSD(g, response, model.CSDOptions{Shells: []float64{0}}); err == nil || !strings.Contains(err.Error(), "diffusion-weighted") {
		t.Errorf("b = 0 alone: %v", err)
	}
}

func TestMoreCoefficientsThanVolumesAreWarnedOfInBothConventions(t *testing.T) {
	for _, convention := range []model.Convention{model.DIPY, model.MRtrix} {
		m, err := model.NewCSD(phantom.HCP(), phantom.Response(), model.CSDOptions{Convention: convention, LMax: 12, Shells: []float64{3000}})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(m.Warnings(), "\n"); !strings.Contains(all, "91 coefficients (lmax 12) from 90") {
			t.Errorf("%v: warnings %q", convention, all)
		}
	}
}

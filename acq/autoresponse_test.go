package acq

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// volume is an image in memory: voxel-major, x fastest, as AutoResponse takes it.
type volume struct {
	Shape  [3]int
	Signal []float32
}

// MarshalJSON writes the values with all digits of a float64, because DIPY computes in float64. The shortest digits
// of a float32 would give it other numbers.
func (v volume) MarshalJSON() ([]byte, error) {
	wide := make([]float64, len(v.Signal))
	for i, s := range v.Signal {
		wide[i] = float64(s)
	}
	return json.Marshal(map[string]any{"Shape": v.Shape, "Signal": wide})
}

// fibres simulates an image: single fibres in all directions where x is odd, water elsewhere, with noise.
func fibres(g *GradientTable, shape [3]int, noise float64) volume {
	random := rand.New(rand.NewPCG(7, 8))
	v := volume{Shape: shape}
	for i := range shape[0] * shape[1] * shape[2] {
		axis := unit([3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()})
		across, along := 0.0009, 0.0009
		if i%shape[0]%2 == 1 {
			across, along = 0.0002+0.0001*random.Float64(), 0.0015+0.0003*random.Float64()
		}
		s0 := 500 + 1000*random.Float64()
		for k, b := range g.Bvals {
			c := axis[0]*g.Bvecs[k][0] + axis[1]*g.Bvecs[k][1] + axis[2]*g.Bvecs[k][2]
			s := s0 * math.Exp(-b*(across+(along-across)*c*c))
			v.Signal = append(v.Signal, float32(math.Hypot(s+noise*random.NormFloat64(), noise*random.NormFloat64())))
		}
	}
	return v
}

func (v volume) voxels() []int { return upTo(v.Shape[0] * v.Shape[1] * v.Shape[2]) }

// dipyResponse is what scripts with dipyAuto print.
type dipyResponse struct {
	Evals  []float64
	S0     float64
	Voxels int
}

const dipyAuto = `
from dipy.core.gradients import gradient_table
from dipy.reconst.csdeconv import mask_for_response_ssst, response_from_mask_ssst
def respond(bvals, bvecs, image, fa_thr, center=None, radii=10):
    g = gradient_table(np.array(bvals), bvecs=np.array(bvecs))
    mask = mask_for_response_ssst(g, image, roi_center=center, roi_radii=radii, fa_thr=fa_thr)
    (evals, S0), ratio = response_from_mask_ssst(g, image, mask)
    return {"Evals": np.atleast_1d(np.nan_to_num(evals)).tolist(), "S0": float(np.nan_to_num(S0)), "Voxels": int(mask.sum())}
def image_of(v):
    x, y, z = v["Shape"]
    return np.array(v["Signal"]).reshape(z, y, x, -1).transpose(2, 1, 0, 3)
`

func sameResponse(t *testing.T, name string, got Response, want dipyResponse) {
	t.Helper()
	worst := math.Abs(got.S0/want.S0 - 1)
	for k := range got.Evals {
		worst = max(worst, math.Abs(got.Evals[k]/want.Evals[k]-1))
	}
	t.Logf("%s: %v from %d voxels, relative difference %.2g", name, got, want.Voxels, worst)
	if !(worst < 1e-9) {
		t.Errorf("%s: found %v, DIPY %v", name, got, want)
	}
}

func TestAutoResponseOfMadeUpFibresIsDIPYsLive(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	type question struct {
		Bvals     []float64
		Bvecs     [][3]float64
		Image     volume
		Center    *[3]int
		Radii     [3]int
		Threshold float64
	}
	var questions []question
	for _, q := range []question{
		{Image: fibres(g, [3]int{26, 23, 4}, 10)},
		{Image: fibres(g, [3]int{9, 10, 1}, 30), Threshold: 0.5},
		{Image: fibres(g, [3]int{12, 12, 6}, 5), Center: &[3]int{11, 1, 3}, Radii: [3]int{4, 2, 1}, Threshold: 0.75},
		{Image: fibres(g, [3]int{12, 12, 6}, 300), Center: &[3]int{5, 5, 3}, Radii: [3]int{2, 3, 0}, Threshold: 0.3},
	} {
		q.Bvals, q.Bvecs = g.Bvals, g.Bvecs
		questions = append(questions, q)
	}
	var want []dipyResponse
	peer.Script(t, questions, &want, dipyAuto+`
result = []
for q in data:
    given = {} if q["Center"] is None else {"center": np.array(q["Center"]), "radii": np.array(q["Radii"])}
    result.append(respond(q["Bvals"], q["Bvecs"], image_of(q["Image"]), q["Threshold"] or 0.7, **given))`)
	for i, q := range questions {
		name := fmt.Sprintf("question %d", i)
		got, err := AutoResponse(q.Image.Signal, q.Image.Shape, q.Image.voxels(), g,
			AutoOptions{Center: q.Center, Radii: q.Radii, FAThreshold: q.Threshold})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameResponse(t, name, got, want[i])
	}
}

// protocol has two shells, b0s with and without a vector, and lengths a little off.
func protocol() ([]float64, [][3]float64) {
	random := rand.New(rand.NewPCG(9, 10))
	bvals, bvecs := []float64{0, 5, 40}, [][3]float64{{}, {0, 0, 1}, {0, 0.6, 0.8}}
	for i := range 32 {
		v := unit([3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()})
		for k := range v {
			v[k] *= 1 + 0.004*(random.Float64()-0.5)
		}
		bvals, bvecs = append(bvals, float64(1000+1500*(i%2))), append(bvecs, v)
	}
	return bvals, bvecs
}

func TestAutoResponseOfRealDataIsDIPYsLive(t *testing.T) {
	type question struct {
		Name, Image string
		Bvals       []float64
		Bvecs       [][3]float64
		Threshold   float64
	}
	questions := []question{
		{Name: "mrtrix_csd_b3000/", Threshold: 0.7}, {Name: "mrtrix_msmt/", Threshold: 0.7},
		{Name: "mrtrix_msmt/", Threshold: 0.5}, {Name: "hcp_osmosis_27vox/", Threshold: 0.7},
		{Name: "hcp_osmosis_27vox/", Threshold: 0.4}, {Name: "dipy_b1k_b2k_64vox/", Threshold: 0.3},
		{Name: "isbi2012_phantom/", Image: "hcp_rician_snr30.nii.gz", Threshold: 0.7},
	}
	var tables []*GradientTable
	for i, q := range questions {
		g, _, _ := readShared(t, q.Name)
		tables = append(tables, g)
		if q.Image == "" {
			q.Image = "dwi.nii.gz"
		}
		q.Image, q.Bvals, q.Bvecs = peer.Data(t, q.Name+q.Image), g.Bvals, g.Bvecs
		questions[i] = q
	}
	var answers []struct {
		Image volume
		Want  dipyResponse
	}
	peer.Script(t, questions, &answers, dipyAuto+`
import nibabel
result = []
for q in data:
    image = np.asarray(nibabel.load(q["Image"]).dataobj).astype(np.float32).astype(np.float64)
    result.append({"Image": {"Shape": image.shape[:3], "Signal": image.transpose(2, 1, 0, 3).ravel().tolist()},
                   "Want": respond(q["Bvals"], q["Bvecs"], image, q["Threshold"])})`)
	for i, q := range questions {
		image := answers[i].Image
		got, err := AutoResponse(image.Signal, image.Shape, image.voxels(), tables[i], AutoOptions{FAThreshold: q.Threshold})
		if err != nil {
			t.Errorf("%s: %v", q.Name, err)
			continue
		}
		sameResponse(t, q.Name, got, answers[i].Want)
	}
}

// Without noise the response is the tensor that the signals were made of.
func TestAutoResponseFindsTheTensorOfAFibre(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	axis := [3]float64{0.6, 0, 0.8}
	var signal []float32
	for k, b := range g.Bvals {
		c := axis[0]*g.Bvecs[k][0] + axis[2]*g.Bvecs[k][2]
		norm := length(g.Bvecs[k])
		signal = append(signal, float32(1000*math.Exp(-b*(0.0003*norm*norm+0.0014*c*c))))
	}
	r, err := AutoResponse(signal, [3]int{1, 1, 1}, []int{0}, g, AutoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float64{0.0017, 0.0003, 0.0003} {
		if math.Abs(r.Evals[k]/want-1) > 1e-5 { // signals are rounded to float32
			t.Errorf("eigenvalue %d is %v, expected %v", k, r.Evals[k], want)
		}
	}
}

// Signals below 1e-4 are raised to it, so that no voxel is anisotropic. The error says so.
func TestAutoResponseSaysThatSignalsAreTooSmall(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	var signal []float32
	for k, b := range g.Bvals {
		signal = append(signal, float32(1e-4*math.Exp(-b*(0.0003+0.0014*g.Bvecs[k][0]*g.Bvecs[k][0]))))
	}
	_, err = AutoResponse(signal, [3]int{1, 1, 1}, []int{0}, g, AutoOptions{})
	if err == nil || !strings.Contains(err.Error(), "between 0 and 0.0001 in 1 of 1 voxel") {
		t.Errorf("error %v, expected one that tells that the signals are too small", err)
	}
}

func TestAutoResponseLooksOnlyAtTheMask(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	v := fibres(g, [3]int{8, 8, 8}, 5)
	var index []int
	var rows []float32
	for i := range 8 * 8 * 8 {
		if i%3 == 0 {
			index = append(index, i)
			rows = append(rows, v.Signal[i*g.Len():(i+1)*g.Len()]...)
		}
	}
	masked, err := AutoResponse(rows, v.Shape, index, g, AutoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := AutoResponse(v.Signal, v.Shape, v.voxels(), g, AutoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if masked.S0 == whole.S0 {
		t.Error("a mask of a third of the voxels made no difference")
	}
	// With water in the voxels outside of the mask, the result must still be that of the mask.
	for i := range 8 * 8 * 8 {
		if i%3 != 0 {
			for k := range g.Len() {
				v.Signal[i*g.Len()+k] = 1
			}
		}
	}
	if again, err := AutoResponse(v.Signal, v.Shape, v.voxels(), g, AutoOptions{}); err != nil || again.Evals != masked.Evals || again.S0 != masked.S0 {
		t.Errorf("found %v, %v; of the mask alone %v", again, err, masked)
	}
}

func TestTheRegionAloneGivesTheSameResponseAsTheWholeImage(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	v := fibres(g, [3]int{9, 7, 5}, 5)
	o := AutoOptions{Radii: [3]int{2, 1, 1}}
	region, err := AutoRegion(v.Shape, v.voxels(), o)
	if err != nil || len(region) != 5*3*3 {
		t.Fatalf("a region of %d voxels, %v, expected 45", len(region), err)
	}
	var rows []float32
	for _, i := range region {
		rows = append(rows, v.Signal[i*g.Len():(i+1)*g.Len()]...)
	}
	got, err := AutoResponse(rows, v.Shape, region, g, o)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := AutoResponse(v.Signal, v.Shape, v.voxels(), g, o); err != nil || got.String() != want.String() {
		t.Errorf("found %v, of the whole image %v, %v", got, want, err)
	}
	_, err = AutoRegion(v.Shape, nil, AutoOptions{Center: &[3]int{0, 0, 5}})
	says(t, err, "inside the volume of [9 7 5]")
}

func TestVoxelsWithoutFiniteSignalsDoNotCount(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	v := fibres(g, [3]int{8, 8, 8}, 5)
	bad := slices.Clone(v.Signal)
	bad = append(bad[:g.Len()], bad...) // one voxel more
	bad[0], bad[1] = float32(math.NaN()), float32(math.Inf(1))
	index := append([]int{0}, v.voxels()...)
	got, err := AutoResponse(bad, v.Shape, index, g, AutoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := AutoResponse(v.Signal, v.Shape, v.voxels(), g, AutoOptions{})
	if err != nil || got.Evals != want.Evals || got.S0 != want.S0 {
		t.Errorf("found %v, without the bad voxel %v, %v", got, want, err)
	}
}

func TestWithoutAnAnswerTheErrorSaysWhatToDo(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	n := g.Len()
	shape := [3]int{4, 4, 4}
	water := make([]float32, n)
	nothing := make([]float32, n)
	for k, b := range g.Bvals {
		water[k] = float32(1000 * math.Exp(-b*0.001))
		nothing[k] = float32(math.NaN())
	}
	_, err = AutoResponse(water, shape, []int{0}, g, AutoOptions{})
	says(t, err, "fractional anisotropy of 1 voxel in the box [0:4, 0:4, 0:4]", "above 0.7", "give a lower response_fa, a larger response_radius, or the response itself (response e1,e2,e3,S0)")
	_, err = AutoResponse(nothing, shape, []int{0}, g, AutoOptions{})
	says(t, err, "found no voxel with finite signals", "the response itself")
	_, err = AutoResponse(water, shape, []int{63}, g, AutoOptions{Center: &[3]int{1, 1, 1}, Radii: [3]int{1, 1, 1}})
	says(t, err, "the box [0:3, 0:3, 0:3] has no voxel of the mask", "larger response_radius")
	_, err = AutoResponse(water[1:], shape, []int{0}, g, AutoOptions{})
	says(t, err, "found 34 signal values, expected 1 voxel x 35 volumes")
	_, err = AutoResponse(water, shape, []int{0}, g, AutoOptions{Center: &[3]int{4, 0, 0}})
	says(t, err, "voxel [4 0 0] of radii [10 10 10], expected one inside the volume of [4 4 4]")
	_, err = AutoResponse(water, [3]int{0, 4, 4}, []int{0}, g, AutoOptions{})
	says(t, err, "inside the volume of [0 4 4]")
	_, err = AutoResponse(water, shape, []int{0}, g, AutoOptions{Radii: [3]int{1, -1, 1}})
	says(t, err, "radii [1 -1 1]")
	_, err = AutoResponse(water[3:], shape, []int{0}, g.Subset(g.DWIs()), AutoOptions{})
	says(t, err, "found no volume with b <= 50", "the response itself")
}

// Five directions do not determine a tensor. As in DIPY, the pseudo-inverse then chooses the smallest one.
func TestTooFewDirectionsAreFittedAsDIPYDoesLive(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	few := g.Subset([]int{0, 3, 5, 7, 9, 11})
	v := fibres(few, [3]int{4, 4, 4}, 1)
	var want dipyResponse
	peer.Script(t, map[string]any{"b": few.Bvals, "v": few.Bvecs, "image": v}, &want, dipyAuto+`
result = respond(data["b"], data["v"], image_of(data["image"]), 0.1)`)
	got, err := AutoResponse(v.Signal, v.Shape, v.voxels(), few, AutoOptions{FAThreshold: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	sameResponse(t, "five directions", got, want)
}

func BenchmarkAutoResponseOf1000VoxelsOf35Volumes(b *testing.B) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		b.Fatal(err)
	}
	v := fibres(g, [3]int{10, 10, 10}, 5)
	for b.Loop() {
		if _, err := AutoResponse(v.Signal, v.Shape, v.voxels(), g, AutoOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestBoxIsCutAsDIPYCutsIt(t *testing.T) {
	// The expected boxes are those of DIPY's _roi_in_volume and _mask_from_roi. A box that reaches out on one side
	// shrinks on both.
	for _, c := range []struct {
		size, center, radius int
		want                 string
	}{
		{30, 15, 10, "5:26"}, {20, 10, 10, "0:20"}, {21, 10, 10, "0:21"}, {12, 2, 4, "0:5"},
		{12, 9, 4, "6:12"}, {1, 0, 10, "0:1"}, {2, 1, 10, "0:2"}, {12, 6, 0, "6:7"},
	} {
		b, err := newBox([3]int{c.size, 100, 100}, [3]int{c.center, 50, 50}, [3]int{c.radius, 1, 1})
		if err != nil || !strings.HasPrefix(b.String(), "["+c.want+",") {
			t.Errorf("%+v: %v, %v", c, b, err)
		}
	}
}

func TestVoxelsWhoseSignalsWereRaisedAreCounted(t *testing.T) {
	g, _, err := NewGradientTable(protocol())
	if err != nil {
		t.Fatal(err)
	}
	var signal []float32
	for _, s0 := range []float64{4e-4, 4e4} {
		for k, b := range g.Bvals {
			signal = append(signal, float32(s0*math.Exp(-b*(0.0003+0.0014*g.Bvecs[k][0]*g.Bvecs[k][0]))))
		}
	}
	r, err := AutoResponse(signal, [3]int{2, 1, 1}, []int{0, 1}, g, AutoOptions{FAThreshold: 0.1})
	if err != nil || r.Voxels != 2 || r.Raised != 1 {
		t.Errorf("response of %d voxels, %d of them raised: %v", r.Voxels, r.Raised, err)
	}
}

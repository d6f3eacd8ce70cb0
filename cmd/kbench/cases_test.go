package main

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
)

// writeAcquisition writes eight voxels with their table, and returns the image.
func writeAcquisition(t *testing.T, a cases.Acquisition) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "dwi.nii.gz")
	writeBlock(t, image, [3]int{2, 2, 2}, len(a.Bvals), a.Voxels(8))
	writeTable(t, stemOf(image), a.Bvals, a.Bvecs)
	return image
}

func writeTable(t *testing.T, stem string, bvals []float64, bvecs [][3]float64) {
	t.Helper()
	var b, v strings.Builder
	for i := range bvals {
		fmt.Fprintf(&b, "%v ", bvals[i])
		fmt.Fprintln(&v, bvecs[i][0], bvecs[i][1], bvecs[i][2])
	}
	write(t, stem+".bval", []byte(b.String()))
	write(t, stem+".bvec", []byte(v.String()))
}

// warned runs the program, which must succeed, and returns its warnings.
func warned(t *testing.T, args ...string) string {
	t.Helper()
	code, _, stderr := kbench(args...)
	if code != 0 {
		t.Fatalf("kbench %s: %s", strings.Join(args, " "), stderr)
	}
	return stderr
}

// everyModel has a command line for each model, with the responses that it needs, for shells of b = 0, 1000 and 2000.
func everyModel(t *testing.T) [][]string {
	dir := t.TempDir()
	wm, csf := filepath.Join(dir, "wm.txt"), filepath.Join(dir, "csf.txt")
	write(t, wm, []byte("3545 0 0\n1700 -600 120\n1100 -700 260\n"))
	write(t, csf, []byte("3545\n180\n9\n"))
	fibre := "0.0015,0.0004,0.0004,1000"
	return [][]string{
		{"dti"}, {"dti", "--method", "ols"}, {"dti", "--method", "nls"}, {"dti", "--method", "iwls"}, {"fwdtim"}, {"fwdtim", "--method", "wls"}, {"sfm"},
		{"csdm", "--response", fibre}, {"csdm", "--convention", "mrtrix", "--response", fibre, "--lmax", "4"}, {"msmt", "--response", wm + "," + csf},
	}
}

func TestLengthsOfVectorsAreTheBValuesOfEveryModel(t *testing.T) {
	peer.Slow(t)
	for name, a := range map[string]cases.Acquisition{"lengths code b": cases.LengthsCodeB(), "length 0.994": cases.Shortened()} {
		image := writeAcquisition(t, a)
		// The same acquisition with the true b-values in the table.
		plain := cases.InUnits(1)
		square := 1.0
		if name == "length 0.994" {
			square = 0.994 * 0.994
		}
		for i := range plain.Bvals {
			plain.Bvals[i] *= square
		}
		reference := writeAcquisition(t, plain)
		for _, model := range everyModel(t) {
			out, want := t.TempDir(), t.TempDir()
			fit := append([]string{"fit", model[0], image, "-o", out}, model[1:]...)
			if w := warned(t, fit...); !strings.Contains(w, "b-value was multiplied") {
				t.Errorf("%s, %v: no warning of b-values: %s", name, model, w)
			}
			if w := warned(t, append([]string{"fit", model[0], reference, "-o", want}, model[1:]...)...); strings.Contains(w, "multiplied") {
				t.Errorf("%s, %v: a plain table is warned of: %s", name, model, w)
			}
			closeMaps(t, fmt.Sprint(name, " ", model), out, want)
		}
	}
}

// closeMaps compares the first map of two folders, relative to its largest value.
func closeMaps(t *testing.T, name, a, b string) {
	t.Helper()
	for _, param := range []string{"md", "fod", "fod_label-WM", "gfa"} {
		files, _ := filepath.Glob(filepath.Join(a, "*_param-"+param+"_dwimap.nii.gz"))
		if len(files) == 0 {
			continue
		}
		got, want := values(t, files[0]), values(t, filepath.Join(b, filepath.Base(files[0])))
		largest := float32(0)
		for _, x := range want {
			largest = max(largest, x, -x)
		}
		for i := range want {
			if d := math.Abs(float64(got[i] - want[i])); d > 1e-4*float64(largest) {
				t.Errorf("%s: %s is %v, expected %v", name, param, got[i], want[i])
				return
			}
		}
		return
	}
	t.Errorf("%s: no map to compare", name)
}

func TestLengthsThatCodeBGiveTheTrueDiffusivity(t *testing.T) {
	image := writeAcquisition(t, cases.LengthsCodeB())
	for _, model := range everyModel(t)[:6] {
		out := t.TempDir()
		succeed(t, append([]string{"fit", model[0], image, "-o", out}, model[1:]...)...)
		files, _ := filepath.Glob(filepath.Join(out, "*_param-md_dwimap.nii.gz"))
		for _, md := range values(t, files[0]) {
			if math.Abs(float64(md)-cases.MD) > 1e-3*cases.MD {
				t.Errorf("%v: MD is %v, expected %v", model, md, cases.MD)
			}
		}
	}
	off := t.TempDir()
	if w := warned(t, "fit", "dti", image, "-o", off, "--bvalue-scaling", "no"); !strings.Contains(w, "stay as given (--bvalue-scaling no)") {
		t.Errorf("warnings with scaling off: %s", w)
	}
	if md := values(t, filepath.Join(off, "model-tensor_param-md_dwimap.nii.gz"))[0]; math.Abs(float64(md)-cases.MD) < 0.1*cases.MD {
		t.Errorf("MD is %v with --bvalue-scaling no, which keeps b = 2000", md)
	}
}

// MRtrix3 3.0.4 and later scale b-values as kbench does. 3.0.3 always scales if there is a zero vector, so it gets the
// scaled b-values.
func TestShortenedVectorsGiveDwi2tensorsTensorLive(t *testing.T) {
	a := cases.Shortened()
	image, dir := writeAcquisition(t, a), t.TempDir()
	var table strings.Builder
	for i, v := range a.Bvecs {
		norm := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
		if norm == 0 {
			norm, v = 1, [3]float64{0, 0, 1}
		}
		fmt.Fprintln(&table, v[0]/norm, v[1]/norm, v[2]/norm, a.Bvals[i]*norm*norm)
	}
	write(t, filepath.Join(dir, "grad.b"), []byte(table.String()))
	theirs := filepath.Join(dir, "tensor.nii")
	peer.MRtrix(t, "dwi2tensor", image, theirs, "-grad", filepath.Join(dir, "grad.b"))
	succeed(t, "fit", "dti", image, "-o", dir, "--method", "iwls", "--mrtrix-order", "--frame", "image")
	got, want := values(t, filepath.Join(dir, "model-tensor_param-tensor_dwimap.nii.gz")), values(t, theirs)
	for i, x := range want {
		if math.Abs(float64(got[i]-x)) > 1e-5*1.5e-3 {
			t.Errorf("element %d is %v, dwi2tensor's is %v", i, got[i], x)
		}
	}
}

func TestBValuesInOtherUnitsAreRefusedByEveryModel(t *testing.T) {
	for unit, factor := range map[string]float64{"ms/um2": 1e-3, "s/m2": 1e6} {
		image := writeAcquisition(t, cases.InUnits(factor))
		for _, model := range everyModel(t) {
			args := append([]string{"fit", model[0], image, "-o", filepath.Join(t.TempDir(), "maps")}, model[1:]...)
			refuse(t, args, unit, "s/mm2", "dwi.bval")
			refuse(t, append(args, "--bvalue-scaling", "dipy"), unit, "s/mm2", "dwi.bval")
		}
		refuse(t, []string{"run", "--models", "dti", "--data", image, "-o", filepath.Join(t.TempDir(), "run")}, unit, "s/mm2")
	}
}

func TestTensorRowsAreRefusedAsResponsesOfTissues(t *testing.T) {
	image, dir := writeAcquisition(t, cases.InUnits(1)), t.TempDir()
	var files []string
	for name, row := range map[string]string{"wm": "0.0015 0.0004 0.0004 700\n", "gm": "0.0008 0.0008 0.0008 800\n", "csf": "0.003 0.003 0.003 1500\n"} {
		path := filepath.Join(dir, "tensor_rows_"+name+".txt")
		write(t, path, []byte(row+row+row))
		files = append(files, path)
	}
	refuse(t, []string{"fit", "msmt", image, "--response", strings.Join(files, ","), "-o", filepath.Join(dir, "maps")}, "tensor_rows_", "e1 e2 e3 S0", "zonal")
}

func TestModelsOfShellsRefuseTablesWithoutShells(t *testing.T) {
	image := writeAcquisition(t, cases.WithoutShells())
	for _, model := range everyModel(t)[8:] {
		refuse(t, append([]string{"fit", model[0], image, "-o", filepath.Join(t.TempDir(), "maps")}, model[1:]...), "shell", "dwi.bval")
	}
	refuse(t, []string{"fit", "msmt", image, "-o", filepath.Join(t.TempDir(), "maps")}, "shell")
	succeed(t, "fit", "dti", image, "-o", t.TempDir())
}

// writeMeasured writes measured data with their table, and returns the image's path.
func writeMeasured(t *testing.T, m cases.Measured) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dwi.nii")
	if err := nifti.WriteSignal(path, m.Header, m.Signal, nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	writeTable(t, stemOf(path), m.Bvals, m.Bvecs)
	return path
}

// everyVoxel writes a mask of every nth voxel of an image.
func everyVoxel(t *testing.T, image string, n int) string {
	t.Helper()
	opened, err := nifti.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	var inside []int
	var ones []float32
	for i := 0; i < opened.Header.Voxels(); i += n {
		inside, ones = append(inside, i), append(ones, 1)
	}
	path := filepath.Join(t.TempDir(), "mask.nii")
	if err := nifti.WriteMap(path, opened.Header, inside, 1, ones, nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// responseFiles writes the responses of tissues, and returns the files as a value of --response.
func responseFiles(t *testing.T, shells ...int) string {
	t.Helper()
	var files []string
	dir, responses := t.TempDir(), cases.Responses(t, shells...)
	for _, tissue := range cases.Tissues {
		var text strings.Builder
		for _, row := range responses[tissue] {
			fmt.Fprintln(&text, strings.Trim(fmt.Sprint(row), "[]"))
		}
		files = append(files, filepath.Join(dir, tissue+".txt"))
		write(t, files[len(files)-1], []byte(text.String()))
	}
	return strings.Join(files, ",")
}

func TestAStrayVolumeIsLeftOutWithAWarning(t *testing.T) {
	peer.Slow(t)
	stray, without := writeMeasured(t, cases.StrayVolume(t)), writeMeasured(t, cases.WithoutStray(t))
	for _, response := range []string{"auto", responseFiles(t, 0, 2, 3)} {
		a, b := t.TempDir(), t.TempDir()
		if w := warned(t, "fit", "msmt", stray, "--response", response, "-o", a); !strings.Contains(w, "b = 700") || !strings.Contains(w, "left out") {
			t.Errorf("%s: warnings %q", response, w)
		}
		succeed(t, "fit", "msmt", without, "--response", response, "-o", b)
		got, want := values(t, filepath.Join(a, "model-msmtcsd_param-fraction_dwimap.nii.gz")), values(t, filepath.Join(b, "model-msmtcsd_param-fraction_dwimap.nii.gz"))
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-6 {
				t.Fatalf("%s: fraction %d is %v, and %v with the volume taken out", response, i, got[i], want[i])
			}
		}
	}
	// With --shells there is no warning of the other volumes.
	chosen := t.TempDir()
	if w := warned(t, "fit", "msmt", stray, "--shells", "0,1200,2800", "-o", chosen); strings.Contains(w, "left out") {
		t.Errorf("warnings with --shells: %s", w)
	}
	refuse(t, []string{"fit", "msmt", stray, "--shells", "0,700,1200", "-o", filepath.Join(chosen, "x")}, "no shell of b = 700", "1200, 2800")
}

func TestAJitteredShellIsOneShellAsInMRtrix3Live(t *testing.T) {
	peer.Slow(t)
	image, out := writeMeasured(t, cases.JitteredShell(t)), t.TempDir()
	directions := peer.Data(t, "gradient_tables", "mrtrix3_300_directions.txt")
	responses := responseFiles(t, 0, 1, 2, 3)
	mask := everyVoxel(t, image, long.Of(1, 5))
	args := []string{"msmt_csd", image, "-mask", mask}
	for i, response := range strings.Split(responses, ",") {
		args = append(args, response, filepath.Join(out, cases.Tissues[i]+".nii"))
	}
	peer.MRtrix(t, "dwi2fod", append(args, "-fslgrad", stemOf(image)+".bvec", stemOf(image)+".bval", "-directions", directions)...)
	succeed(t, "fit", "msmt", image, "--mask", mask, "--response", responses, "--directions", directions, "-o", out)
	got, want := map[string][]float32{}, map[string][]float32{}
	for _, tissue := range cases.Tissues {
		got[tissue] = values(t, filepath.Join(out, "model-msmtcsd_param-fod_label-"+tissue+"_dwimap.nii.gz"))
		want[tissue] = values(t, filepath.Join(out, tissue+".nii"))
	}
	if apart := cases.FurthestApart(got, want, 2475); apart > 1e-4 {
		t.Errorf("the largest difference is %.2g of a voxel's norm", apart)
	}
	// Tests of the C library and of Python compare with what dwi2fod found in the original shell.
	if apart := cases.FurthestApart(cases.Distributions(t), want, 2475); apart > 1e-4 {
		t.Errorf("what MRtrix3 found in the original shell differs by %.2g of a voxel's norm", apart)
	}
}

func TestSmallShellsAreRefused(t *testing.T) {
	a := cases.InUnits(1)
	for i := range a.Bvals {
		if a.Bvals[i] == 2000 && i > 38 {
			a.Bvals[i] = 1000
		}
	}
	image := writeAcquisition(t, a)
	for _, model := range everyModel(t)[8:] {
		refuse(t, append([]string{"fit", model[0], image, "-o", filepath.Join(t.TempDir(), "maps")}, model[1:]...), "b = 2000", "5 directions", "at least 6")
	}
	refuse(t, []string{"fit", "msmt", image, "-o", filepath.Join(t.TempDir(), "maps")}, "b = 2000", "5 directions")
}

func TestSidecarsSayHowTheGradientTableWasUsed(t *testing.T) {
	image := writeAcquisition(t, cases.LengthsCodeB()) // volumes of b = 0: 0 to 3, of b = 1000: 4 to 33
	first := func(n int) []int {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		return list
	}
	all := []fittedShell{{0, 4}, {1000, 30}, {2000, 30}}
	response := []string{"--response", "0.0015,0.0004,0.0004,1000"}
	wm := near(image, "wm.txt")
	write(t, wm, []byte("0.0015 0.0004 0.0004 1000\n"))
	for name, c := range map[string]struct {
		args []string
		want measurements
	}{
		"all volumes":         {[]string{"dti"}, measurements{60, all, []int{}}},
		"nothing is scaled":   {[]string{"dti", "--bvalue-scaling", "no"}, measurements{0, []fittedShell{{0, 4}, {2000, 60}}, []int{}}},
		"weighted volumes":    {append([]string{"csdm"}, response...), measurements{60, all[1:], first(4)}},
		"the highest shell":   {append([]string{"csdm", "--convention", "mrtrix", "--lmax", "4"}, response...), measurements{60, all[2:], first(34)}},
		"shells that one has": {[]string{"msmt", "--shells", "0,1000", "--lmax", "4", "--response", wm}, measurements{60, all[:2], first(64)[34:]}},
	} {
		out := t.TempDir()
		succeed(t, append([]string{"fit", c.args[0], image, "-o", out}, c.args[1:]...)...)
		sets, err := readMapSets(out, "")
		if err != nil || len(sets) != 1 {
			t.Fatalf("%s: %d sets of maps, %v", name, len(sets), err)
		}
		got := sets[0].maps[0].Fit.measurements
		for i := range got.Shells {
			got.Shells[i].Bval = math.Round(got.Shells[i].Bval)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: the sidecar says %+v, want %+v", name, got, c.want)
		}
	}
}

func TestSidecarsDistinguishArbitraryUnitsFromNone(t *testing.T) {
	image, dir := writeAcquisition(t, cases.InUnits(1)), t.TempDir()
	wm, csf := filepath.Join(dir, "wm.txt"), filepath.Join(dir, "csf.txt")
	write(t, wm, []byte("0.0015 0.0004 0.0004 1000\n"))
	write(t, csf, []byte("0.003 0.003 0.003 1500\n"))
	want := map[string]string{ // all others are pure numbers, codes and unit vectors
		"md": "mm^2/s", "ad": "mm^2/s", "rd": "mm^2/s", "tensor": "mm^2/s", "evals": "mm^2/s",
		"s0": "arbitrary", "rmse": "arbitrary", "prediction": "arbitrary", "odf": "arbitrary",
		"fod": "arbitrary", "fod_label-WM": "arbitrary", "fod_label-CSF": "arbitrary", "peakvalues": "arbitrary", "peakvalues_label-WM": "arbitrary",
	}
	for _, args := range [][]string{
		{"dti", "--maps", "all"}, {"fwdtim"}, {"sfm", "--prediction"}, {"csdm", "--response", "0.0015,0.0004,0.0004,1000"},
		{"msmt", "--lmax", "4", "--prediction", "--response", wm + "," + csf},
	} {
		out := t.TempDir()
		succeed(t, append([]string{"fit", args[0], image, "-o", out}, args[1:]...)...)
		sets, err := readMapSets(out, "")
		if err != nil || len(sets) != 1 {
			t.Fatalf("%v: %d sets of maps, %v", args, len(sets), err)
		}
		for _, m := range sets[0].maps {
			if units := cmp.Or(want[m.Parameter], "dimensionless"); m.Units != units {
				t.Errorf("%s: %s is in units %q, want %q", args[0], m.Parameter, m.Units, units)
			}
		}
	}
}

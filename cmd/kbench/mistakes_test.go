package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
)

var update = flag.Bool("update", false, "write testdata/mistakes.golden anew")

// One file has the messages of typical mistakes, so that they can be read as users see them. All mistakes are refused,
// except those whose names begin with "warned": these give a warning and go on.
func TestMessagesOfTypicalMistakesReadWell(t *testing.T) {
	peer.Slow(t)
	dir := t.TempDir()
	makeMistakes(t, dir)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, m := range mistakes {
		what, line, _ := strings.Cut(m, ": ")
		args := splitWords(line)
		if args[0] == "fit" && len(args) > 2 {
			args = append(args, "-o", "maps")
		}
		code, _, stderr := kbench(args...)
		if goesOn := strings.HasPrefix(what, "warned"); (code == 0) != goesOn {
			t.Errorf("%s: exit code %d of kbench %s", what, code, line)
		} else if !goesOn && strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: more than one line: %s", what, stderr)
		}
		fmt.Fprintf(&text, "# %s\n$ kbench %s\n%s\n", what, line, stderr)
		os.RemoveAll("maps")
	}
	if err := os.Chdir(here); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "mistakes.golden")
	got := strings.ReplaceAll(text.String(), dir, "DIR")
	if *update {
		write(t, golden, []byte(got))
	}
	if want := string(read(t, golden)); got != want {
		t.Errorf("the messages differ from those in %s (go test ./cmd/kbench -run Mistakes -update writes them anew):\n%s", golden, firstDifference(got, want))
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "got  " + a[i] + "\nwant " + b[i]
		}
	}
	return fmt.Sprintf("%d lines and %d", len(a), len(b))
}

// splitWords splits at blanks, except between quotes.
func splitWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

// mistakes has, for each mistake, its name and the command line. Fits get an output folder.
var mistakes = []string{
	"the model's name is misspelt: fit csd dwi.nii",
	"the image is not there: fit dti dvi.nii",
	"the tables have other names: fit dti alone.nii",
	"the table is that of another image: fit dti dwi.nii --bvals short.bval --bvecs short.bvec",
	"b-values and b-vectors are swapped: fit dti dwi.nii --bvals dwi.bvec --bvecs dwi.bval",
	"b-values in ms/um2: fit dti ms.nii",
	"b-values in s/m2: fit msmt sm.nii",
	"a weighted volume without a direction: fit dti dwi.nii --bvecs zero.bvec",
	"warned, vectors whose lengths code b: fit dti lengths.nii --mask mask.nii",
	"warned, lengths that are to be ignored: fit dti lengths.nii --mask mask.nii --bvalue-scaling no",
	"an unknown b-value scaling: fit dti dwi.nii --bvalue-scaling maybe",
	"no weighted volume: fit dti dwi.nii --bvals zeros.bval",
	"a threshold above all b-values: fit fwdtim dwi.nii --b0-threshold 3000",
	"vectors ten times too long: fit dti long.nii --mask mask.nii",
	"no shells, for several tissues: fit msmt noshells.nii --response wm.txt,csf.txt",
	"no shells, for MRtrix3's csd: fit csdm noshells.nii --convention mrtrix --response 0.0017,0.0003,0.0003,1000",
	"warned, a volume of no shell: fit msmt stray.nii --mask mask.nii --response wm.txt,csf.txt",
	"a shell that does not exist: fit msmt dwi.nii --response wm.txt,csf.txt --shells 0,1000,3000",
	"a shell that is not a number: fit msmt dwi.nii --response wm.txt,csf.txt --shells low",
	"a shell of few directions: fit msmt few.nii --response wm.txt,csf.txt",
	"a shell of few directions, in a study: run --models msmt --data few.nii --mask mask.nii --response wm.txt,csf.txt -o study",
	"shells without a weighted one: fit csdm dwi.nii --response 0.0017,0.0003,0.0003,1000 --shells 0",
	"warned, few directions of the constraint: fit csdm dwi.nii --mask mask.nii --response 0.0017,0.0003,0.0003,1000 --directions axes.txt",
	"the response is that of no fibre: fit csdm dwi.nii --response 0.001,0.001,0.001,1000",
	"the response is in um2/ms: fit csdm dwi.nii --response 1.7,0.3,0.3,1000",
	"the response has the smallest eigenvalue first: fit csdm dwi.nii --response 0.0003,0.0003,0.0017,1000",
	"the response has no S0: fit csdm dwi.nii --response 0.0017,0.0003,0.0003",
	"the response has a zero S0: fit csdm dwi.nii --response 0.0017,0.0003,0.0003,0",
	"the response's file is not there: fit csdm dwi.nii --response response.txt",
	"rows of tensors for tissues: fit msmt dwi.nii --response tensors.txt,csf.txt",
	"a coefficient that no signal has: fit msmt dwi.nii --response steep.txt,csf.txt",
	"a response for other shells: fit msmt dwi.nii --response wm.txt,rows2.txt",
	"an empty name among the responses: fit msmt dwi.nii --response wm.txt,,csf.txt",
	"warned, one tissue alone: fit msmt dwi.nii --mask mask.nii --response wm.txt",
	"warned, grey matter with directions: fit msmt dwi.nii --mask mask.nii --response wm.txt,wm.txt,csf.txt",
	"warned, a response with odd signs: fit msmt dwi.nii --mask mask.nii --response odd.txt,csf.txt",
	"warned, more coefficients than volumes: fit csdm dwi.nii --mask mask.nii --response 0.0017,0.0003,0.0003,1000 --lmax 12",
	"no anisotropic voxel: fit csdm dwi.nii --response-fa 0.95",
	"no anisotropic voxel, in a study: run --models csdm --data dwi.nii --mask mask.nii -o study",
	"no anisotropic voxel, for whole commands: compare dwi.nii --mask mask.nii --from-file --models csdm",
	"no voxel of the mask in the box: fit csdm wide.nii --mask corner.nii --response-radius 2",
	"an option of the automatic response beside a given one: fit csdm dwi.nii --response 0.0017,0.0003,0.0003,1000 --response-fa 0.5",
	"no b = 0 for an automatic response: fit csdm weighted.nii",
	"warned, no mask: fit dti dwi.nii",
	"warned, a segmentation for a mask: fit dti dwi.nii --mask segments.nii",
	"a mask of another size: fit dti dwi.nii --mask wide-mask.nii",
	"a mask of zeros: fit dti dwi.nii --mask empty.nii",
	"a mask of NaN: fit dti dwi.nii --mask nan.nii",
	"too little memory: fit dti dwi.nii --mask mask.nii --max-memory 5",
	"a sphere of one vertex: fit csdm dwi.nii --response 0.0017,0.0003,0.0003,1000 --sphere 0,0,1",
	"warned, a volume of no shell, where one shell is fitted: fit csdm stray.nii --mask mask.nii --convention mrtrix --response 0.0017,0.0003,0.0003,1000",
	"vectors ten times too long, in a study: run --models dti --data long.nii --mask mask.nii -o study",
	"a phantom's noise: phantom --snr -3 -o phantom",
	"a brain's noise: phantom --brain --snr -3 -o phantom",
	"a brain of whole numbers, too dark: phantom --brain --dtype int16 --s0 1 -o phantom",
	"the order is odd: fit csdm dwi.nii --response 0.0017,0.0003,0.0003,1000 --lmax 7",
	"the option is misspelt: fit dti dwi.nii --mehtod wls",
	"the option is another model's: fit dti dwi.nii --shells 0,1000",
	"the method is another model's: fit fwdtim dwi.nii --method ols",
	"the output folder is missing: fit dti",
	"the frame is misspelt: fit dti dwi.nii --frame scanner",
	"an unknown schedule: fit dti dwi.nii --schedule NUMBER",
	"no map: fit dti dwi.nii --maps \"\"",
	"a map that an option makes: fit sfm dwi.nii --maps prediction",
	"warned, capitals and blanks: fit dti dwi.nii --maps \"FA, MD\" --frame WORLD --nan-policy NaN --schedule NUMA --pin CORE --places SPREAD --method WLS",
	"warned, a blank between files: fit msmt dwi.nii --mask mask.nii --response \"wm.txt, wm.txt, csf.txt\"",
	"an automatic response in capitals: fit csdm dwi.nii --response AUTO",
	"an option of fodfs in capitals: convert dwi6.nii --sh-basis TOURNIER07 --frame WORLD -o out.nii",
	"a fodf that does not say what it is: convert dwi6.nii --sh-basis tournier07 --frame world -o out.nii",
	"an image that is not a fodf: convert dwi.nii --frame world -o out.nii",
	"a brain's flag without --brain: phantom --shape 20,20,20 -o phantom",
	"whole commands without a file: compare --from-file",
	"a cold run of the fit in memory: compare dwi.nii --cold",
	"whole commands on one core by the other flag: compare dwi.nii --from-file --cpu 0",
	"whole commands of DIPY's engines: compare dwi.nii --from-file --engines dipy-serial",
	"a part of no voxels: compare dwi.nii --from-file --dipy-voxels -1",
}

// makeMistakes writes the files that mistakes name.
func makeMistakes(t *testing.T, dir string) {
	t.Helper()
	at := func(name string) string { return filepath.Join(dir, name) }
	plain := cases.InUnits(1)
	weighted := cases.Acquisition{Bvals: plain.Bvals[4:], Bvecs: plain.Bvecs[4:], Signal: plain.Signal[4:]}
	stray, few, lengths := cases.InUnits(1), cases.InUnits(1), cases.LengthsCodeB()
	stray.Bvals[10] = 700
	for i := 39; i < 64; i++ {
		few.Bvals[i] = 1000
	}
	long := cases.InUnits(1)
	for i, v := range long.Bvecs {
		long.Bvecs[i] = [3]float64{10 * v[0], 10 * v[1], 10 * v[2]}
	}
	for name, a := range map[string]cases.Acquisition{
		"dwi": plain, "ms": cases.InUnits(1e-3), "sm": cases.InUnits(1e6), "lengths": lengths, "noshells": cases.WithoutShells(),
		"stray": stray, "few": few, "weighted": weighted, "long": long,
	} {
		writeBlock(t, at(name+".nii"), [3]int{2, 2, 2}, len(a.Bvals), a.Voxels(8))
		writeTable(t, at(name), a.Bvals, a.Bvecs)
	}
	writeBlock(t, at("alone.nii"), [3]int{2, 2, 2}, 64, plain.Voxels(8))
	writeBlock(t, at("wide.nii"), [3]int{8, 8, 8}, 64, plain.Voxels(512))
	writeTable(t, at("wide"), plain.Bvals, plain.Bvecs)
	writeTable(t, at("short"), plain.Bvals[:60], plain.Bvecs[:60])
	writeTable(t, at("zero"), plain.Bvals, append(plain.Bvecs[:63:63], [3]float64{}))
	nan := float32(math.NaN())
	writeBlock(t, at("nan.nii"), [3]int{2, 2, 2}, 1, []float32{nan, nan, nan, nan, nan, nan, nan, nan})
	writeTable(t, at("zeros"), make([]float64, 64), plain.Bvecs)
	writeBlock(t, at("mask.nii"), [3]int{2, 2, 2}, 1, []float32{1, 1, 1, 1, 1, 1, 1, 1})
	writeBlock(t, at("segments.nii"), [3]int{2, 2, 2}, 1, []float32{0, 1, 2, 3, 3, 2, 1, 0})
	writeBlock(t, at("empty.nii"), [3]int{2, 2, 2}, 1, make([]float32, 8))
	writeBlock(t, at("wide-mask.nii"), [3]int{3, 2, 2}, 1, []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	corner := make([]float32, 512)
	corner[0] = 1
	writeBlock(t, at("corner.nii"), [3]int{8, 8, 8}, 1, corner)
	writeBlock(t, at("dwi6.nii"), [3]int{2, 2, 2}, 6, make([]float32, 48))
	for name, text := range map[string]string{
		"wm": "3545 0 0\n1700 -600 120\n1100 -700 260\n", "csf": "3545\n180\n9\n", "rows2": "3545\n180\n", "odd": "3545 0 0\n1700 600 120\n1100 700 260\n",
		"tensors": strings.Repeat("0.0015 0.0004 0.0004 700\n", 3), "steep": "3545 0\n1700 -2600\n1100 -700\n",
		"axes": "1 0 0\n0 1 0\n0 0 1\n",
	} {
		write(t, at(name+".txt"), []byte(text))
	}
}

// writeBlock writes an image of voxels 2 mm wide.
func writeBlock(t *testing.T, path string, shape [3]int, volumes int, values []float32) {
	t.Helper()
	dims, zooms := shape[:], []float64{2, 2, 2}
	if volumes > 1 {
		dims, zooms = append(dims[:3:3], volumes), append(zooms, 1)
	}
	header := nifti.NewHeader(dims, zooms, [4][4]float64{{-2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 2, 0}, {0, 0, 0, 1}})
	if err := nifti.WriteSignal(path, header, values, nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
}

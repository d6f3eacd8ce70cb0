package acq

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"pgregory.net/rapid"
)

func TestExplicitResponseIsFourNumbers(t *testing.T) {
	want := Response{Evals: [3]float64{0.0017, 0.0003, 0.0002}, S0: 100}
	for _, text := range []string{"0.0017,0.0003,0.0002,100", " 1.7e-3, 3e-4 ,2e-4, 1e2\n", "0.0017 0.0003\t0.0002 100"} {
		got, err := ParseResponse(text)
		if err != nil || !reflect.DeepEqual(got, want) || got.IsZonal() {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestResponseInTensorFormReadsBackToTheBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.Float64Range(1e-9, 0.0999)
		e1, e2, e3 := e.Draw(t, "e1"), e.Draw(t, "e2"), e.Draw(t, "e3")
		want := Response{
			Evals: [3]float64{max(e1, e2, e3, leastDiffusivity), e2, e3},
			S0:    rapid.Float64Range(1e-9, 1e9).Draw(t, "S0"),
		}
		got, err := ParseResponse(want.String())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v came back as %v, %v", want, got, err)
		}
	})
}

func TestUnfitExplicitResponsesAreErrorsThatSayWhy(t *testing.T) {
	for text, reason := range map[string]string{
		"":                         "found no numbers",
		"auto":                     `found "auto", expected a number`,
		"0.0017,0.0003,0.0003":     "found 3 numbers, expected 4: e1,e2,e3,S0",
		"1.7,0.3,0.3,100":          "found e1 = 1.7, expected a diffusivity in mm2/s",
		"0.0017,-0.0003,0.0003,10": "found e2 = -0.0003",
		"0.0003,0.0003,0.0017,100": "found e3 = 0.0017 larger than e1",
		"0.0017,nan,0.0003,100":    "found e2 = NaN",
		"0,0,0,100":                "found e1 = 0",
		"1.7e-9,3e-10,3e-10,1000":  "found e1 = 1.7e-09, expected a diffusivity in mm2/s, as 0.0017 (numbers in m2/s are a million times smaller)",
		"0.0017,0.0003,0.0003,0":   "found S0 = 0, expected a positive signal",
		"0.0017,0.0003,0.0003,inf": "found S0 = +Inf",
	} {
		_, err := ParseResponse(text)
		says(t, err, "response", reason)
	}
}

func TestMRtrix3sResponseFilesAreRead(t *testing.T) {
	for name, want := range map[string]struct {
		shells, coefficients int
		first, last          float64
	}{
		"mrtrix_csd_b3000/response.txt": {1, 5, 210.272, 4.72801},
		"mrtrix_msmt/response_wm.txt":   {4, 5, 4128.5, 13.4862},
		"mrtrix_msmt/response_gm.txt":   {4, 1, 7349.07, 995.55},
		"mrtrix_msmt/response_csf.txt":  {4, 1, 21958.8, 440.926},
	} {
		r, err := ReadResponse(peer.Data(t, name))
		if err != nil {
			t.Fatal(err)
		}
		last := r.Zonal[len(r.Zonal)-1]
		if !r.IsZonal() || len(r.Zonal) != want.shells || len(last) != want.coefficients ||
			r.Zonal[0][0] != want.first || last[len(last)-1] != want.last || r.Bvals != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestNumbersOfAResponseFileDecideItsForm(t *testing.T) {
	tensor := Response{Evals: [3]float64{0.0017, 0.0003, 0.0003}, S0: 100}
	for text, want := range map[string]Response{
		"0.0017 0.0003 0.0003 100\n":                                         tensor,
		"# evals, S0\n0.0017\n0.0003\n0.0003\n100\n":                         tensor,
		"0.0017,0.0003,0.0003,100":                                           tensor,
		"210.272 -137.933 49.7983 -11.1691\n":                                {Zonal: [][]float64{{210.272, -137.933, 49.7983, -11.1691}}},
		"21958.8\n3443.98\n1316.77\n440.926\n":                               {Zonal: [][]float64{{21958.8}, {3443.98}, {1316.77}, {440.926}}},
		"0.08\n0.05\n0.03\n0.01\n":                                           {Zonal: [][]float64{{0.08}, {0.05}, {0.03}, {0.01}}},
		"0.09 0.02\n0.03 0.01\n":                                             {Zonal: [][]float64{{0.09, 0.02}, {0.03, 0.01}}},
		"# Shells: 0,700,1200,2800\n0.09\n0.05\n0.03\n.1\n":                  {Zonal: [][]float64{{0.09}, {0.05}, {0.03}, {0.1}}, Bvals: []float64{0, 700, 1200, 2800}},
		"# shells: 0 3000\n# command_history: amp2response\n9 0\n5 -2 # b\n": {Zonal: [][]float64{{9, 0}, {5, -2}}, Bvals: []float64{0, 3000}},
	} {
		got, err := ReadResponse(write(t, "r.txt", text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestUnfitResponseFilesAreErrorsThatNameTheFile(t *testing.T) {
	for text, reason := range map[string]string{
		"":                           "found no numbers",
		"wm 1 2\n":                   `line 1: found "wm"`,
		"9 0\n5 -2 1\n":              "line 2: found 3 numbers, expected 2 as on line 1",
		"9 0\n5 nan\n":               "line 2: found NaN, expected finite",
		"9 0\n-5 2\n":                "line 2: found -5 as the first coefficient",
		"0.0017 0.0003 0.0003\n":     "found 3 numbers that look like eigenvalues, expected 4: e1 e2 e3 S0",
		"0.0003 0.0003 0.0017 100\n": "e3 = 0.0017 larger than e1",
		"# Shells: 0,700\n9\n8\n7\n": "found 2 b-values in the comment of shells and 3 rows",
		"# Shells: 0,-700\n9\n8\n":   "comment of shells: found b-value -700",
		"# Shells: 0,b\n9\n8\n":      `comment of shells: found "b"`,
	} {
		_, err := ReadResponse(write(t, "r.txt", text))
		says(t, err, "r.txt: ", reason)
	}
}

// amp2response writes its own comments, among them that of the shells when it was told them.
func TestResponseWrittenByMRtrix3IsReadLive(t *testing.T) {
	data := func(name string) string { return peer.Data(t, "mrtrix_msmt/"+name) }
	directory := t.TempDir()
	mask, directions, out := filepath.Join(directory, "mask.mif"), filepath.Join(directory, "directions.mif"), filepath.Join(directory, "response.txt")
	tensor := filepath.Join(directory, "tensor.mif")
	peer.MRtrix(t, "mrconvert", data("mask.nii.gz"), mask)
	dwi := filepath.Join(directory, "dwi.mif")
	peer.MRtrix(t, "mrconvert", data("dwi.nii.gz"), dwi, "-grad", data("grad_scanner.b"))
	peer.MRtrix(t, "dwi2tensor", dwi, tensor)
	peer.MRtrix(t, "tensor2metric", tensor, "-vector", directions)
	peer.MRtrix(t, "amp2response", dwi, mask, directions, out, "-shells", "0,700,1200,2800")
	r, err := ReadResponse(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Zonal) != 4 || len(r.Bvals) != 4 || r.Bvals[3] != 2800 || r.Zonal[3][1] >= 0 {
		text, _ := os.ReadFile(out)
		t.Errorf("read %+v of\n%s", r, text)
	}
}

func TestStringOfAZonalResponseSaysItsSize(t *testing.T) {
	r := Response{Zonal: [][]float64{{9, 0, 0}, {5, -2, 1}}}
	if got := r.String(); !strings.Contains(got, "2 shells") || !strings.Contains(got, "lmax 4") {
		t.Errorf("%q", got)
	}
}

func FuzzResponseFilesAreReadOrRefused(f *testing.F) {
	f.Add("0.0017 0.0003 0.0003 100")
	f.Add("# Shells: 0,700\n9 0\n5 -2")
	f.Add("210.272 -137.933 49.7983 -11.1691 4.72801\n")
	f.Add("#shells:\n\n1e400")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := ParseResponse(text); err == nil && (r.IsZonal() || !(r.Evals[0] > 0) || !(r.S0 > 0)) {
			t.Fatalf("%q was read as %+v", text, r)
		}
		table, err := parseNumbers(text)
		if err != nil {
			return
		}
		r, err := responseOf(table)
		if err != nil {
			return
		}
		if !r.IsZonal() {
			if !(r.Evals[0] > 0 && r.Evals[0] < tensorLimit && r.S0 >= tensorLimit) {
				t.Fatalf("%q was read as %+v", text, r)
			}
			return
		}
		if r.Bvals != nil && len(r.Bvals) != len(r.Zonal) {
			t.Fatalf("%q was read as %+v", text, r)
		}
		for _, row := range r.Zonal {
			if len(row) == 0 || len(row) != len(r.Zonal[0]) || math.IsNaN(row[0]) || row[0] < 0 {
				t.Fatalf("%q was read as %+v", text, r)
			}
		}
		_ = r.String()
	})
}

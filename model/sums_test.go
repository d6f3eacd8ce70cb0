package model_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	blocks "github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/sh"
)

const sumsFile = "testdata/sums.json"

// keptSums has checksums of the bits of all results, by architecture and instruction set. Each case and set of data
// ("dti iwls 2, phantom") has a line with a sum for each map. They stay the same until a commit changes results on
// purpose.
type keptSums struct {
	Commit string                       `json:"commit"`
	Sums   map[string]map[string]string `json:"sums"`
}

// sumsVoxels is how many voxels of each set are fitted: more than any kernel has lanes, and not a multiple of that.
const sumsVoxels = 75

// sumCases has the models with their main options. The name of a case lists its options.
var sumCases = []struct {
	name string
	make func(a acquisition, lmax int, isa string) (model.Model, error)
}{
	{"csdm", sumCSD(model.CSDOptions{})},
	{"csdm mixed", sumCSD(model.CSDOptions{Precision: kernel.Mixed})},
	{"csdm tournier07, refined", sumCSD(model.CSDOptions{Basis: sh.Tournier07, RefinePeaks: true, Peaks: 3, PeakThreshold: 0.3})},
	{"csdm lambda 0.5, tau 0", sumCSD(model.CSDOptions{NegLambda: 0.5, Tau: model.ZeroTau})},
	{"csdm mrtrix", sumCSD(model.CSDOptions{Convention: model.MRtrix, Basis: sh.Descoteaux07})},
	{"csdm mrtrix, norm 2", sumCSD(model.CSDOptions{Convention: model.MRtrix, Basis: sh.Descoteaux07, NormLambda: 2})},
	{"fwdtim nls", sumFreeWater(model.FreeWaterOptions{})},
	{"fwdtim nls double", sumFreeWater(model.FreeWaterOptions{Precision: kernel.Double})},
	{"fwdtim wls", sumFreeWater(model.FreeWaterOptions{Method: kernel.WLS})},
	{"fwdtim wls, diso 2.8e-3", sumFreeWater(model.FreeWaterOptions{Method: kernel.WLS, Diso: 2.8e-3, MDReg: 2.5e-3})},
	{"msmt", sumMSMT(model.MSMTOptions{})},
	{"msmt prediction, lmax 6", sumMSMT(model.MSMTOptions{LMax: 6, Prediction: true})},
	{"dti wls", sumTensor(model.TensorOptions{})},
	{"dti ols", sumTensor(model.TensorOptions{Method: kernel.OLS})},
	{"dti nls", sumTensor(model.TensorOptions{Method: kernel.NLS})},
	{"dti iwls 2", sumTensor(model.TensorOptions{Method: kernel.IWLS, Iterations: 2})},
	{"dti iwls 1, uniform", sumTensor(model.TensorOptions{Method: kernel.IWLS, Iterations: 1, UniformStart: true})},
	{"sfm elasticnet", sumSFM(model.SFMOptions{Prediction: true})},
	{"sfm nnls", sumSFM(model.SFMOptions{Solver: model.NNLS})},
	{"sfm nnls double, evals", sumSFM(model.SFMOptions{Solver: model.NNLS, Precision: kernel.Double, Evals: [3]float64{0.0017, 0.0003, 0.0003}})},
}

func sumCSD(o model.CSDOptions) func(acquisition, int, string) (model.Model, error) {
	return func(a acquisition, lmax int, isa string) (model.Model, error) {
		o := o
		o.LMax, o.ISA = lmax, isa
		return model.NewCSD(a.gradients, a.response(), o)
	}
}

func sumMSMT(o model.MSMTOptions) func(acquisition, int, string) (model.Model, error) {
	return func(a acquisition, _ int, isa string) (model.Model, error) {
		o := o
		o.ISA = isa
		wm, gm, csf := phantom.Tissues()
		return model.NewMSMT(a.gradients, []model.Tissue{{Name: "WM", Response: wm}, {Name: "GM", Response: gm}, {Name: "CSF", Response: csf}}, o)
	}
}

func sumFreeWater(o model.FreeWaterOptions) func(acquisition, int, string) (model.Model, error) {
	return func(a acquisition, _ int, isa string) (model.Model, error) {
		o := o
		o.ISA = isa
		return model.NewFreeWater(a.gradients, o)
	}
}

func sumTensor(o model.TensorOptions) func(acquisition, int, string) (model.Model, error) {
	return func(a acquisition, _ int, isa string) (model.Model, error) {
		o := o
		o.ISA = isa
		return model.NewTensor(a.gradients, o)
	}
}

func sumSFM(o model.SFMOptions) func(acquisition, int, string) (model.Model, error) {
	return func(a acquisition, _ int, isa string) (model.Model, error) {
		o := o
		o.ISA = isa
		return model.NewSFM(a.gradients, o)
	}
}

// sumsOf fits in two chunks by two workers and adds up the bits of parameters, status and maps.
func sumsOf(t *testing.T, m model.Model, a acquisition) string {
	t.Helper()
	result := blocks.New(m.Fitter(), a.voxels())
	if _, err := blocks.Block(context.Background(), m.Fitter(), a.signal, result, sched.Plan{Workers: 2, Chunks: 2}); err != nil {
		t.Fatal(err)
	}
	h := fnv.New32a()
	for _, x := range result.Parameters {
		writeBits(h, math.Float64bits(x))
	}
	sums := fmt.Sprintf("parameters %08x", h.Sum32())
	var out [][]float32
	for _, described := range m.Maps() {
		out = append(out, make([]float32, a.voxels()*described.Components))
	}
	m.NewDeriver().Derive(out, result.Parameters, result.Status)
	for i, described := range m.Maps() {
		if described.OnRequest {
			continue // these are computed from others that are kept
		}
		h.Reset()
		for _, x := range out[i] {
			writeBits(h, uint64(math.Float32bits(x)))
		}
		sums += fmt.Sprintf(", %s %08x", described.Name, h.Sum32())
	}
	return sums
}

func writeBits(w interface{ Write([]byte) (int, error) }, bits uint64) {
	var bytes [8]byte
	for i := range bytes {
		bytes[i] = byte(bits >> (8 * i))
	}
	_, _ = w.Write(bytes[:]) // a hash returns no errors
}

// The bits of all results must be those that were kept. If a change is meant to change them, VOXFIT_KEEP_SUMS=1 writes
// the sums anew, and the commit's message gives the reason.
func TestBitsOfAllResultsAreThoseThatWereKept(t *testing.T) {
	keep := os.Getenv("VOXFIT_KEEP_SUMS") != ""
	kept := readSums(t)
	if keep {
		kept.Commit = gitCommit(t)
	}
	onEveryMultiShellSet(t, sumsVoxels, func(t *testing.T, a acquisition, set multiShellSet) {
		if testing.Short() && set.folder != "" {
			t.Skip("-short: the phantom alone")
		}
		for _, isa := range kernel.ISAs() {
			machine := runtime.GOARCH + " " + isa
			if keep && kept.Sums[machine] == nil {
				kept.Sums[machine] = map[string]string{}
			}
			wanted := kept.Sums[machine]
			if wanted == nil {
				t.Logf("%s: no sums were kept", machine)
				continue
			}
			for _, c := range sumCases {
				key := c.name + ", " + set.name
				m, err := c.make(a, min(set.lmax, 8), isa)
				if err != nil {
					t.Fatalf("%s: %v", key, err)
				}
				got := sumsOf(t, m, a)
				if keep {
					wanted[key] = got
				}
				if got != wanted[key] {
					t.Errorf("%s, %s: the bits are no longer those of commit %s:\ngot  %s\nwant %s", machine, key, kept.Commit, got, wanted[key])
				}
			}
		}
	})
	if keep {
		text, err := json.MarshalIndent(kept, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(sumsFile, append(text, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func readSums(t *testing.T) keptSums {
	t.Helper()
	kept := keptSums{Sums: map[string]map[string]string{}}
	text, err := os.ReadFile(sumsFile)
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return kept
}

func gitCommit(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "rev-parse", "--short=10", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

package phantom

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/voxfit/voxfit/acq"
)

// fiveVolumes is a table whose every number is one IEEE 754 rounding away from a fraction, so that
// the golden sums below depend on this package only.
func fiveVolumes() *acq.GradientTable {
	return &acq.GradientTable{
		Bvals:       []float64{0, 700, 1000, 2000, 3000},
		Bvecs:       [][3]float64{{}, {1, 0, 0}, {0.6, -0.8, 0}, {0, 0.6, 0.8}, {2.0 / 7, 3.0 / 7, 6.0 / 7}},
		B0Threshold: 50,
	}
}

func mustMake(t *testing.T, g *acq.GradientTable, o Options) *Phantom {
	t.Helper()
	p, err := Make(g, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// checksum covers every bit of the signal and of the truth.
func checksum(p *Phantom) string {
	sum := sha256.New()
	put(sum, p.Signal)
	for _, cell := range p.Index {
		put(sum, int64(cell))
	}
	for _, v := range p.Truth {
		put(sum, uint8(v.Tissue), int64(v.Fibres), v.S0, v.FreeWater, v.Compartments)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8])
}

func put(sum hash.Hash, values ...any) {
	for _, v := range values {
		if err := binary.Write(sum, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
}

// The sums are this package's own: they were printed by this test on amd64 and are to hold
// everywhere (GOARCH=arm64 go test -exec qemu-aarch64-static, and so on). One that changes means
// that every phantom ever made has changed: a matter for the changelog.
func TestPhantomsAreTheSameBytesOnEveryPlatform(t *testing.T) {
	for _, c := range []struct {
		options Options
		want    string
	}{
		{Options{Voxels: 1000}, "1c44c8341a585f69"},
		{Options{Voxels: 1000, SNR: 30}, "7eea5fa582f1334a"},
		{Options{Voxels: 5000, SNR: 7.5, Seed: 1 << 63, S0: 3.25}, "649ec63c8d1016b6"},
	} {
		if got := checksum(mustMake(t, fiveVolumes(), c.options)); got != c.want {
			t.Errorf("%+v: checksum %s, expected %s", c.options, got, c.want)
		}
	}
}

func TestWorkersDoNotChangeAByte(t *testing.T) {
	want := mustMake(t, fiveVolumes(), Options{Voxels: 3001, SNR: 20, Workers: 1})
	for _, workers := range []int{0, 2, 3, 7, 1000} {
		got := mustMake(t, fiveVolumes(), Options{Voxels: 3001, SNR: 20, Workers: workers})
		if checksum(got) != checksum(want) {
			t.Errorf("%d workers made another phantom than 1", workers)
		}
	}
}

// endsAfter is a context that has ended once it was asked so many times.
type endsAfter struct {
	context.Context
	asks  int32
	asked atomic.Int32
}

func (c *endsAfter) Err() error {
	if c.asked.Add(1) > c.asks {
		return context.Canceled
	}
	return nil
}

func TestMakingStopsWithItsContext(t *testing.T) {
	ctx := &endsAfter{Context: context.Background(), asks: 5}
	p, err := MakeContext(ctx, fiveVolumes(), Options{Voxels: 1000 * block, Workers: 3})
	if asked := ctx.asked.Load(); p != nil || err != context.Canceled || asked != 5+3+1 {
		t.Errorf("error %v after %d looks at the context, want a cancellation that each of 3 workers hears after 5 blocks in all", err, asked)
	}
}

func TestSeedsMakeDifferentPhantoms(t *testing.T) {
	seen := map[string]uint64{}
	for seed := range uint64(20) {
		sum := checksum(mustMake(t, fiveVolumes(), Options{Voxels: 10, Seed: seed}))
		if other, ok := seen[sum]; ok {
			t.Errorf("seeds %d and %d made the same phantom", other, seed)
		}
		seen[sum] = seed
	}
}

func TestTruthDoesNotDependOnNoiseNorOnGradients(t *testing.T) {
	want := mustMake(t, fiveVolumes(), Options{Voxels: 500, Seed: 3})
	noisy := mustMake(t, fiveVolumes(), Options{Voxels: 500, Seed: 3, SNR: 10})
	other := mustMake(t, b0s(3), Options{Voxels: 500, Seed: 3})
	if !reflect.DeepEqual(noisy.Truth, want.Truth) {
		t.Error("noise changed the truth")
	}
	if !reflect.DeepEqual(other.Truth, want.Truth) {
		t.Error("another gradient table changed the truth")
	}
	if slices.Equal(noisy.Signal, want.Signal) {
		t.Error("noise did not change the signal")
	}
}

// A row's draws are its own, so a larger phantom repeats a smaller one outside of their cores.
func TestVoxelsDoNotDependOnTheirNeighbours(t *testing.T) {
	mix := Mix{TwoFibres: 0.5, CSF: 0.5} // without single fibres there is no core
	small := mustMake(t, fiveVolumes(), Options{Voxels: 100, SNR: 20, Mix: mix})
	large := mustMake(t, fiveVolumes(), Options{Voxels: 700, SNR: 20, Mix: mix})
	if !slices.Equal(small.Signal, large.Signal[:len(small.Signal)]) {
		t.Error("the first 100 voxels of 700 differ from a phantom of 100")
	}
}

// analytic is the formula in the documentation of Voxel, with the standard library's exponential.
func analytic(v Voxel, b float64, g [3]float64) float64 {
	sum := v.FreeWater * math.Exp(-b*3e-3)
	for _, c := range v.Compartments {
		cos := g[0]*c.Direction[0] + g[1]*c.Direction[1] + g[2]*c.Direction[2]
		sum += c.Fraction * math.Exp(-b*(c.Radial+(c.Axial-c.Radial)*cos*cos))
	}
	return v.S0 * sum
}

func TestNoiselessSignalsFollowTheFormula(t *testing.T) {
	g := HCP()
	p := mustMake(t, g, Options{Voxels: 2000, SNR: math.Inf(1), Seed: 4})
	for row, v := range p.Truth {
		exact, err := v.Noiseless(g)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range g.Bvals {
			want := analytic(v, b, g.Bvecs[i])
			// The directions are of unit length to a few 1e-16, and b D is at most 9.
			if math.Abs(exact[i]-want) > 2e-14*want {
				t.Fatalf("voxel %d, volume %d: %.17g, expected %.17g", row, i, exact[i], want)
			}
			if got := p.Signal[row*g.Len()+i]; got != float32(exact[i]) {
				t.Fatalf("voxel %d, volume %d holds %g, expected %g", row, i, got, float32(exact[i]))
			}
		}
	}
}

func TestVolumesWithoutDirectionAreNotWeighted(t *testing.T) {
	g := &acq.GradientTable{Bvals: []float64{0, 5, 40}, Bvecs: make([][3]float64, 3), B0Threshold: 50}
	p := mustMake(t, g, Options{Voxels: 50})
	for row, v := range p.Truth {
		for i := range 3 {
			if got, want := float64(p.Signal[3*row+i]), v.S0; math.Abs(got-want) > 1e-7*want {
				t.Fatalf("voxel %d, b %g: %g, expected S0 = %g", row, g.Bvals[i], got, want)
			}
		}
	}
}

func TestMemoryIsTheSignalOnce(t *testing.T) {
	p := mustMake(t, fiveVolumes(), Options{Voxels: 77})
	if len(p.Signal) != 77*5 || cap(p.Signal) != len(p.Signal) {
		t.Errorf("signal has length %d and capacity %d, expected %d", len(p.Signal), cap(p.Signal), 77*5)
	}
	if len(p.Truth) != 77 || len(p.Index) != 77 {
		t.Errorf("%d truths and %d mask voxels, expected 77", len(p.Truth), len(p.Index))
	}
	one := testing.AllocsPerRun(3, func() { _, _ = Make(fiveVolumes(), Options{Voxels: 100, Workers: 1}) })
	many := testing.AllocsPerRun(3, func() { _, _ = Make(fiveVolumes(), Options{Voxels: 4000, Workers: 1}) })
	if many > one+20 {
		t.Errorf("4000 voxels take %g allocations and 100 take %g: a voxel allocates", many, one)
	}
}

func TestZeroOptionsAreTheDocumentedDefaults(t *testing.T) {
	p := mustMake(t, fiveVolumes(), Options{})
	o := p.Options
	if o.Voxels != 4096 || o.SNR != 0 || o.S0 != 1000 || o.Seed != 0 || o.Workers < 1 || p.Shape != [3]int{16, 16, 16} {
		t.Errorf("defaults are %+v in a box of %v", o, p.Shape)
	}
	if want := (Mix{0.175, 0.225, 0.10, 0.35, 0.15}); o.Mix != want {
		t.Errorf("default mix is %+v, expected %+v", o.Mix, want)
	}
}

func TestBadOptionsSayWhatWasExpected(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"negative voxels":  {Options{Voxels: -1}, "Voxels is -1; expected 1 or more"},
		"negative workers": {Options{Workers: -2}, "Workers is -2; expected 1 or more"},
		"negative SNR":     {Options{SNR: -3}, "SNR is -3; expected 1 or more"},
		"NaN SNR":          {Options{SNR: nan}, "SNR is NaN; expected 1 or more"},
		"tiny SNR":         {Options{SNR: 1e-300}, "SNR is 1e-300; expected 1 or more"},
		"negative S0":      {Options{S0: -1}, "S0 is -1; expected a positive number"},
		"NaN S0":           {Options{S0: nan}, "S0 is NaN; expected a positive number"},
		"infinite S0":      {Options{S0: math.Inf(1)}, "S0 is +Inf; expected a positive number"},
		"too many voxels":  {Options{Voxels: math.MaxInt}, "volumes do not fit in memory"},
		"negative share":   {Options{Mix: Mix{OneFibre: 1.5, CSF: -0.5}}, "share 1.5; expected 0 to 1"},
		"NaN share":        {Options{Mix: Mix{OneFibre: nan}}, "share NaN; expected 0 to 1"},
		"shares below 1":   {Options{Mix: Mix{OneFibre: 0.5}}, "add to 0.5; expected 1"},
	} {
		_, err := Make(fiveVolumes(), c.options)
		checkError(t, name, err, c.want)
	}
}

func TestBadGradientsSayWhatWasExpected(t *testing.T) {
	bad := func(b float64, v [3]float64) *acq.GradientTable {
		return &acq.GradientTable{Bvals: []float64{0, b}, Bvecs: [][3]float64{{}, v}}
	}
	for name, c := range map[string]struct {
		g    *acq.GradientTable
		want string
	}{
		"nil":            {nil, "gradient table is empty"},
		"empty":          {&acq.GradientTable{}, "gradient table is empty"},
		"uneven":         {&acq.GradientTable{Bvals: []float64{0, 1}, Bvecs: [][3]float64{{}}}, "2 b-values and 1 direction"},
		"negative b":     {bad(-1, [3]float64{1, 0, 0}), "volume 1 has b-value -1; expected"},
		"NaN b":          {bad(math.NaN(), [3]float64{1, 0, 0}), "volume 1 has b-value NaN; expected"},
		"infinite b":     {bad(math.Inf(1), [3]float64{1, 0, 0}), "volume 1 has b-value +Inf; expected"},
		"long direction": {bad(1000, [3]float64{2, 0, 0}), "volume 1 has a direction of length 2; expected 1"},
		"NaN direction":  {bad(1000, [3]float64{math.NaN(), 0, 0}), "volume 1 has a direction of length NaN; expected 1"},
	} {
		_, err := Make(c.g, Options{Voxels: 1})
		checkError(t, name, err, c.want)
		_, err = Voxel{}.Noiseless(c.g)
		checkError(t, name+" (Noiseless)", err, c.want)
	}
}

func checkError(t *testing.T, name string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, expected one with %q", name, err, want)
	}
}

// As above for the study's own protocol, whose directions come from sh.Repulsion.
func TestTheStudysPhantomIsTheSameBytesOnEveryPlatform(t *testing.T) {
	const want = "170603eaf839a197"
	if got := checksum(mustMake(t, HCP(), Options{Voxels: 500, SNR: 30, Seed: 1})); got != want {
		t.Errorf("checksum %s, expected %s", got, want)
	}
}

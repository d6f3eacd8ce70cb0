package phantom

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
)

// smallBrain makes a brain with voxels of 8 mm.
func smallBrain(t *testing.T, o BrainOptions) *Brain {
	t.Helper()
	if o.Shape == [3]int{} {
		o.Shape = [3]int{26, 26, 18}
	}
	b, err := MakeBrain(context.Background(), HCP(), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func volumeOf(t *testing.T, b *Brain, volume int) []float32 {
	t.Helper()
	dst := make([]float32, b.voxels())
	if err := b.Volume(context.Background(), dst, volume); err != nil {
		t.Fatal(err)
	}
	return dst
}

// The checksum is that of the bits on amd64; the package promises the same everywhere.
func TestBrainIsTheSameForAnyNumberOfWorkersAndOnEveryPlatform(t *testing.T) {
	for _, workers := range []int{1, 3} {
		b := smallBrain(t, BrainOptions{SNR: 30, Seed: 1, Background: true, Workers: workers})
		sum := fnv.New64a()
		for i := range b.Truth {
			fmt.Fprintf(sum, "%d %x;", b.Index[i], b.Truth[i])
		}
		for _, volume := range []int{0, 1, 287} {
			for _, x := range volumeOf(t, b, volume) {
				fmt.Fprintf(sum, "%x ", math.Float32bits(x))
			}
		}
		if got := fmt.Sprintf("%016x", sum.Sum64()); got != goldenBrain {
			t.Errorf("%d workers: checksum %s, expected %s", workers, got, goldenBrain)
		}
	}
}

const goldenBrain = "901612a01a8b584f"

func TestBrainHasAllTissuesAndCrossings(t *testing.T) {
	b := smallBrain(t, BrainOptions{Shape: [3]int{52, 52, 36}, Seed: 1}) // half of the default along each axis
	if 8*len(b.Index) < 250000 {
		t.Errorf("the mask has %d voxels, expected an eighth of 250000 or more", len(b.Index))
	}
	var tissues [CSF + 1]int
	var fibres [4]int
	mixed := 0
	low, high := math.Inf(1), math.Inf(-1)
	for i := range b.Truth {
		v := &b.Truth[i]
		tissues[v.Tissue()]++
		if v.White > 0.5 {
			fibres[v.Fibres]++
		}
		if max(v.White, v.Grey, v.Water) < 0.8 {
			mixed++
		}
		low, high = min(low, v.Bias), max(high, v.Bias)
		checkVoxel(t, v)
	}
	t.Log("tissues", tissues, "fibres in white matter", fibres, "mixed", mixed, "bias", low, high)
	n := len(b.Truth)
	if tissues[WhiteMatter] < n*2/5 || tissues[GreyMatter] < n/8 || tissues[CSF] < n/20 {
		t.Errorf("tissues %v of %d voxels", tissues, n)
	}
	if fibres[0] > 0 || fibres[2] < n/20 || fibres[3] < n/100 {
		t.Errorf("fibres %v of %d voxels", fibres, n)
	}
	if mixed < n/10 || high < 1.3*low {
		t.Errorf("%d mixed voxels, bias %v to %v", mixed, low, high)
	}
}

func checkVoxel(t *testing.T, v *BrainVoxel) {
	t.Helper()
	sum := v.White + v.Grey + v.Water
	shares := 0.0
	for k := range v.Fibres {
		shares += v.Shares[k]
		if k > 0 && v.Shares[k] > v.Shares[k-1] || math.Abs(norm3(v.Directions[k])-1) > 1e-12 {
			t.Fatalf("bundles of %+v", v)
		}
	}
	if sum < 0.5-1e-12 || sum > 1+1e-12 || v.Fibres > 0 && math.Abs(shares-1) > 1e-12 {
		t.Fatalf("shares of %+v", v)
	}
}

func TestResponsesOfTheBrainAreThoseOfItsTissues(t *testing.T) {
	peer.Slow(t)
	g := HCP()
	b := smallBrain(t, BrainOptions{Shape: [3]int{52, 52, 36}, SNR: 40, Seed: 2})
	signal := make([]float32, len(b.Index)*g.Len())
	for i := range g.Len() {
		for row, x := range valuesAt(volumeOf(t, b, i), b.Index) {
			signal[row*g.Len()+i] = x
		}
	}
	r, err := acq.AutoResponse(signal, b.Options.Shape, b.Index, g, acq.AutoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("response", r, "from", r.Voxels)
	if math.Abs(r.Evals[0]-1.75e-3) > 0.15e-3 || math.Abs(r.Evals[1]-0.27e-3) > 0.1e-3 || r.Voxels < 20 {
		t.Errorf("response %v of %d voxels, expected the commissure's 1.75e-3, 0.25e-3", r, r.Voxels)
	}
	tissues, err := acq.AutoTissues(signal, g)
	if err != nil {
		t.Fatal(err)
	}
	// Ratios of b = 1000 to b = 0, which the bias field leaves alone.
	for name, c := range map[string]struct {
		r    acq.Response
		want float64
	}{"GM": {tissues.GM, math.Exp(-1000 * brainGrey)}, "CSF": {tissues.CSF, math.Exp(-1000 * FreeWaterDiffusivity)}} {
		if got := c.r.Zonal[1][0] / c.r.Zonal[0][0]; math.Abs(got-c.want) > 0.15*c.want {
			t.Errorf("%s keeps %.3f of its signal at b = 1000, expected %.3f", name, got, c.want)
		}
	}
}

func valuesAt(values []float32, index []int) []float32 {
	var list []float32
	for _, voxel := range index {
		list = append(list, values[voxel])
	}
	return list
}

func TestNoiseIsRicianInsideAndOutside(t *testing.T) {
	const sigma = 1000.0 / 20
	b := smallBrain(t, BrainOptions{SNR: 20, Seed: 3, Background: true})
	inside := map[int]bool{}
	for _, voxel := range b.Index {
		inside[voxel] = true
	}
	sum, n := 0.0, 0
	for _, volume := range []int{0, 5, 100} {
		for voxel, x := range volumeOf(t, b, volume) {
			if !inside[voxel] {
				sum, n = sum+float64(x), n+1
			}
		}
	}
	// The mean of a magnitude image without signal (Gudbjartsson and Patz 1995).
	if mean, want := sum/float64(n), sigma*math.Sqrt(math.Pi/2); math.Abs(mean-want) > 0.02*want {
		t.Errorf("the mean outside is %.2f, expected %.2f", mean, want)
	}
	clean := smallBrain(t, BrainOptions{Seed: 3})
	noisy, without := volumeOf(t, b, 16), volumeOf(t, clean, 16)
	square := 0.0
	for _, voxel := range b.Index {
		d := float64(noisy[voxel] - without[voxel])
		square += d * d
	}
	if sd := math.Sqrt(square / float64(len(b.Index))); math.Abs(sd-sigma) > 0.03*sigma {
		t.Errorf("the noise inside is %.2f, expected %.2f", sd, sigma)
	}
	for voxel, x := range without {
		if !inside[voxel] && x != 0 {
			t.Fatalf("voxel %d outside has %v without background", voxel, x)
		}
	}
}

func TestSignalIsLeastAlongSingleBundles(t *testing.T) {
	b := smallBrain(t, BrainOptions{Seed: 4})
	g := b.Gradients
	checked := 0
	for i := range b.Truth {
		v := &b.Truth[i]
		if v.White < 1 || v.Fibres != 1 {
			continue
		}
		checked++
		// The signal is least along the fibre.
		least, at := math.Inf(1), 0
		for volume := range g.Len() {
			if g.Bvals[volume] == 3000 {
				w := b.weighting(volume)
				if s := w.signal(v); s < least {
					least, at = s, volume
				}
			}
		}
		u, d := v.Directions[0], g.Bvecs[at]
		if cos := math.Abs(u[0]*d[0] + u[1]*d[1] + u[2]*d[2]); cos < 0.96 {
			t.Errorf("voxel %d: the signal is least %.0f degrees from its bundle", i, math.Acos(cos)*180/math.Pi)
		}
	}
	if checked < 50 {
		t.Errorf("only %d voxels are of a single bundle", checked)
	}
}

func TestBrainOnDiskIsTheBrain(t *testing.T) {
	dir := t.TempDir()
	b := smallBrain(t, BrainOptions{Shape: [3]int{12, 12, 10}, SNR: 30, Seed: 1, Datatype: nifti.Int16})
	done := 0
	if err := b.Write(context.Background(), dir, func(n int) { done = n }); err != nil {
		t.Fatal(err)
	}
	if done != b.Gradients.Len()-1 {
		t.Errorf("progress ended with %d", done)
	}
	image, err := nifti.Open(filepath.Join(dir, "dwi.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	mask, err := nifti.ReadMask(filepath.Join(dir, "mask.nii.gz"))
	if err != nil || len(mask.Index) != len(b.Index) {
		t.Fatalf("mask of %d voxels, expected %d: %v", len(mask.Index), len(b.Index), err)
	}
	got := make([]float32, b.voxels()*b.Gradients.Len())
	if err := image.ReadMasked(context.Background(), got, nifti.FullMask(image.Header).Index, nifti.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, volume := range []int{0, 100} {
		for voxel, x := range volumeOf(t, b, volume) {
			if got[voxel*b.Gradients.Len()+volume] != float32(math.RoundToEven(float64(x))) {
				t.Fatalf("voxel %d of volume %d is %v on disk, %v in memory", voxel, volume, got[voxel*b.Gradients.Len()+volume], x)
			}
		}
	}
	for _, name := range BrainFiles() {
		if matches, _ := filepath.Glob(filepath.Join(dir, name)); len(matches) != 1 {
			t.Errorf("%s was not written", name)
		}
	}
}

func TestBrainsThatCannotBeMadeAreRefused(t *testing.T) {
	for _, o := range []BrainOptions{{Shape: [3]int{4, 20, 20}}, {Shape: [3]int{20, 20, 5000}}, {SNR: -1}, {SNR: math.NaN()}, {SNR: 0.5},
		{S0: -1}, {S0: 7000, Datatype: nifti.Int16}, {S0: 99, Datatype: nifti.Int16}, {S0: 1, Datatype: nifti.Uint16}, {Datatype: nifti.Float64}, {Workers: -1}} {
		if _, err := MakeBrain(context.Background(), HCP(), o); err == nil {
			t.Errorf("%+v was made", o)
		}
	}
	if _, err := MakeBrain(context.Background(), nil, BrainOptions{}); err == nil {
		t.Error("a brain without gradients was made")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := MakeBrain(ctx, HCP(), BrainOptions{}); err == nil {
		t.Error("a cancelled brain was made")
	}
	b := smallBrain(t, BrainOptions{})
	if b.Volume(context.Background(), make([]float32, 5), 0) == nil || b.Volume(context.Background(), make([]float32, b.voxels()), 288) == nil {
		t.Error("a volume that does not exist was made")
	}
}

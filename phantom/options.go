package phantom

import (
	"fmt"
	"math"
	"math/bits"
	"runtime"

	"github.com/voxfit/voxfit/internal/plural"
)

// Options say what phantom to make. The zero value is a noiseless phantom of 4096 voxels (a box of
// 16 x 16 x 16) with S0 1000, seed 0 and the tissues of [Mix].
type Options struct {
	// Voxels is the number of masked voxels, 1 or more; 0 means 4096. The published study's
	// subject has 435,686.
	Voxels int
	// SNR is S0/sigma, where sigma is the standard deviation of the noise on each of the two
	// channels (real and imaginary) before the magnitude is taken, the same in every voxel and
	// volume. 0 and +Inf mean no noise.
	SNR float64
	// Seed chooses the phantom. Every value is a seed, 0 too.
	Seed uint64
	// S0 is the mean signal without diffusion weighting, in the scanner's arbitrary units; 0
	// means 1000. Each voxel's own S0 is within 10% of it.
	S0 float64
	// Mix is the composition; the zero Mix means the default one.
	Mix Mix
	// Workers is the number of goroutines that fill the phantom; 0 means GOMAXPROCS. It changes
	// no bit of the result.
	Workers int
}

// A Mix is the composition of a phantom: for each kind of voxel, the probability that a voxel
// outside the core is of it. The shares add to 1. The zero Mix stands for the default:
//
//	white matter, one fibre       17.5 %
//	white matter, two fibres      22.5 %
//	white matter, three fibres    10   %
//	grey matter                   35   %
//	cerebrospinal fluid           15   %
type Mix struct {
	OneFibre    float64 `json:"one_fibre"`
	TwoFibres   float64 `json:"two_fibres"`
	ThreeFibres float64 `json:"three_fibres"`
	GreyMatter  float64 `json:"grey_matter"`
	CSF         float64 `json:"csf"`
}

var defaultMix = Mix{OneFibre: 0.175, TwoFibres: 0.225, ThreeFibres: 0.10, GreyMatter: 0.35, CSF: 0.15}

const (
	defaultVoxels = 4096
	defaultS0     = 1000.0

	// maxSignalBytes bounds one allocation on 64-bit machines below what Go's allocator refuses
	// with a panic (2^48 on most of them).
	maxSignalBytes = 1 << 46

	// The largest signal stays far inside float32, whatever the noise draws (R < 8.6 sigma).
	maxS0 = 1e30
)

// filled checks o and returns it with its defaults filled in. measurements is the number of
// volumes.
func (o Options) filled(measurements int) (Options, error) {
	if o.Voxels == 0 {
		o.Voxels = defaultVoxels
	}
	if o.S0 == 0 {
		o.S0 = defaultS0
	}
	if math.IsInf(o.SNR, 1) {
		o.SNR = 0
	}
	if o.Mix == (Mix{}) {
		o.Mix = defaultMix
	}
	switch {
	case o.Voxels < 0:
		return o, fmt.Errorf("phantom: Voxels is %d; expected 1 or more (or 0 for %d)", o.Voxels, defaultVoxels)
	case o.Workers < 0:
		return o, fmt.Errorf("phantom: Workers is %d; expected 1 or more (or 0 for all processors)", o.Workers)
	case !(o.S0 > 0 && o.S0 <= maxS0):
		return o, fmt.Errorf("phantom: S0 is %g; expected a positive number up to %g (or 0 for %g)", o.S0, maxS0, defaultS0)
	case !isSNR(o.SNR):
		return o, errSNR(o.SNR)
	}
	if err := o.Mix.check(); err != nil {
		return o, err
	}
	if !fits(o.Voxels, measurements) {
		return o, fmt.Errorf("phantom: %s of %s do not fit in memory; expected fewer voxels", plural.Count(o.Voxels, "voxel"), plural.Count(measurements, "volume"))
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o, nil
}

// sigma is the standard deviation of the noise on each channel; 0 when there is none.
func (o Options) sigma() float64 {
	if o.SNR == 0 {
		return 0
	}
	return o.S0 / o.SNR
}

// fits says whether a block of voxels x measurements float32 can be asked for at all.
func fits(voxels, measurements int) bool {
	high, low := bits.Mul64(uint64(voxels), uint64(measurements)*4)
	return high == 0 && low <= maxSignalBytes && low <= math.MaxInt
}

// shares lists the mix in the order in which a voxel's kind is drawn.
func (m Mix) shares() [5]float64 {
	return [5]float64{m.OneFibre, m.TwoFibres, m.ThreeFibres, m.GreyMatter, m.CSF}
}

func (m Mix) check() error {
	sum := 0.0
	for _, share := range m.shares() {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("phantom: Mix holds the share %g; expected 0 to 1", share)
		}
		sum += share
	}
	if math.Abs(sum-1) > 1e-9 {
		return fmt.Errorf("phantom: the shares of Mix add to %g; expected 1", sum)
	}
	return nil
}

// isSNR says whether a number can be the signal-to-noise ratio of a phantom. Noise is never larger than S0.
func isSNR(snr float64) bool { return snr == 0 || snr >= 1 }

func errSNR(snr float64) error {
	return fmt.Errorf("phantom: SNR is %g; expected 1 or more (or 0 or +Inf for no noise)", snr)
}

package phantom

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/nifti"
)

// BrainOptions say what brain to make. The zero value is a brain of 104 x 104 x 72 voxels without noise, seed 0, in
// float32.
type BrainOptions struct {
	// Shape is the shape of the image, 8 to 1024 voxels along each axis. Zeros mean 104, 104, 72. The brain fills
	// the image, so that voxels are smaller the more there are. By default they are 1.75 mm wide along x.
	Shape [3]int
	// SNR is the ratio of the signal of white matter without diffusion weighting to sigma, the standard deviation
	// of the noise on each of the two channels before the magnitude is taken. 0 and +Inf mean no noise.
	SNR float64
	// Seed chooses the folds of the cortex and the noise.
	Seed uint64
	// S0 is the signal of white matter without diffusion weighting, before the bias field; 0 means 1000.
	S0 float64
	// Background puts noise outside of the brain, too. Without it the signal is zero there.
	Background bool
	// Datatype is the type of the values in the signal's file: nifti.Float32 (the default), nifti.Int16 or
	// nifti.Uint16.
	Datatype nifti.Datatype
	// Workers is the number of goroutines; 0 means GOMAXPROCS. It changes no bit of the result.
	Workers int
}

// What tissues are made of. Signals without weighting are those of a T2-weighted image, relative to white matter.
const (
	brainGreySignal  = 1.4
	brainWaterSignal = 2.4
	brainGrey        = 0.85e-3 // diffusivity, mm2/s
	brainWidth       = 182     // mm that the image is wide along x
)

var defaultBrainShape = [3]int{104, 104, 72}

func (o BrainOptions) filled(measurements int) (BrainOptions, error) {
	if o.Shape == [3]int{} {
		o.Shape = defaultBrainShape
	}
	if o.S0 == 0 {
		o.S0 = defaultS0
	}
	if math.IsInf(o.SNR, 1) {
		o.SNR = 0
	}
	if o.Datatype == 0 {
		o.Datatype = nifti.Float32
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	// As whole numbers tissues must still differ, and the brightest water with noise must fit into int16.
	least, most := 100.0, 6000.0
	if o.Datatype == nifti.Float32 {
		least, most = math.SmallestNonzeroFloat64, maxS0
	}
	for _, n := range o.Shape {
		if n < 8 || n > 1024 {
			return o, fmt.Errorf("phantom: the shape is %v; expected 8 to 1024 voxels along each axis", o.Shape)
		}
	}
	switch {
	case o.Datatype != nifti.Float32 && o.Datatype != nifti.Int16 && o.Datatype != nifti.Uint16:
		return o, fmt.Errorf("phantom: the data type is %v; expected float32, int16 or uint16", o.Datatype)
	case o.Datatype != nifti.Float32 && !(o.S0 >= least && o.S0 <= most):
		return o, fmt.Errorf("phantom: S0 is %g; expected %g to %g in %v, whose values are whole numbers", o.S0, least, most, o.Datatype)
	case !(o.S0 >= least && o.S0 <= most):
		return o, fmt.Errorf("phantom: S0 is %g; expected a positive number up to %g in %v", o.S0, most, o.Datatype)
	case !isSNR(o.SNR):
		return o, errSNR(o.SNR)
	case o.Workers < 0:
		return o, fmt.Errorf("phantom: Workers is %d; expected 1 or more (or 0 for all processors)", o.Workers)
	case !fits(o.Shape[0]*o.Shape[1]*o.Shape[2], measurements):
		return o, fmt.Errorf("phantom: %v voxels of %d volumes are too many", o.Shape, measurements)
	}
	return o, nil
}

// A Brain is a phantom that is arranged as in a head: a folded cortex around white matter, ventricles, deep grey
// matter, and bundles of fibres that cross. It holds the truth, and makes the signal volume by volume, so that a
// whole brain takes little memory.
type Brain struct {
	// Options are the options that it was made with, defaults filled in.
	Options BrainOptions
	// Gradients is the table given to MakeBrain.
	Gradients *acq.GradientTable
	// Index holds the linear numbers (x fastest, ascending) of the voxels of the mask.
	Index []int
	// Truth is what each voxel of the mask is made of.
	Truth []BrainVoxel

	acquired *acquisition
}

// A BrainVoxel is the truth of one voxel. Its noiseless signal is
//
//	Bias (S0 White sum_k Share_k exp(-b (R_k + (A_k - R_k) (g.u_k)^2)) + 1.4 S0 Grey exp(-b Dg) + 2.4 S0 Water exp(-b Dw))
//
// with u_k the Directions, A_k and R_k the Axial and Radial diffusivities, Dg = 0.85e-3 and Dw = 3e-3 mm2/s.
type BrainVoxel struct {
	// White, Grey and Water are the shares of the tissues in the voxel's volume. They add to 1, or at the brain's rim to
	// less: the rest is outside and gives no signal.
	White, Grey, Water float64
	// Fibres is the number of bundles in the white matter, 0 to 3.
	Fibres int
	// Directions are the bundles' axes, unit vectors in the frame of the gradient directions, the largest share first.
	Directions [3][3]float64
	// Shares are the shares of the bundles in the white matter. They add to 1.
	Shares [3]float64
	// Axial and Radial are the bundles' diffusivities along and across, in mm2/s.
	Axial, Radial [3]float64
	// Bias is the sensitivity of the receiver in this voxel.
	Bias float64
}

// MakeBrain makes the truth of a brain, for the acquisition g. Everything is the same on every platform and with any
// number of workers, as in Make. When ctx ends, MakeBrain returns within some milliseconds, with the error of ctx.
func MakeBrain(ctx context.Context, g *acq.GradientTable, o BrainOptions) (*Brain, error) {
	a, err := newAcquisition(g)
	if err != nil {
		return nil, err
	}
	if o, err = o.filled(g.Len()); err != nil {
		return nil, err
	}
	b := &Brain{Options: o, Gradients: g, acquired: a}
	anatomy := newAnatomy(o.Shape, o.Seed)
	rows := o.Shape[1] * o.Shape[2]
	found := make([][]BrainVoxel, rows)
	places := make([][]int, rows)
	inBlocks(ctx, o.Workers, rows, 1, func(begin, _ int) {
		y, z := begin%o.Shape[1], begin/o.Shape[1]
		for x := range o.Shape[0] {
			if v, inside := anatomy.voxel([3]int{x, y, z}); inside {
				found[begin] = append(found[begin], v)
				places[begin] = append(places[begin], x+o.Shape[0]*begin)
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for row := range found {
		b.Truth, b.Index = append(b.Truth, found[row]...), append(b.Index, places[row]...)
	}
	return b, nil
}

// inBlocks divides n things into blocks and calls do for each block, on several workers, until ctx ends. Any worker
// may take any block.
func inBlocks(ctx context.Context, workers, n, size int, do func(begin, end int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	blocks := (n + size - 1) / size
	for range min(workers, blocks) {
		wait.Go(func() {
			for ctx.Err() == nil {
				k := int(next.Add(1) - 1)
				if k >= blocks {
					return
				}
				do(k*size, min((k+1)*size, n))
			}
		})
	}
	wait.Wait()
}

// Volume writes the signal of one volume, counted from 0, to dst: all voxels of the image, x fastest. Each volume
// has noise of its own, so that volumes can be made in any order. It ends early when ctx does.
func (b *Brain) Volume(ctx context.Context, dst []float32, volume int) error {
	if len(dst) != b.voxels() || volume < 0 || volume >= b.Gradients.Len() {
		return fmt.Errorf("phantom: volume %d of %d values was asked for; expected one of %d, of %s", volume, len(dst), b.Gradients.Len(), plural.Count(b.voxels(), "value"))
	}
	clear(dst)
	w := b.weighting(volume)
	inBlocks(ctx, b.Options.Workers, len(b.Truth), brainBlock, func(begin, end int) {
		for row := begin; row < end; row++ {
			dst[b.Index[row]] = float32(w.signal(&b.Truth[row]))
		}
	})
	if sigma := b.sigma(); sigma > 0 {
		b.addNoise(ctx, dst, volume, sigma)
	}
	return ctx.Err()
}

// brainBlock is the number of voxels that a worker takes at a time.
const brainBlock = 4096

func (b *Brain) voxels() int { return b.Options.Shape[0] * b.Options.Shape[1] * b.Options.Shape[2] }

func (b *Brain) sigma() float64 {
	if b.Options.SNR == 0 {
		return 0
	}
	return b.Options.S0 / b.Options.SNR
}

// addNoise makes the signal that of a magnitude image, inside the mask or everywhere.
func (b *Brain) addNoise(ctx context.Context, dst []float32, volume int, sigma float64) {
	noise := newSequence(b.Options.Seed, forNoise, volume)
	at := func(voxel int) {
		exponential, turn := noise.pair(voxel)
		dst[voxel] = float32(ricianOf(float64(dst[voxel]), sigma, exponential, turn))
	}
	if b.Options.Background {
		inBlocks(ctx, b.Options.Workers, len(dst), brainBlock, func(begin, end int) {
			for voxel := begin; voxel < end; voxel++ {
				at(voxel)
			}
		})
		return
	}
	inBlocks(ctx, b.Options.Workers, len(b.Index), brainBlock, func(begin, end int) {
		for _, voxel := range b.Index[begin:end] {
			at(voxel)
		}
	})
}

// A weighting describes one volume: the signals of its isotropic tissues, and the gradient, which weights the
// fibres.
type weighting struct {
	white, grey, water float64 // signals
	b, norm2           float64
	g                  [3]float64
}

func (b *Brain) weighting(volume int) weighting {
	a, s0 := b.acquired, b.Options.S0
	w := weighting{b: a.b[volume], norm2: a.norm2[volume], g: [3]float64{a.x[volume], a.y[volume], a.z[volume]}, white: s0}
	w.grey = float64(float64(s0*brainGreySignal) * decay(-float64(w.b*float64(w.norm2*brainGrey))))
	w.water = float64(float64(s0*brainWaterSignal) * a.water[volume])
	return w
}

// signal is the noiseless signal of a voxel.
func (w *weighting) signal(v *BrainVoxel) float64 {
	sum := float64(v.Grey*w.grey) + float64(v.Water*w.water)
	for k := range v.Fibres {
		u := &v.Directions[k]
		cos := float64(w.g[0]*u[0]) + float64(w.g[1]*u[1]) + float64(w.g[2]*u[2])
		d := float64(v.Radial[k]*w.norm2) + float64((v.Axial[k]-v.Radial[k])*float64(cos*cos))
		sum += float64(float64(w.white*float64(v.White*v.Shares[k])) * decay(-float64(w.b*d)))
	}
	return float64(v.Bias * sum)
}

// unweighted is the noiseless signal at b = 0.
func (b *Brain) unweighted(v *BrainVoxel) float64 {
	w := weighting{white: b.Options.S0, grey: b.Options.S0 * brainGreySignal, water: b.Options.S0 * brainWaterSignal}
	return w.signal(v)
}

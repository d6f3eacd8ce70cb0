package phantom

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/voxfit/voxfit/acq"
)

// A Phantom is a synthetic acquisition and its truth.
type Phantom struct {
	// Options are the options that it was made with, defaults filled in.
	Options Options
	// Gradients is the table given to Make.
	Gradients *acq.GradientTable
	// Shape is the image's: the sides of a near-cubic box of at least Options.Voxels voxels.
	Shape [3]int
	// Index holds the linear number in the image (x fastest, ascending) of each row of Signal
	// and Truth: the mask. It has exactly Options.Voxels elements.
	Index []int
	// Signal is len(Index) x Gradients.Len(), voxel-major: all values of the first voxel, then
	// all of the second.
	Signal []float32
	// Truth is what each row of Signal was made from.
	Truth []Voxel
}

// Make simulates the acquisition g. It keeps g and does not change it. For options or a table that make no sense, the
// error is one line that says what was found and what was expected.
//
// For one seed the result is the same to the last bit on every platform, with any number of workers and any Go version
// (see the package documentation). A voxel's truth depends on the options Seed, S0 and Mix, on its row, and on whether
// it lies in the core. It does not depend on SNR or g.
func Make(g *acq.GradientTable, o Options) (*Phantom, error) {
	return MakeContext(context.Background(), g, o)
}

// MakeContext does what Make does. When ctx ends, it returns within some milliseconds, with the error of ctx.
func MakeContext(ctx context.Context, g *acq.GradientTable, o Options) (*Phantom, error) {
	a, err := newAcquisition(g)
	if err != nil {
		return nil, err
	}
	if o, err = o.filled(g.Len()); err != nil {
		return nil, err
	}
	shape := boxFor(o.Voxels)
	p := &Phantom{
		Options:   o,
		Gradients: g,
		Shape:     shape,
		Index:     maskOf(shape, o.Voxels),
		Signal:    make([]float32, o.Voxels*g.Len()),
		Truth:     make([]Voxel, o.Voxels),
	}
	p.fill(ctx, a)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// block is the number of voxels that a worker takes at a time: about a millisecond of work.
const block = 128

// fill simulates every voxel in place, or those before ctx ends. Workers take the next block from a counter; because
// a voxel has random numbers of its own, it does not matter which worker takes which block.
func (p *Phantom) fill(ctx context.Context, a *acquisition) {
	var next atomic.Int64
	var wait sync.WaitGroup
	core := coreOf(p.Shape, p.Options.Mix)
	blocks := (len(p.Truth) + block - 1) / block
	for range min(p.Options.Workers, blocks) {
		wait.Go(func() {
			clean := make([]float64, len(a.b))
			for ctx.Err() == nil {
				k := int(next.Add(1) - 1)
				if k >= blocks {
					return
				}
				for row := k * block; row < min((k+1)*block, len(p.Truth)); row++ {
					p.simulate(a, core, row, clean)
				}
			}
		})
	}
	wait.Wait()
}

// simulate draws the truth of one row and writes its signal. clean is scratch.
func (p *Phantom) simulate(a *acquisition, core coreBox, row int, clean []float64) {
	truth := newStream(p.Options.Seed, forTruth, row)
	p.Truth[row] = drawVoxel(&truth, p.Options, core.holds(p.Index[row]))
	a.simulate(clean, &p.Truth[row])
	signal := p.Signal[row*len(clean):][:len(clean)]
	sigma := p.Options.sigma()
	if sigma == 0 {
		for i, s := range clean {
			signal[i] = float32(s)
		}
		return
	}
	noise := newStream(p.Options.Seed, forNoise, row)
	for i, s := range clean {
		signal[i] = float32(noise.rician(s, sigma))
	}
}

// Response is the response function of a single fibre of the phantom: the middle of the ranges that
// its diffusivities are drawn from (1.7e-3 along, 0.325e-3 mm2/s across), and the default S0.
func Response() acq.Response {
	const axial, radial = (axialLow + axialHigh) / 2, (radialLow + radialHigh) / 2
	return acq.Response{Evals: [3]float64{axial, radial, radial}, S0: defaultS0}
}

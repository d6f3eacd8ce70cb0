package native

import (
	"context"
	"errors"
	"fmt"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/sched"
)

// A PeakSearch has functions on a sphere, and room for their peaks. All memory is the caller's. The rules are those
// of DIPY's peak_directions, for functions that are the same in opposite directions.
type PeakSearch struct {
	// Voxels is the number of functions. Values holds their values, Voxels x len(Vertices).
	Voxels int
	Values []float64
	// Vertices are unit vectors, of a hemisphere or of a whole sphere, and Edges the pairs of neighbours.
	Vertices [][3]float64
	Edges    [][2]int32
	// Threshold is the least height of a peak, as a share of the highest peak's. Heights are above the smallest
	// value, or above zero if that is negative. Separation is the least angle between peaks in degrees.
	Threshold, Separation float64
	// Indices, Voxels x Most, receives the vertices that are peaks, the highest first, and -1 where there are
	// fewer.
	Most    int
	Indices []int32
	Run
}

// FindPeaks finds the peaks of each function.
func FindPeaks(p *PeakSearch) error {
	if err := p.check(); err != nil {
		return err
	}
	edges := make([][2]int, len(p.Edges))
	for i, e := range p.Edges {
		edges[i] = [2]int{int(e[0]), int(e[1])}
	}
	finder, err := peaks.NewFinder(peaks.Design{
		Directions: p.Vertices, Edges: edges, Coefficients: len(p.Vertices),
		RelativeThreshold: p.Threshold, MinSeparation: p.Separation, Max: p.Most,
	})
	if err != nil {
		return fmt.Errorf("voxfit: %w", err)
	}
	search := func(w *peaks.Worker, part sched.Range) {
		block := w.Block()
		p.tiles(&block, part, func(tile sched.Range) { p.find(w, tile) })
	}
	if p.Voxels <= aloneVoxels && !p.Pin {
		search(finder.NewWorker(), sched.Range{End: p.Voxels})
		return p.end()
	}
	_, err = fit.PerWorker(context.Background(), p.plan(p.Voxels), finder.NewWorker, search)
	return errors.Join(err, p.end())
}

func (p *PeakSearch) check() error {
	if err := p.Run.check(p.Voxels); err != nil {
		return err
	}
	switch {
	case p.Most < 1:
		return fmt.Errorf("voxfit: %s, expected at least 1", plural.Count(p.Most, "peak"))
	case len(p.Values) != p.Voxels*len(p.Vertices):
		return fmt.Errorf("voxfit: %s, expected %s x %s", plural.Count(len(p.Values), "value"), plural.Count(p.Voxels, "voxel"), plural.Count(len(p.Vertices), "vertex"))
	case len(p.Indices) != p.Voxels*p.Most:
		return fmt.Errorf("voxfit: room for %d indices, expected %s x %s", len(p.Indices), plural.Count(p.Voxels, "voxel"), plural.Count(p.Most, "peak"))
	}
	return nil
}

// find is FindPeaks for some voxels.
func (p *PeakSearch) find(w *peaks.Worker, tile sched.Range) {
	vertices := len(p.Vertices)
	for at := tile.Begin; at < tile.End; at += w.Block() {
		n := min(w.Block(), tile.End-at)
		w.Load(p.Values[at*vertices:], vertices, n)
		for i, peaks := range w.Peaks() {
			row := p.Indices[(at+i)*p.Most:][:p.Most]
			for k := range row {
				row[k] = -1
				if k < len(peaks) {
					row[k] = int32(peaks[k].Index)
				}
			}
		}
	}
}

package nifti

import (
	"context"
	"fmt"
)

// A run is a stretch of neighbouring voxels of the mask: voxels begin to end-1 of a volume. Masks consist of long runs
// along x. Runs therefore take less memory than the index, and can be copied fast.
type run struct{ begin, end int }

// runsOf turns an ascending list of voxel numbers into runs. It refuses a list that is not ascending.
func runsOf(index []int, voxels int) ([]run, error) {
	var runs []run
	last := -1
	for i, v := range index {
		switch {
		case v < 0 || v >= voxels:
			return nil, fmt.Errorf("voxel number %d (entry %d of the index) is outside the image, expected 0 to %d", v, i, voxels-1)
		case v <= last:
			return nil, fmt.Errorf("voxel number %d follows %d in the index, expected ascending numbers", v, last)
		case v == last+1 && len(runs) > 0:
			runs[len(runs)-1].end++
		default:
			runs = append(runs, run{v, v + 1})
		}
		last = v
	}
	return runs, nil
}

// chunkBytes is how much of a volume is read at a time: small enough to be converted while it is
// in the second-level cache.
const chunkBytes = 256 << 10

// A gatherer reads the masked voxels of whole volumes, one after the other. It is for one goroutine.
type gatherer struct {
	source source
	header *Header
	runs   []run
	buffer []byte
}

func newGatherer(s source, h *Header, runs []run) *gatherer {
	size := int64(h.Datatype.Size())
	return &gatherer{source: s, header: h, runs: runs, buffer: make([]byte, min(chunkBytes, size*int64(h.Voxels())))}
}

// volume reads the masked voxels of one volume. It calls take for each stretch of them: before is how many voxels came
// before it, n is how many it has, and stored their numbers, which take may change. Voxels between two runs are read
// only where both runs fit into one chunk.
func (g *gatherer) volume(ctx context.Context, volume int, take func(before, n int, stored []byte)) error {
	size := g.header.Datatype.Size()
	base := g.header.offset + int64(volume)*int64(g.header.Voxels())*int64(size)
	chunk, before := len(g.buffer)/size, 0
	for i, begin := 0, 0; i < len(g.runs); {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin = max(begin, g.runs[i].begin)
		limit := begin + chunk
		end := begin
		for j := i; j < len(g.runs) && g.runs[j].begin < limit; j++ {
			end = min(g.runs[j].end, limit)
		}
		if err := g.source.readAt(g.buffer[:(end-begin)*size], base+int64(begin)*int64(size)); err != nil {
			return err
		}
		for ; i < len(g.runs) && g.runs[i].begin < end; i++ {
			from, to := max(g.runs[i].begin, begin), min(g.runs[i].end, end)
			take(before, to-from, g.buffer[(from-begin)*size:])
			before += to - from
			if to < g.runs[i].end { // the rest of this run belongs to the next chunk
				break
			}
		}
		begin = end
	}
	return nil
}

// collect copies volumes first, first+1, ... as they are stored into dst, as many as there is room for. It stops at the
// first error, because a stream cannot go on after one.
func (g *gatherer) collect(ctx context.Context, dst []byte, voxels, first int) error {
	size := g.header.Datatype.Size()
	for volume := first; len(dst) > 0; volume++ {
		err := g.volume(ctx, volume, func(before, n int, stored []byte) {
			copy(dst[size*before:size*(before+n)], stored)
		})
		if err != nil {
			return err
		}
		dst = dst[size*voxels:]
	}
	return nil
}

package nifti

import "context"

// A part is a piece of one volume, as all volumes have it at the same place, of which some voxels are in the mask. Sixteen
// volumes' parts fit a processor's second-level cache: they are read, converted and written as rows without a way through
// memory.
type part struct {
	begin, end int   // its voxels in a volume
	runs       []run // those of the mask
	row        int   // of the first of them in the block
	voxels     int   // in the mask
}

// partsOf divides a volume's voxels, each of the given number of bytes, by pieces, and leaves out those without a voxel of
// the mask.
func partsOf(runs []run, size, voxels int) []part {
	per := pieceBytes / size
	var parts []part
	rows := 0
	for _, r := range runs {
		for r.begin < r.end {
			begin := r.begin / per * per
			if len(parts) == 0 || parts[len(parts)-1].begin != begin {
				parts = append(parts, part{begin: begin, end: min(begin+per, voxels), row: rows})
			}
			p, end := &parts[len(parts)-1], min(r.end, begin+per)
			p.runs = append(p.runs, run{r.begin - begin, end - begin})
			n := end - r.begin
			p.voxels, rows, r.begin = p.voxels+n, rows+n, end
		}
	}
	return parts
}

// A partReader takes the voxels of a part out of some volumes. It is for one goroutine.
type partReader struct {
	source  source
	header  *Header
	convert converter
	bytes   []byte
	planes  [][]float32
}

func (r *reader) newPartReader() *partReader {
	size := r.header.Datatype.Size()
	return &partReader{
		source: r.source.own(), header: r.header, convert: r.header.converter(),
		bytes: make([]byte, pieceBytes), planes: newPlanes(min(planesPerGroup, r.volumes), min(pieceBytes/size, r.voxels)),
	}
}

// read takes the part of volumes first, first+1, ... into planes.
func (r *partReader) read(p part, first, volumes int) ([][]float32, error) {
	size, voxels := int64(r.header.Datatype.Size()), int64(r.header.Voxels())
	planes := r.planes[:volumes]
	for i, plane := range planes {
		at := r.header.offset + size*(int64(first+i)*voxels+int64(p.begin))
		bytes := r.bytes[:size*int64(p.end-p.begin)]
		if err := r.source.readAt(bytes, at); err != nil {
			return nil, err
		}
		for _, run := range p.runs {
			n := run.end - run.begin
			r.convert(plane[:n], bytes[size*int64(run.begin):])
			plane = plane[n:]
		}
	}
	return planes, nil
}

// readParts reads a plain file, sixteen volumes at a time, the parts of which are divided among the workers.
func (r *reader) readParts(callers context.Context) error {
	ctx, cancel := context.WithCancelCause(callers)
	defer cancel(nil)
	parts := partsOf(r.runs, r.header.Datatype.Size(), r.header.Voxels())
	readers := make([]*partReader, min(r.workers, len(parts)))
	for i := range readers {
		readers[i] = r.newPartReader()
	}
	for first := 0; first < r.volumes; first += planesPerGroup {
		volumes := min(planesPerGroup, r.volumes-first)
		spread(len(readers), len(parts), func(worker, i int) {
			if ctx.Err() != nil {
				return
			}
			p := parts[i]
			planes, err := readers[worker].read(p, first, volumes)
			if err != nil {
				cancel(err) // the first one is kept
				return
			}
			toRows(r.dst[p.row*r.volumes:], r.volumes, first, planes, 0, p.voxels)
		})
		if ctx.Err() != nil {
			break
		}
		r.progress(first+volumes, r.volumes)
	}
	if err := callers.Err(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

package nifti

import "context"

// A part is a stretch of places, which is the same in every volume of a store. Some of its voxels are wanted. The parts
// of sixteen volumes fit into a processor's second-level cache. There they stay while they are read, converted and
// written as rows.
type part struct {
	begin, end int   // its places are begin to end-1
	runs       []run // the voxels that are wanted
	row        int   // row of the first of these
	voxels     int   // number of these
}

// partsOf divides the places of a volume into parts of per places. Parts in which no voxel is wanted are left out.
func partsOf(runs []run, per, places int) []part {
	var parts []part
	rows := 0
	for _, r := range runs {
		for r.begin < r.end {
			begin := r.begin / per * per
			if len(parts) == 0 || parts[len(parts)-1].begin != begin {
				parts = append(parts, part{begin: begin, end: min(begin+per, places), row: rows})
			}
			p, end := &parts[len(parts)-1], min(r.end, begin+per)
			p.runs = append(p.runs, run{r.begin - begin, end - begin})
			n := end - r.begin
			p.voxels, rows, r.begin = p.voxels+n, rows+n, end
		}
	}
	return parts
}

// A rowMaker turns parts of a store into rows. It is for one goroutine.
type rowMaker struct {
	store   volumeStore
	size    int
	direct  rowConverter // for a group of sixteen volumes; nil where numbers are converted to planes first
	convert converter
	stored  [planesPerGroup][]byte
	planes  [][]float32
}

func newRowMaker(store volumeStore, h *Header) *rowMaker {
	return &rowMaker{
		size: h.Datatype.Size(), direct: h.rowConverter(), convert: h.converter(),
		planes: newPlanes(min(planesPerGroup, h.Volumes()), min(store.voxelsPerPart(), h.Voxels())),
	}
}

// make writes the part's voxels, from volumes first to last-1, into their columns of dst, whose rows have the given
// length.
func (m *rowMaker) make(ctx context.Context, dst []float32, length int, p part, first, last int) (err error) {
	dst = dst[p.row*length:]
	for ; first < last; first += planesPerGroup {
		if err := ctx.Err(); err != nil {
			return err
		}
		volumes := min(planesPerGroup, last-first)
		for i := range volumes {
			if m.stored[i], err = m.store.stretch(i, first+i, p.begin, p.end); err != nil {
				return err
			}
		}
		if volumes == planesPerGroup && m.direct != nil {
			at := 0
			for _, run := range p.runs {
				m.direct(dst[at*length+first:], length, &m.stored, run)
				at += run.end - run.begin
			}
			continue
		}
		for i, plane := range m.planes[:volumes] {
			for _, run := range p.runs {
				n := run.end - run.begin
				m.convert(plane[:n], m.stored[i][m.size*run.begin:])
				plane = plane[n:]
			}
		}
		toRows(dst, length, first, m.planes[:volumes], 0, p.voxels)
	}
	return nil
}

// A transposition turns voxels of a store into rows of all volumes.
type transposition struct {
	makers []*rowMaker // one for each worker
}

func newTransposition(workers int, store volumeStore, h *Header) *transposition {
	t := &transposition{makers: make([]*rowMaker, workers)}
	for i := range t.makers {
		t.makers[i] = newRowMaker(store, h)
	}
	t.from(store)
	return t
}

// from makes the transposition read another store.
func (t *transposition) from(store volumeStore) {
	for _, m := range t.makers {
		m.store = store.own()
	}
}

// run fills the columns of volumes first to last-1. If there are many parts, workers take whole parts, otherwise some
// volumes of a part.
func (t *transposition) run(callers context.Context, dst []float32, length int, parts []part, first, last int) error {
	ctx, cancel := context.WithCancelCause(callers)
	defer cancel(nil)
	const tasksPerWorker = 4 // so that no worker waits long for the last one
	groups := (last - first + planesPerGroup - 1) / planesPerGroup
	perTask := min(groups, max(1, groups*len(parts)/(tasksPerWorker*len(t.makers))))
	tasksPerPart := (groups + perTask - 1) / perTask
	spread(len(t.makers), len(parts)*tasksPerPart, func(worker, task int) {
		from := first + task%tasksPerPart*perTask*planesPerGroup
		to := min(last, from+perTask*planesPerGroup)
		if err := t.makers[worker].make(ctx, dst, length, parts[task/tasksPerPart], from, to); err != nil {
			cancel(err) // cancel keeps the first one
		}
	})
	if ctx.Err() == nil {
		return nil
	}
	if err := callers.Err(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

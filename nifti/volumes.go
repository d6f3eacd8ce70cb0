package nifti

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/voxfit/voxfit/internal/plural"
)

// Volumes are the masked voxels of all volumes of an image. Rows makes rows of some of these voxels, as often as they
// are wanted. The voxels of a .nii file stay in the file; a row is read when it is asked for. A .nii.gz file is
// decompressed once, into memory, where its numbers have the type that the file stores.
//
// Volumes is for one goroutine at a time. It returns an error that is ErrChanged if the file no longer has the bytes
// that other readings of the Image saw.
type Volumes struct {
	image   *Image
	store   volumeStore
	close   func() error
	runs    []run // of the index; for a store in memory
	places  []int // of the first voxel of each run; for a store in memory
	all     int   // number of places in a volume
	workers int
	rows    *transposition
}

// VolumesBytes returns how many bytes Volumes needs for each voxel of its index: 0 for a .nii file.
func (m *Image) VolumesBytes() int {
	if !m.compressed {
		return 0
	}
	return m.Header.Datatype.Size() * m.Header.Volumes()
}

// Volumes prepares the voxels of index for Rows. index holds ascending linear voxel numbers, and the errors are those
// of ReadMasked. The stored numbers of a .nii.gz file are kept in memory. It must have VolumesBytes for each voxel, and
// belongs to the result until that is closed. DecompressMemory says how much further memory is taken meanwhile.
func (m *Image) Volumes(ctx context.Context, index []int, memory []byte, o ReadOptions) (*Volumes, error) {
	runs, err := runsOf(index, m.Header.Voxels())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	v := &Volumes{image: m, all: m.Header.Voxels(), workers: o.workers(), close: func() error { return nil }}
	if !m.compressed {
		s, err := m.plain()
		if err != nil {
			return nil, err
		}
		v.store, v.close = &fileStore{plainSource: s, header: m.Header}, s.Close
		return v, nil
	}
	if need := len(index) * m.VolumesBytes(); len(memory) < need {
		return nil, fmt.Errorf("%s: there is memory for %s of volumes, expected %d", m.Path, plural.Count(len(memory), "byte"), need)
	}
	v.runs, v.all = runs, len(index)
	at := 0
	for _, r := range runs {
		v.places = append(v.places, at)
		at += r.end - r.begin
	}
	memory = memory[:len(index)*m.VolumesBytes()]
	v.store = newMemoryStore(memory, len(index), m.Header)
	return v, m.stopped(m.collect(ctx, memory, runs, len(index), o))
}

// collect decompresses all volumes of the runs into memory.
func (m *Image) collect(ctx context.Context, memory []byte, runs []run, voxels int, o ReadOptions) error {
	decompressing, _ := m.decompressWorkers(o)
	s, err := m.source(decompressing)
	if err != nil {
		return err
	}
	defer s.Close()
	g, volumes := newGatherer(s, m.Header, runs), m.Header.Volumes()
	perVolume, progress := voxels*m.Header.Datatype.Size(), o.progress()
	for volume := range volumes {
		if err := g.collect(ctx, memory[volume*perVolume:(volume+1)*perVolume], voxels, volume); err != nil {
			return err
		}
		progress(volume+1, volumes)
	}
	return s.finish()
}

// Close gives the memory back to the caller.
func (v *Volumes) Close() error { return v.close() }

// Rows writes the rows of some voxels: dst holds a row of all volumes for each voxel of index, as from ReadMasked. Of a
// .nii.gz file, index may have only voxels that Volumes was called with. As many workers run as ReadOptions said.
func (v *Volumes) Rows(ctx context.Context, dst []float32, index []int) error {
	h := v.image.Header
	runs, err := runsOf(index, h.Voxels())
	if err == nil {
		runs, err = v.placesOf(runs)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", v.image.Path, err)
	}
	volumes := h.Volumes()
	if len(dst) != len(index)*volumes {
		return fmt.Errorf("%s: the block has room for %s, expected %s x %s", v.image.Path, plural.Count(len(dst), "value"), plural.Count(len(index), "voxel"), plural.Count(volumes, "volume"))
	}
	if v.rows == nil {
		v.rows = newTransposition(v.workers, v.store, h)
	}
	return v.image.stopped(v.rows.run(ctx, dst, volumes, partsOf(runs, v.store.voxelsPerPart(), v.all), 0, volumes))
}

// placesOf turns runs of voxel numbers into runs of places.
func (v *Volumes) placesOf(voxels []run) ([]run, error) {
	if v.runs == nil {
		return voxels, nil
	}
	var places []run
	for _, r := range voxels {
		i := sort.Search(len(v.runs), func(i int) bool { return v.runs[i].end > r.begin })
		if i == len(v.runs) || r.begin < v.runs[i].begin || r.end > v.runs[i].end {
			return nil, errors.New("rows of voxels that were not read were asked for")
		}
		begin := v.places[i] + r.begin - v.runs[i].begin
		end := begin + r.end - r.begin
		if n := len(places); n > 0 && places[n-1].end == begin {
			places[n-1].end = end
			continue
		}
		places = append(places, run{begin, end})
	}
	return places, nil
}

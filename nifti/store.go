package nifti

// A volumeStore has the stored numbers of all volumes, which can be read in any order. A voxel has the same place in
// every volume.
type volumeStore interface {
	// stretch returns the stored numbers of places begin to end-1 of a volume. The caller may change them. They are
	// valid until the next call for the same slot, of which there are planesPerGroup.
	stretch(slot, volume, begin, end int) ([]byte, error)
	// voxelsPerPart is how many places should be read at a time, at most.
	voxelsPerPart() int
	// own returns the store for one goroutine.
	own() volumeStore
}

// A fileStore is a .nii file. Places are voxel numbers.
type fileStore struct {
	*plainSource
	header *Header
	buffer []byte // of every slot
}

// slotBytes is the size of a piece, plus some cache lines: so equal places of all slots do not compete for one cache
// set.
const slotBytes = pieceBytes + 5*64

func (s *fileStore) stretch(slot, volume, begin, end int) ([]byte, error) {
	size := int64(s.header.Datatype.Size())
	stored := s.buffer[slot*slotBytes:][:size*int64(end-begin)]
	return stored, s.readAt(stored, s.header.offset+size*(int64(volume)*int64(s.header.Voxels())+int64(begin)))
}

// voxelsPerPart returns the voxels of a piece of the witness, which is always read as a whole.
func (s *fileStore) voxelsPerPart() int { return pieceBytes / s.header.Datatype.Size() }

func (s *fileStore) own() volumeStore {
	return &fileStore{plainSource: s.plainSource.own(), header: s.header, buffer: make([]byte, planesPerGroup*slotBytes)}
}

// A memoryStore has the voxels of an index, for some volumes. A place is a voxel's number within the index.
type memoryStore struct {
	stored []byte
	first  int // the first volume that it has
	voxels int
	size   int    // bytes of a number
	buffer []byte // for every slot, where conversion changes the numbers; nil where it does not
}

// rowsInCache is how many voxels of memory are turned into rows at a time. Rows of a few hundred volumes then stay in a
// second-level cache until they are complete.
const rowsInCache = 256

func newMemoryStore(stored []byte, voxels int, h *Header) *memoryStore {
	s := &memoryStore{stored: stored, voxels: voxels, size: h.Datatype.Size()}
	if h.swaps() {
		s.buffer = make([]byte, planesPerGroup*rowsInCache*s.size)
	}
	return s
}

func (s *memoryStore) stretch(slot, volume, begin, end int) ([]byte, error) {
	from := (volume - s.first) * s.voxels
	stored := s.stored[s.size*(from+begin) : s.size*(from+end)]
	if s.buffer != nil {
		own := s.buffer[slot*rowsInCache*s.size:]
		stored = own[:copy(own, stored)]
	}
	return stored, nil
}

func (s *memoryStore) voxelsPerPart() int { return rowsInCache }

func (s *memoryStore) own() volumeStore {
	own := *s
	if s.buffer != nil {
		own.buffer = make([]byte, len(s.buffer))
	}
	return &own
}

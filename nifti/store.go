package nifti

// A volumeStore has voxels of all volumes as they are stored, to be taken in any order. A voxel has the same place in every
// volume.
type volumeStore interface {
	// stretch is the stored numbers of places begin to end-1 of a volume. They may be changed, and are there until the next call
	// for the same slot, of which there are planesPerGroup.
	stretch(slot, volume, begin, end int) ([]byte, error)
	// voxelsPerPart is the most places that are well taken at a time.
	voxelsPerPart() int
	// own is the store for one goroutine.
	own() volumeStore
}

// A fileStore is a .nii file. Places are voxel numbers.
type fileStore struct {
	*plainSource
	header *Header
	buffer []byte // of every slot
}

// slotBytes is a piece, and some lines, so that equal places of all slots do not compete for one cache set.
const slotBytes = pieceBytes + 5*64

func (s *fileStore) stretch(slot, volume, begin, end int) ([]byte, error) {
	size := int64(s.header.Datatype.Size())
	stored := s.buffer[slot*slotBytes:][:size*int64(end-begin)]
	return stored, s.readAt(stored, s.header.offset+size*(int64(volume)*int64(s.header.Voxels())+int64(begin)))
}

// voxelsPerPart is a piece of the witness, which is read whole in any case.
func (s *fileStore) voxelsPerPart() int { return pieceBytes / s.header.Datatype.Size() }

func (s *fileStore) own() volumeStore {
	return &fileStore{plainSource: s.plainSource.own(), header: s.header, buffer: make([]byte, planesPerGroup*slotBytes)}
}

// A memoryStore has the voxels of an index out of some volumes. Places count the voxels of the index.
type memoryStore struct {
	stored []byte
	first  int // volume
	voxels int
	size   int    // of a number
	buffer []byte // of every slot, for numbers that conversion changes; nil where it does not
}

// rowsInCache is how many voxels of memory are turned into rows at a time: rows of a few hundred volumes stay in a
// second-level cache until they are whole.
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

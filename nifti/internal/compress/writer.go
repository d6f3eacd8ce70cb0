package compress

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"sync"
)

const (
	partBytes = 1 << 20  // the data that one goroutine compresses
	tailBytes = 16 << 10 // the end of the part before, into which matches may reach
)

// gzipHead has no name and no time. XFL is 4, the fastest level, and the system is 255, unknown.
var gzipHead = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}

// A Writer compresses what is written to it. One goroutine at a time may use it.
type Writer struct {
	out     io.Writer
	filling *part
	running []*part // in the order of the file
	workers int
	sum     uint32
	size    uint32
	began   bool
	err     error
}

// A part is a piece of data with its compressor.
type part struct {
	data [tailBytes + partBytes]byte
	tail int // bytes at the beginning of data that belong to the part before
	end  int
	last bool
	encoder
	done chan struct{}
}

// parts has the parts that no Writer uses.
var parts = sync.Pool{New: func() any { return &part{done: make(chan struct{}, 1)} }}

// NewWriter returns a Writer to out. It compresses up to workers parts at the same time. The caller must call Close or
// Stop.
func NewWriter(out io.Writer, workers int) *Writer {
	w := &Writer{out: out, workers: max(1, workers)}
	w.filling = parts.Get().(*part)
	w.filling.tail, w.filling.end = 0, 0
	return w
}

// Write compresses p. It returns the error of the underlying writer, perhaps for earlier data.
func (w *Writer) Write(p []byte) (int, error) {
	taken := 0
	for taken < len(p) && w.err == nil {
		n := copy(w.Room(), p[taken:])
		taken += n
		if err := w.Fill(n); err != nil {
			return taken, err
		}
	}
	return taken, w.err
}

// Room returns memory for the next bytes of data, at least one. The caller writes data there, which saves a copy, and
// then calls Fill.
func (w *Writer) Room() []byte {
	if w.filling.end-w.filling.tail == partBytes {
		w.start(false)
	}
	return w.filling.data[w.filling.end : w.filling.tail+partBytes]
}

// Fill adds the first n bytes of Room to the data. Its error is like that of Write.
func (w *Writer) Fill(n int) error {
	p := w.filling
	w.sum = crc32.Update(w.sum, crc32.IEEETable, p.data[p.end:p.end+n])
	w.size += uint32(n)
	p.end += n
	return w.err
}

// start starts to compress the full or last part. Unless that is the last, it begins another part.
func (w *Writer) start(last bool) {
	if len(w.running) == w.workers {
		w.finish()
	}
	full := w.filling
	full.last = last
	w.running = append(w.running, full)
	if !last {
		next := parts.Get().(*part)
		next.tail = copy(next.data[:tailBytes], full.data[full.end-tailBytes:full.end])
		next.end = next.tail
		w.filling = next
	}
	go func() {
		full.compress(full.data[:full.end], full.tail, full.last)
		full.done <- struct{}{}
	}()
}

// finish waits for the oldest part that is being compressed, and writes it.
func (w *Writer) finish() {
	oldest := w.running[0]
	w.running = append(w.running[:0], w.running[1:]...)
	<-oldest.done
	if !w.began {
		w.began = true
		w.put(gzipHead)
	}
	w.put(oldest.compressed())
	parts.Put(oldest)
}

func (w *Writer) put(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

// Close compresses and writes the rest of the data, and writes the checksum. It does not close the underlying writer.
func (w *Writer) Close() error {
	if w.filling == nil {
		return w.err
	}
	if w.filling.end-w.filling.tail == partBytes { // the last part is never full, and may be empty
		w.start(false)
	}
	w.start(true)
	w.filling = nil
	for len(w.running) > 0 {
		w.finish()
	}
	w.put(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, w.sum), w.size))
	return w.err
}

// Stop ends the compression without writing the rest. After Close it does nothing.
func (w *Writer) Stop() {
	if w.filling == nil {
		return
	}
	parts.Put(w.filling)
	w.filling = nil
	for _, p := range w.running {
		<-p.done
		parts.Put(p)
	}
	w.running = nil
}

package numa

import (
	"errors"
	"os"
	"testing"
	"unsafe"
)

func TestPagesAreZeroAlignedAndWritableToTheLastByte(t *testing.T) {
	for _, size := range []int{0, 1, 4096, HugePage, HugePage + 5000} {
		p, err := NewPages(size)
		if err != nil {
			t.Fatal(err)
		}
		memory := p.Bytes()
		if len(memory) != size {
			t.Errorf("%d bytes, want %d", len(memory), size)
		}
		if size > 0 && uintptr(unsafe.Pointer(&memory[0]))%HugePage != 0 {
			t.Errorf("%d bytes begin at %p, which is no multiple of a huge page", size, &memory[0])
		}
		for i, x := range memory {
			if x != 0 {
				t.Fatalf("byte %d is %d, want 0", i, x)
			}
			memory[i] = byte(i)
		}
		for range 2 { // the second call does nothing
			if err := p.Free(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSlicesSeeTheSameMemory(t *testing.T) {
	p, err := NewPages(64)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	values := SliceOf[float64](p, 8)
	values[7] = 1
	if p.Bytes()[63] != 0x3f || len(BytesOf(values)) != 64 || &BytesOf(values)[0] != &p.Bytes()[0] {
		t.Error("the values are not in the memory's bytes")
	}
	defer func() {
		if recover() == nil {
			t.Error("a slice longer than its memory was made")
		}
	}()
	SliceOf[float64](p, 9)
}

func TestPagesSayWhichNodeTheyAreOn(t *testing.T) {
	size := os.Getpagesize()
	p, err := NewPages(4 * HugePage)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	if !CanPlace {
		_, err := PagesOn(p.Bytes())
		if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(p.Prefer(0, 1, 0), errors.ErrUnsupported) {
			t.Errorf("error %v, want one that wraps errors.ErrUnsupported", err)
		}
		return
	}
	node := Describe().Nodes[0].ID
	if err := p.Prefer(0, len(p.Bytes()), node); errors.Is(err, errNoSyscall) {
		t.Skip("needs mbind and move_pages, which this kernel (or emulator) does not have: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	p.Bytes()[HugePage] = 1 // one page, or a huge one around it
	pages, err := PagesOn(p.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	total := len(p.Bytes()) / size
	if pages[node]+pages[NoNode] != total || pages[node] < 1 || pages[node] > HugePage/size {
		t.Errorf("pages %v of %d, want one (or a huge page's worth) on node %d", pages, total, node)
	}
	if err := p.Prefer(0, size, 1000); err == nil {
		t.Error("memory was put on node 1000")
	}
}

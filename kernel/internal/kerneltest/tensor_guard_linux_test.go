package kerneltest_test

import (
	"testing"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"golang.org/x/sys/unix"
)

// guarded is n values that end where a page that must not be touched begins, or begin where one ends.
func guarded[T any](t *testing.T, n int, atEnd bool) []T {
	t.Helper()
	page := unix.Getpagesize()
	size := n * int(unsafe.Sizeof(*new(T)))
	inner := (size + page - 1) / page * page
	memory, err := unix.Mmap(-1, 0, inner+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Skipf("no memory map: %v", err)
	}
	t.Cleanup(func() { _ = unix.Munmap(memory) })
	for _, guard := range [][]byte{memory[:page], memory[page+inner:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Skipf("no guard page: %v", err)
		}
	}
	first := page
	if atEnd {
		first = page + inner - size
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[first])), n)
}

// A kernel that reads or writes one byte too far ends the test with a fault.
func TestTensorKernelsStayInTheirArrays(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 48, 131} {
			for _, atEnd := range []bool{false, true} {
				lanes := func() []ops.Lanes { return guarded[ops.Lanes](t, n, atEnd) }
				s, u, v, x := lanes(), lanes(), lanes(), lanes()
				design := guarded[float64](t, 8*n, atEnd)
				normal := guarded[float64](t, 24*n, atEnd)
				sums := guarded[ops.Lanes](t, 22, atEnd)
				matrix := guarded[ops.Lanes](t, 28, atEnd)
				point := guarded[ops.Point](t, 1, atEnd)
				system := guarded[ops.System](t, 1, atEnd)
				rest := guarded[ops.Rest](t, 1, atEnd)
				extent := guarded[ops.Extent](t, 1, atEnd)
				k.Exp2(&u[0], &s[0], n)
				k.Log2(&u[0], &s[0], n)
				k.Range(&extent[0], &s[0], n)
				k.Logarithms(&u[0], &s[0], &design[0], n, &rest[0])
				k.WeightedLogarithms(&u[0], &v[0], &s[0], &design[0], n, &rest[0])
				k.Model(&u[0], &v[0], &x[0], &s[0], &design[0], n, &point[0])
				k.Misfit(&s[0], &design[0], n, &point[0])
				k.Weights(&u[0], &v[0], &s[0], &design[0], n, &point[0])
				k.Sums7(&guarded[ops.Lanes](t, 7, atEnd)[0], &design[0], &v[0], n)
				k.Sums22(&sums[0], &normal[0], &v[0], n)
				k.Expand(&matrix[0], &sums[0])
				seven, p, floor := guarded[ops.Lanes](t, 7, atEnd), guarded[ops.Lanes](t, 6, atEnd), guarded[ops.Lanes](t, 2, atEnd)
				k.Ordinary(&seven[0], &floor[1], &u[0], &s[0], &design[0], n, &floor[0])
				k.Reweight(&seven[0], &u[0], &v[0], &s[0], &design[0], n, &p[0])
				k.SquaredWeights(&u[0], &v[0], &x[0], &s[0], n, &rest[0])
				k.Tissue(&seven[0], &u[0], &v[0], &s[0], &design[0], n, &point[0])
				k.Eigenvalues(&guarded[ops.Lanes](t, 3, atEnd)[0], &p[0])
				k.Eigen(&guarded[ops.Lanes](t, 3, atEnd)[0], &guarded[ops.Lanes](t, 9, atEnd)[0], &p[0])
				k.Step(&system[0])
				k.Factor(&system[0])
				k.Solve(&system[0])
				if n >= 4 {
					k.PackFloat32(&s[0], &guarded[float32](t, 8*n, atEnd)[0], n)
					k.PackFloat64(&s[0], &guarded[float64](t, 8*n, atEnd)[0], n)
				}
			}
		}
	})
}

func TestSingleKernelsStayInTheirArrays(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 48, 131} {
			for _, atEnd := range []bool{false, true} {
				lanes := func(n int) *ops.LanesSingle { return &guarded[ops.LanesSingle](t, n, atEnd)[0] }
				s, u, v, x := lanes(n), lanes(n), lanes(n), lanes(n)
				design := &guarded[float32](t, 8*n, atEnd)[0]
				rest, point := &guarded[ops.RestSingle](t, 1, atEnd)[0], &guarded[ops.PointSingle](t, 1, atEnd)[0]
				k.Exp2(u, s, n)
				k.Log2(u, s, n)
				k.Range(&guarded[ops.ExtentSingle](t, 1, atEnd)[0], s, n)
				k.Logarithms(u, s, design, n, rest)
				k.WeightedLogarithms(u, v, s, design, n, rest)
				k.Model(u, v, x, s, design, n, point)
				k.Misfit(s, design, n, point)
				k.Weights(u, v, s, design, n, point)
				k.Sums7(lanes(7), design, v, n)
				k.Sums22(lanes(22), &guarded[float32](t, 24*n, atEnd)[0], v, n)
				k.Project(lanes(14), design, u, x, n)
				first, last := &guarded[ops.Lanes](t, n, atEnd)[0], &guarded[ops.Lanes](t, n, atEnd)[0]
				k.Widen(first, last, s, n)
				k.Narrow(first, last, s, n)
				if n >= 4 {
					k.PackFloat32(s, &guarded[float32](t, 16*n, atEnd)[0], n)
					k.PackFloat64(s, &guarded[float64](t, 16*n, atEnd)[0], n)
				}
			}
		}
	})
}

package transpose

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// follows compares ToRows with its formula, for planes that begin anywhere in memory and rows with columns on both
// sides.
func follows[T Number](t *rapid.T, number *rapid.Generator[T]) {
	n := rapid.IntRange(0, 70).Draw(t, "voxels")
	before, behind := rapid.IntRange(0, 5).Draw(t, "before"), rapid.IntRange(0, 5).Draw(t, "behind")
	length := before + Planes + behind
	var planes [Planes][]T
	for p := range planes {
		skip := rapid.IntRange(0, 9).Draw(t, "skip")
		planes[p] = rapid.SliceOfN(number, skip+n, skip+n).Draw(t, "plane")[skip:]
	}
	const untouched = -0.125
	dst := make([]float32, before+n*length)
	for i := range dst {
		dst[i] = untouched
	}
	ToRows(dst[before:], length, &planes)
	for i, got := range dst {
		want := float32(untouched)
		if v, p := (i-before)/length, (i-before)%length; i >= before && p < Planes && v < n {
			want = float32(planes[p][v])
		}
		if math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("number %d of rows of %d is %v, want %v", i, length, got, want)
		}
	}
}

func TestRowsHoldWhatThePlanesHold(t *testing.T) {
	t.Run("int8", rapid.MakeCheck(func(t *rapid.T) { follows(t, rapid.Int8()) }))
	t.Run("uint8", rapid.MakeCheck(func(t *rapid.T) { follows(t, rapid.Uint8()) }))
	t.Run("int16", rapid.MakeCheck(func(t *rapid.T) { follows(t, rapid.Int16()) }))
	t.Run("uint16", rapid.MakeCheck(func(t *rapid.T) { follows(t, rapid.Uint16()) }))
	t.Run("float32", rapid.MakeCheck(func(t *rapid.T) { follows(t, rapid.Float32()) }))
}

func TestPlanesHoldWhatTheRowsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "voxels")
		length := Planes + rapid.IntRange(0, 5).Draw(t, "behind")
		rows := rapid.SliceOfN(rapid.Float32(), n*length, n*length).Draw(t, "rows")
		const untouched = -0.125
		var planes [Planes][]float32
		for p := range planes {
			planes[p] = make([]float32, n+3)
			for i := range planes[p] {
				planes[p][i] = untouched
			}
			planes[p] = planes[p][:n:n]
		}
		ToPlanes(&planes, rows, length)
		for p, plane := range planes {
			for v, got := range plane {
				if want := rows[v*length+p]; math.Float32bits(got) != math.Float32bits(want) {
					t.Fatalf("voxel %d of plane %d is %v, want %v", v, p, got, want)
				}
			}
			for _, got := range unsafe.Slice(unsafe.SliceData(plane), n+3)[n:] {
				if got != untouched {
					t.Fatalf("what lies behind plane %d was overwritten with %v", p, got)
				}
			}
		}
	})
}

func TestNotANumberKeepsItsBits(t *testing.T) {
	const bits = 0xffc12345
	var planes [Planes][]float32
	for p := range planes {
		planes[p] = make([]float32, 9)
		for v := range planes[p] {
			planes[p][v] = math.Float32frombits(bits)
		}
	}
	dst := make([]float32, 9*Planes)
	ToRows(dst, Planes, &planes)
	for i, got := range dst {
		if math.Float32bits(got) != bits {
			t.Errorf("number %d is %#x, want %#x", i, math.Float32bits(got), bits)
		}
	}
}

func TestRowsWithoutRoomAreRefused(t *testing.T) {
	planes := func(n, last int) *[Planes][]int16 {
		var planes [Planes][]int16
		for p := range planes {
			planes[p] = make([]int16, n)
		}
		planes[Planes-1] = planes[Planes-1][:last]
		return &planes
	}
	for name, call := range map[string]func(){
		"too short a block": func() { ToRows(make([]float32, 16*20-5), 20, planes(16, 16)) },
		"too short a plane": func() { ToRows(make([]float32, 16*20), 20, planes(16, 15)) },
		"rows that end too early": func() {
			var long [Planes][]float32
			for p := range long {
				long[p] = make([]float32, 16)
			}
			ToPlanes(&long, make([]float32, 16*20-5), 20)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was not refused", name)
				}
			}()
			call()
		}()
	}
}

func benchmark[T Number](b *testing.B) {
	const voxels, volumes = 16384, 288
	dst := make([]float32, voxels*volumes)
	var planes [Planes][]T
	for p := range planes {
		planes[p] = make([]T, voxels+160)[:voxels]
	}
	b.SetBytes(4 * voxels * Planes)
	for first := 0; b.Loop(); first = (first + Planes) % volumes {
		ToRows(dst[first:], volumes, &planes)
	}
}

// BenchmarkToRows times a part of an image, as package nifti reads it: 16,384 voxels of 288 volumes. The bytes are
// those written.
func BenchmarkToRows(b *testing.B) {
	for name, run := range map[string]func(*testing.B){
		fmt.Sprintf("%T", int8(0)): benchmark[int8], fmt.Sprintf("%T", int16(0)): benchmark[int16],
		fmt.Sprintf("%T", uint16(0)): benchmark[uint16], fmt.Sprintf("%T", float32(0)): benchmark[float32],
	} {
		b.Run(name, run)
	}
}

package sh

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"testing"
)

// The hash was taken on linux/amd64. It must hold everywhere, which this test shows when it is run
// elsewhere, as by GOARCH=arm64 go test -exec qemu-aarch64-static ./sh.
func TestRepulsionGivesTheSameBitsOnEveryPlatform(t *testing.T) {
	hash := fnv.New64a()
	for _, p := range Repulsion(20, 1) {
		for _, x := range p {
			_ = binary.Write(hash, binary.LittleEndian, math.Float64bits(x))
		}
	}
	if got := hash.Sum64(); got != 0x2dccfa7258932687 {
		t.Errorf("hash %#x", got)
	}
}

// Three axes end at right angles, six at the corners of an icosahedron: the known best places.
func TestFewAxesFindTheirBestPlaces(t *testing.T) {
	for n, cosine := range map[int]float64{2: 0, 3: 0, 6: 1 / math.Sqrt(5)} {
		points := Repulsion(n, 9)
		for i := range points {
			for j := range i {
				if got := math.Abs(dot(points[i], points[j])); math.Abs(got-cosine) > 1e-6 {
					t.Errorf("%d axes: the cosine between %d and %d is %v, expected %v", n, i, j, got, cosine)
				}
			}
		}
	}
}

func TestRepulsionGivesUnitVectorsOfTheUpperHalf(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 2, 7, 40} {
		points := Repulsion(n, 3)
		if len(points) != max(n, 0) {
			t.Errorf("%d points, expected %d", len(points), n)
		}
		for _, p := range points {
			if p[2] < 0 || math.Abs(dot(p, p)-1) > 1e-15 {
				t.Errorf("point %v is not a unit vector with z >= 0", p)
			}
		}
		if n > 1 && slices.Equal(points, Repulsion(n, 4)) {
			t.Errorf("%d points: seeds 3 and 4 give the same", n)
		}
	}
}

func TestDirections300AreMRtrix3s(t *testing.T) {
	directions := Directions300()
	if len(directions) != 300 {
		t.Fatalf("found %d directions, expected 300", len(directions))
	}
	for i, row := range readColumns(t, "gradient_tables/mrtrix3_300_directions.txt") {
		if directions[i] != FromAngles(row[0], row[1]) {
			t.Errorf("direction %d is %v, MRtrix3's has the angles %v", i, directions[i], row)
		}
	}
}

func TestForcesAreTheDerivativeOfTheEnergy(t *testing.T) {
	points := randomAxes(12, 5)
	gradient := make([][3]float64, len(points))
	potential(points, gradient)
	const h = 1e-6
	scratch := make([][3]float64, len(points))
	for i, p := range points {
		tangent := unit(cross(p, points[(i+1)%len(points)]))
		energy := func(step float64) float64 {
			moved := slices.Clone(points)
			for k := range p {
				moved[i][k] += step * tangent[k]
			}
			moved[i] = unit(moved[i])
			return potential(moved, scratch)
		}
		want := (energy(h) - energy(-h)) / (2 * h)
		if got := dot(gradient[i], tangent); math.Abs(got-want) > 1e-6*math.Abs(want)+1e-6 {
			t.Errorf("point %d: found %v along the sphere, expected %v", i, got, want)
		}
	}
}

func BenchmarkRepulsionOf30(b *testing.B) {
	for b.Loop() {
		Repulsion(30, 1)
	}
}

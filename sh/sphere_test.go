package sh

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"pgregory.net/rapid"
)

// dipySphere is a sphere as the scripts below print it.
type dipySphere struct {
	Vertices [][3]float64
	Edges    [][2]int
}

const describeSpheres = `
def describe(s):
    return {"Vertices": s.vertices.tolist(), "Edges": np.asarray(s.edges, int).tolist()}
`

func TestSymmetric362IsDIPYsLive(t *testing.T) {
	var want []dipySphere
	peer.Script(t, nil, &want, describeSpheres+`
from dipy.data import get_sphere, small_sphere
result = [describe(get_sphere(name="symmetric362")), describe(small_sphere)]`)
	for i, got := range []*Sphere{Symmetric362(), Symmetric362Hemisphere()} {
		sameAsDIPY(t, got, want[i])
	}
}

// Random sets have no ties, so there is only one hull, and DIPY's Qhull must find the same.
func TestEdgesAreDIPYsLive(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var sets [][][3]float64
	for _, n := range []int{4, 5, 12, 60, 250} {
		var set [][3]float64
		for range n {
			set = append(set, randomDirection(random))
		}
		sets = append(sets, set)
	}
	var want []struct{ Whole, Half dipySphere }
	peer.Script(t, sets, &want, describeSpheres+`
from dipy.core.sphere import Sphere, HemiSphere
result = [{"Whole": describe(Sphere(xyz=np.array(v))), "Half": describe(HemiSphere(xyz=np.array(v)))} for v in data]`)
	for i, set := range sets {
		whole, err := NewSphere("random", set)
		if err != nil {
			t.Fatal(err)
		}
		sameAsDIPY(t, whole, want[i].Whole)
		half, err := NewHemisphere("random", set)
		if err != nil {
			t.Fatal(err)
		}
		sameAsDIPY(t, half, want[i].Half)
	}
}

func sameAsDIPY(t *testing.T, got *Sphere, want dipySphere) {
	t.Helper()
	const tolerance = 1e-15
	if len(got.Vertices) != len(want.Vertices) {
		t.Fatalf("%s: %d vertices, DIPY has %d", got.Name, len(got.Vertices), len(want.Vertices))
	}
	for i := range got.Vertices {
		if d := size(minus(got.Vertices[i], want.Vertices[i])); d > tolerance {
			t.Fatalf("%s: vertex %d is %v, DIPY's is %v", got.Name, i, got.Vertices[i], want.Vertices[i])
		}
	}
	if !slices.Equal(got.Edges, want.Edges) {
		t.Errorf("%s: the %d edges are not DIPY's %d", got.Name, len(got.Edges), len(want.Edges))
	}
}

// An icosahedron divided six times along each edge: twelve corners with five neighbours, all others six.
func TestSymmetric362HasTheEdgesOfADividedIcosahedron(t *testing.T) {
	s := Symmetric362()
	if len(s.Vertices) != 362 || len(s.Edges) != 1080 {
		t.Fatalf("%d vertices and %d edges, expected 362 and 1080", len(s.Vertices), len(s.Edges))
	}
	counts := map[int]int{}
	for _, degree := range degrees(s) {
		counts[degree]++
	}
	if counts[5] != 12 || counts[6] != 350 {
		t.Errorf("numbers of neighbours: %v, expected 12 times 5 and 350 times 6", counts)
	}
}

func degrees(s *Sphere) []int {
	d := make([]int, len(s.Vertices))
	for _, e := range s.Edges {
		d[e[0]]++
		d[e[1]]++
	}
	return d
}

func TestHemispheresAreTheFirstHalvesOfTheirSpheres(t *testing.T) {
	for _, pair := range [][2]*Sphere{{Symmetric362(), Symmetric362Hemisphere()}} {
		whole, half := pair[0], pair[1]
		n := len(half.Vertices)
		if len(whole.Vertices) != 2*n || !slices.Equal(whole.Vertices[:n], half.Vertices) {
			t.Fatalf("%s: the vertices are not the first %d of %s", half.Name, n, whole.Name)
		}
		for i, v := range half.Vertices {
			if v[2] < 0 || whole.Vertices[n+i] != antipode(v) || math.Abs(dot(v, v)-1) > 1e-15 {
				t.Fatalf("%s: vertex %d, %v, and %v", whole.Name, i, v, whole.Vertices[n+i])
			}
		}
		folded := map[[2]int]bool{}
		for _, e := range whole.Edges {
			i, j := e[0]%n, e[1]%n
			folded[[2]int{min(i, j), max(i, j)}] = true
		}
		if len(folded) != len(half.Edges) || 2*len(half.Edges) != len(whole.Edges) {
			t.Errorf("%s: %d edges, %d when folded, and %d in the hemisphere", whole.Name, len(whole.Edges), len(folded), len(half.Edges))
		}
		for _, e := range half.Edges {
			if !folded[e] {
				t.Errorf("%s: edge %v is not one of the sphere's", half.Name, e)
			}
		}
	}
}

func TestTheCallerOwnsTheSphere(t *testing.T) {
	Symmetric362().Vertices[0][2] = 7
	Symmetric362().Edges[0] = [2]int{}
	Directions300()[0][0] = 7
	if Symmetric362().Vertices[0][2] != 1 || Symmetric362().Edges[0] == [2]int{} || Directions300()[0][0] == 7 {
		t.Error("a change by one caller is seen by the next")
	}
}

// The faces of these solids have up to six corners in one plane, or almost in one plane where coordinates are
// rounded.
func TestSolidsWithManyCornersInAPlaneCloseUp(t *testing.T) {
	var cube, prism [][3]float64
	for i := range 8 {
		cube = append(cube, [3]float64{float64(i&1*2 - 1), float64(i&2 - 1), float64(i&4/2 - 1)})
	}
	for i := range 12 {
		angle := float64(i/2) * math.Pi / 3
		prism = append(prism, [3]float64{math.Cos(angle), math.Sin(angle), float64(i%2) - 0.5})
	}
	octahedron := [][3]float64{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}
	for name, solid := range map[string][][3]float64{"cube": cube, "prism": prism, "octahedron": octahedron} {
		s, err := NewSphere(name, solid)
		if err != nil {
			t.Fatal(err)
		}
		if want := 3*len(solid) - 6; len(s.Edges) != want {
			t.Errorf("%s: %d edges, expected %d", name, len(s.Edges), want)
		}
	}
	// Around the equator the antipodes of a half ring are its other half.
	if s, err := NewHemisphere("octahedron", octahedron); err != nil || len(s.Vertices) != 3 || len(s.Edges) != 3 {
		t.Errorf("the half octahedron is %+v, %v", s, err)
	}
}

func TestNoVertexIsOutsideOfTheHull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var points [][3]float64
		for range rapid.IntRange(4, 30).Draw(t, "n") {
			// Coarse coordinates make ties common.
			c := rapid.IntRange(-3, 3)
			v := [3]float64{float64(c.Draw(t, "x")), float64(c.Draw(t, "y")), float64(c.Draw(t, "z"))}
			if v == ([3]float64{}) {
				v[0] = 1
			}
			if v = unit(v); !slices.ContainsFunc(points, func(p [3]float64) bool { return sameDirection(p, v) }) {
				points = append(points, v)
			}
		}
		faces, err := convexHull(points)
		if err != nil {
			// Only a set in one plane has no hull.
			for d := range points {
				if len(points) > 3 && above(points, [3]int{0, 1, 2}, d) != 0 {
					t.Fatal(err)
				}
			}
			return
		}
		for _, f := range faces {
			for p := range points {
				if above(points, f, p) > 0 {
					t.Fatalf("vertex %d is above face %v", p, f)
				}
			}
		}
	})
}

func TestSideOfAPlaneIsExact(t *testing.T) {
	points := [][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1 - 0x1p-53, 0, 0x1p-53}, {1, 0, 0x1p-70}, {1 - 0x1p-53, 0, 0x1p-54}}
	for p, want := range []int{0, 0, 0, 0, 1, -1} {
		if got := above(points, [3]int{0, 1, 2}, p); got != want {
			t.Errorf("point %v is on side %d of x + y + z = 1, expected %d", points[p], got, want)
		}
	}
}

func TestUnfitVerticesAreErrorsThatSayWhy(t *testing.T) {
	square := [][3]float64{{1, 0, 0}, {0, 1, 0}, {-1, 0, 0}, {0, -1, 0}}
	for reason, vertices := range map[string][][3]float64{
		"found 3 vertices, expected at least 4": square[:3],
		"in one plane":                          square,
		"vertex 4 (counted from 0) is [0 0 0]":  append(slices.Clone(square), [3]float64{}),
		"vertex 4 (counted from 0) is [NaN":     append(slices.Clone(square), [3]float64{math.NaN(), 0, 0}),
		"vertices 0 and 4":                      append(slices.Clone(square), [3]float64{1, 1e-8, 0}),
	} {
		_, err := NewSphere("mine", vertices)
		if err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), "mine") {
			t.Errorf("error %v does not say %q", err, reason)
		}
	}
	if _, err := NewHemisphere("mine", square); err == nil || !strings.Contains(err.Error(), "mine") {
		t.Errorf("a flat hemisphere gives %v", err)
	}
}

func BenchmarkHullOf724Vertices(b *testing.B) {
	vertices := DefaultHemisphere().Vertices
	for b.Loop() {
		if _, err := NewHemisphere("repulsion724", vertices); err != nil {
			b.Fatal(err)
		}
	}
}

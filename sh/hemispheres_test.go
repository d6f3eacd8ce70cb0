package sh

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

func TestHemispheresAreDIPYsLive(t *testing.T) {
	var want []dipySphere
	peer.Script(t, Hemispheres(), &want, describeSpheres+`
from dipy.core.sphere import HemiSphere
from dipy.data import default_sphere, get_sphere
result = [describe(HemiSphere.from_sphere(get_sphere(name=name))) for name in data] + [describe(default_sphere)]`)
	for i, name := range Hemispheres() {
		got, err := Hemisphere(name)
		if err != nil {
			t.Fatal(err)
		}
		sameAsDIPY(t, got, want[i])
	}
	sameAsDIPY(t, DefaultHemisphere(), want[len(want)-1])
}

// The stored edges are those of the convex hull of the vertices, up to their order.
func TestStoredEdgesAreThoseOfTheHull(t *testing.T) {
	peer.Slow(t)
	for _, name := range Hemispheres() {
		stored, err := Hemisphere(name)
		if err != nil {
			t.Fatal(err)
		}
		made, err := NewHemisphere(name, stored.Vertices)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(made.Vertices, stored.Vertices) || !slices.Equal(made.Edges, stored.Edges) {
			t.Errorf("%s: the stored vertices or edges are not those of the convex hull", name)
		}
	}
}

// What is stored was written by DIPY 1.12.1 on a processor with AVX-512.
func TestHemispheresKeepTheirBits(t *testing.T) {
	for name, want := range map[string]uint32{"repulsion100": 0xe63d5ad1, "repulsion200": 0x7bff4625, "repulsion724": 0xb1823532, "symmetric642": 0xc0616a93, "symmetric724": 0x2b67175a} {
		s, err := Hemisphere(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := crc32.NewIEEE()
		for _, v := range s.Vertices {
			for _, x := range v {
				_ = binary.Write(sum, binary.LittleEndian, math.Float64bits(x))
			}
		}
		if got := sum.Sum32(); got != want {
			t.Errorf("%s: the checksum of the coordinates is %#x, expected %#x", name, got, want)
		}
	}
}

func TestUnknownHemisphereIsAnErrorThatListsTheNames(t *testing.T) {
	_, err := Hemisphere("repulsion362")
	if err == nil || !strings.Contains(err.Error(), "repulsion362") || !strings.Contains(err.Error(), "repulsion724, symmetric362") {
		t.Errorf("error is %v", err)
	}
}

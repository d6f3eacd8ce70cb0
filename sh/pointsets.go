package sh

import (
	"embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

// pointSets has a file for each hemisphere. A line holds x y z, or azimuth and inclination. Some files also have
// edges. Each file says where it comes from.
//
//go:embed data/*.txt
var pointSets embed.FS

// Symmetric362 is DIPY's sphere symmetric362: its 362 vertices in its order (an icosahedron
// subdivided, 181 vertices and then their antipodes), to within 1e-15. The caller owns the result.
func Symmetric362() *Sphere { return symmetric362().clone() }

// Symmetric362Hemisphere is DIPY's small_sphere, on which its CSD allows no negative amplitudes: the first 181
// vertices of Symmetric362, all with z >= 0, to the bit. The caller owns the result.
func Symmetric362Hemisphere() *Sphere { return symmetric362Hemisphere().clone() }

// Directions300 are the 300 axes built into MRtrix3, in its order. `dwi2fod csd` and `dwi2fod msmt_csd` allow no
// negative amplitudes on these axes unless -directions names others. The caller owns the result.
func Directions300() [][3]float64 { return slices.Clone(directions300()) }

var (
	symmetric362           = sync.OnceValue(func() *Sphere { return whole("symmetric362", "symmetric362.txt") })
	symmetric362Hemisphere = sync.OnceValue(func() *Sphere { return half("symmetric362 hemisphere", "symmetric362.txt") })
	directions300          = sync.OnceValue(func() [][3]float64 { return embedded("mrtrix300.txt") })
)

func whole(name, file string) *Sphere {
	upper := embedded(file)
	s, err := NewSphere(name, append(slices.Clip(upper), antipodes(upper)...))
	return mustBeSound(s, err)
}

func half(name, file string) *Sphere {
	s, err := NewHemisphere(name, embedded(file))
	return mustBeSound(s, err)
}

// mustBeSound panics on an error about embedded data, which no user can cause.
func mustBeSound(s *Sphere, err error) *Sphere {
	if err != nil {
		panic(err)
	}
	return s
}

func (s *Sphere) clone() *Sphere {
	return &Sphere{Name: s.Name, Vertices: slices.Clone(s.Vertices), Edges: slices.Clone(s.Edges)}
}

func embedded(file string) [][3]float64 {
	text, err := pointSets.ReadFile("data/" + file)
	if err != nil {
		panic(err)
	}
	points, err := parsePoints(string(text))
	if err != nil {
		panic(fmt.Sprintf("sh: embedded %s: %v", file, err))
	}
	return points
}

// parsePoints reads x y z, or azimuth and inclination, from each line. Lines that begin with # are comments.
func parsePoints(text string) ([][3]float64, error) {
	var points [][3]float64
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var p [3]float64
		n, err := fmt.Sscan(line, &p[0], &p[1], &p[2])
		switch n {
		case 2:
			p = FromAngles(p[0], p[1])
		case 3:
		default:
			return nil, fmt.Errorf("line %q: %w", strings.TrimSpace(line), err)
		}
		points = append(points, p)
	}
	return points, nil
}

// FromAngles is the unit vector of an azimuth and an inclination in radians, as MRtrix3's tables of directions
// have them: inclination is the angle to the z-axis.
func FromAngles(azimuth, inclination float64) [3]float64 {
	sin, cos := math.Sincos(inclination)
	return [3]float64{math.Cos(azimuth) * sin, math.Sin(azimuth) * sin, cos}
}

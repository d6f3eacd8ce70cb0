package sh

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// DefaultSphere is the name of DIPY's default_sphere, on which its peaks_from_model is commonly run.
const DefaultSphere = "repulsion724"

// hemispheres are DIPY's spheres, halved.
var hemispheres = map[string]func() *Sphere{
	"repulsion100": storedHemisphere("repulsion100"),
	"repulsion200": storedHemisphere("repulsion200"),
	"repulsion724": storedHemisphere("repulsion724"),
	"symmetric362": sync.OnceValue(func() *Sphere { return half("symmetric362", "symmetric362.txt") }),
	"symmetric642": storedHemisphere("symmetric642"),
	"symmetric724": storedHemisphere("symmetric724"),
}

// Hemispheres lists the names that Hemisphere knows, which are those of DIPY's get_sphere.
func Hemispheres() []string { return slices.Sorted(maps.Keys(hemispheres)) }

// Hemisphere is half of one of DIPY's spheres, HemiSphere.from_sphere(get_sphere(name)): half as many vertices as
// the name says, all with z >= 0, with DIPY's edges. Vertices are the same to the bit where NumPy computes sines and
// cosines as it did when they were stored, and to within 1e-15 elsewhere. The caller owns the result.
func Hemisphere(name string) (*Sphere, error) {
	sphere, ok := hemispheres[name]
	if !ok {
		return nil, fmt.Errorf("there is no sphere %q, expected one of %s", name, strings.Join(Hemispheres(), ", "))
	}
	return sphere().clone(), nil
}

// DefaultHemisphere is the hemisphere of DefaultSphere: 362 vertices. The caller owns the result.
func DefaultHemisphere() *Sphere { return hemispheres[DefaultSphere]().clone() }

func storedHemisphere(name string) func() *Sphere {
	return sync.OnceValue(func() *Sphere {
		text, err := pointSets.ReadFile("data/" + name + ".txt")
		if err != nil {
			panic(err)
		}
		s, err := parseSphere(name, string(text))
		return mustBeSound(s, err)
	})
}

// parseSphere reads a line x y z for each vertex, and a line i j for each edge. Lines that begin with # are
// comments.
func parseSphere(name, text string) (*Sphere, error) {
	s := &Sphere{Name: name}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var err error
		if len(strings.Fields(line)) == 2 {
			var e [2]int
			_, err = fmt.Sscan(line, &e[0], &e[1])
			s.Edges = append(s.Edges, e)
		} else {
			var v [3]float64
			_, err = fmt.Sscan(line, &v[0], &v[1], &v[2])
			s.Vertices = append(s.Vertices, v)
		}
		if err != nil {
			return nil, fmt.Errorf("sphere %s: line %q: %w", name, strings.TrimSpace(line), err)
		}
	}
	return s, nil
}

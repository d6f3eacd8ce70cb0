package sh

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomRotation is an orthogonal matrix, of a unit quaternion; where mirror is set, of determinant -1.
func randomRotation(random *rand.Rand, mirror bool) [3][3]float64 {
	var q [4]float64
	norm := 0.0
	for i := range q {
		q[i] = random.NormFloat64()
		norm += q[i] * q[i]
	}
	w, x, y, z := q[0], q[1], q[2], q[3]
	s := 2 / norm
	r := [3][3]float64{
		{1 - s*(y*y+z*z), s * (x*y - z*w), s * (x*z + y*w)},
		{s * (x*y + z*w), 1 - s*(x*x+z*z), s * (y*z - x*w)},
		{s * (x*z - y*w), s * (y*z + x*w), 1 - s*(x*x+y*y)},
	}
	if mirror {
		for i := range r {
			r[i][0] = -r[i][0]
		}
	}
	return r
}

func TestRotatedFunctionsHaveTheirValuesInRotatedDirections(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	directions := Directions300()
	for _, basis := range []Basis{Descoteaux07, Tournier07} {
		for lmax := 0; lmax <= 16; lmax += 2 {
			r := randomRotation(random, lmax%4 == 0)
			turned := make([][3]float64, len(directions))
			for i, v := range directions {
				for k := range r {
					turned[i][k] = r[k][0]*v[0] + r[k][1]*v[1] + r[k][2]*v[2]
				}
			}
			n := Count(lmax)
			f, g := make([]float64, 3*n), make([]float64, 3*n)
			for i := range f {
				f[i] = random.NormFloat64()
			}
			rotation, err := NewRotation(basis, lmax, r)
			if err != nil {
				t.Fatal(err)
			}
			rotation.Apply(g, f)
			at, atTurned := basis.Evaluate(lmax, directions), basis.Evaluate(lmax, turned)
			for voxel := range 3 {
				for i := range directions {
					want := sumOfProducts(at[i*n:][:n], f[voxel*n:][:n])
					got := sumOfProducts(atTurned[i*n:][:n], g[voxel*n:][:n])
					if math.Abs(got-want) > 1e-12*float64(n) {
						t.Fatalf("%v lmax %d: %v in a turned direction, %v before", basis, lmax, got, want)
					}
				}
			}
			rotation.Apply(f, f)
			for i := range f {
				if f[i] != g[i] {
					t.Fatal("turning in place differs")
				}
			}
		}
	}
}

func TestMatricesThatDoNotRotateAreRefused(t *testing.T) {
	for _, m := range [][3][3]float64{{}, {{2, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{1, 0.1, 0}, {0, 1, 0}, {0, 0, 1}}, {{math.NaN()}}} {
		if _, err := NewRotation(Tournier07, 4, m); err == nil {
			t.Errorf("%v was taken for a rotation", m)
		}
	}
}

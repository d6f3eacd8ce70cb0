package ref

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// gram returns the matrix of products of unit vectors, with e added to the diagonal.
func gram(vectors [][]float64, e float64) func(i, j int) float64 {
	return func(i, j int) float64 {
		product := Dot(vectors[i], vectors[j])
		if i == j {
			product += e
		}
		return product
	}
}

func TestAnActiveSetKeepsTheFactorOfItsMembers(t *testing.T) {
	const n, e = 12, 1e-3
	random := rand.New(rand.NewPCG(1, 2))
	vectors := make([][]float64, 30)
	for i := range vectors {
		vectors[i] = make([]float64, n)
		for j := range vectors[i] {
			vectors[i][j] = random.NormFloat64()
		}
		norm := math.Sqrt(Dot(vectors[i], vectors[i]))
		for j := range vectors[i] {
			vectors[i][j] /= norm
		}
	}
	entry := gram(vectors, e)
	a := newActiveSet(len(vectors))
	for step := range 400 {
		if enters := random.IntN(len(vectors)); !slices.Contains(a.members, enters) {
			var couples []float64
			for _, m := range a.members {
				couples = append(couples, entry(m, enters))
			}
			solved := slices.Clone(couples)
			a.forward(solved)
			a.append(enters, couples, 1+e-Dot(solved, solved))
		} else {
			a.remove(slices.Index(a.members, enters))
		}
		for i, member := range a.members {
			for j, other := range a.members[:i+1] {
				got := Dot(a.row(j), a.row(i)) // entry of L L^T, as far as the shorter row goes
				if want := entry(member, other); math.Abs(got-want) > 1e-10 {
					t.Fatalf("step %d: entry (%d, %d) of L L^T is %v, want %v", step, i, j, got, want)
				}
			}
		}
	}
}

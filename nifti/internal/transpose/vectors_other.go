//go:build !amd64 || purego

package transpose

func inVectors[T Number]([]float32, int, *[Planes][]T, int) (done int) { return 0 }

func fromVectors(*[Planes][]float32, []float32, int, int) (done int) { return 0 }

//go:build !amd64 || purego

package transpose

func inVectors[T Number]([]float32, int, *[Planes][]T, int) (done int) { return 0 }

package acq

// Spread picks at most n voxels, evenly spaced, from values that are voxel-major. each is how many values a voxel
// has. Where there are no more than n voxels, it returns values itself.
func Spread[T any](values []T, each, n int) []T {
	have := len(values) / each
	if have <= n {
		return values
	}
	picked := make([]T, 0, n*each)
	for i := range n {
		v := i * have / n
		picked = append(picked, values[v*each:(v+1)*each]...)
	}
	return picked
}

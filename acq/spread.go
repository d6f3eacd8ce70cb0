package acq

// Spread picks at most n voxels, evenly over all of them, from values that are voxel-major: each voxel has as many of them.
// Where there are no more than n, it is values itself.
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

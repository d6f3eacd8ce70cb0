package compare

// Spread picks at most n voxels, evenly over all of them. Each has as many values.
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

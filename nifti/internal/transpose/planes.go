package transpose

// ToPlanes is the inverse of ToRows, for single precision: planes[p][v] = rows[v*length+p], for each voxel v that
// planes[0] has. It panics if a plane is shorter than the first or if rows is too short.
func ToPlanes(planes *[Planes][]float32, rows []float32, length int) {
	n := len(planes[0])
	if n == 0 {
		return
	}
	for _, plane := range planes {
		_ = plane[n-1]
	}
	_ = rows[(n-1)*length+Planes-1]
	for v := fromVectors(planes, rows, length, n); v < n; v++ {
		row := (*[Planes]float32)(rows[v*length:])
		for p, plane := range planes {
			plane[v] = row[p]
		}
	}
}

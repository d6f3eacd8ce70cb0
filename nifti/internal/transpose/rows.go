package transpose

// Planes is how many volumes are turned into rows at a time.
const Planes = 16

// A Number is a type that ToRows reads. Single precision represents all of its values exactly.
type Number interface {
	int8 | uint8 | int16 | uint16 | float32
}

// ToRows writes sixteen planes into the first columns of rows of the given length: dst[v*length+p] = planes[p][v], for
// each voxel v that planes[0] has. Other columns stay as they are. It panics if a plane is shorter than the first or if
// dst is too short.
func ToRows[T Number](dst []float32, length int, planes *[Planes][]T) {
	n := len(planes[0])
	if n == 0 {
		return
	}
	for _, plane := range planes {
		_ = plane[n-1]
	}
	_ = dst[(n-1)*length+Planes-1]
	if done := inVectors(dst, length, planes, n); done < n {
		inOrder(dst[done*length:], length, planes, done)
	}
}

// inOrder is ToRows from voxel begin on; dst begins with the row of that voxel. It writes each row's part at once, so
// that its cache line goes to memory as a whole. The planes are read as streams. Of eight variants (tiles of 16 to 64,
// a local block in between, 32 and more planes) this was the fastest on Zen 4.
func inOrder[T Number](dst []float32, length int, planes *[Planes][]T, begin int) {
	n := len(planes[0]) - begin
	// One slice for each plane, all cut to the same length: the compiler then drops the bounds
	// checks in the loop.
	cut := func(p int) []T { return planes[p][begin:][:n] }
	p0, p1, p2, p3 := cut(0)[:n], cut(1)[:n], cut(2)[:n], cut(3)[:n]
	p4, p5, p6, p7 := cut(4)[:n], cut(5)[:n], cut(6)[:n], cut(7)[:n]
	p8, p9, p10, p11 := cut(8)[:n], cut(9)[:n], cut(10)[:n], cut(11)[:n]
	p12, p13, p14, p15 := cut(12)[:n], cut(13)[:n], cut(14)[:n], cut(15)[:n]
	for v, at := 0, 0; v < n; v, at = v+1, at+length {
		row := (*[Planes]float32)(dst[at:])
		row[0], row[1], row[2], row[3] = float32(p0[v]), float32(p1[v]), float32(p2[v]), float32(p3[v])
		row[4], row[5], row[6], row[7] = float32(p4[v]), float32(p5[v]), float32(p6[v]), float32(p7[v])
		row[8], row[9], row[10], row[11] = float32(p8[v]), float32(p9[v]), float32(p10[v]), float32(p11[v])
		row[12], row[13], row[14], row[15] = float32(p12[v]), float32(p13[v]), float32(p14[v]), float32(p15[v])
	}
}

package kernel

// panels is a matrix in the layout that ops.CSD names.
type panels[T float32 | float64] struct {
	data           []T
	count, columns int
	rows           int // those that fill up the last panel included
}

func newPanels[T float32 | float64](rows, columns, size int, at func(r, c int) float64) panels[T] {
	count := roundUp(rows, size) / size
	p := panels[T]{data: aligned[T](count * size * columns), count: count, columns: columns, rows: count * size}
	for r := range rows {
		for c := range columns {
			p.data[(r/size*columns+c)*size+r%size] = T(at(r, c))
		}
	}
	return p
}

// newRoundedPanels are the rows of a matrix in single precision. Those that fill up the last panel are the last one
// of the matrix, so that they do not stand out.
func newRoundedPanels(b []float64, columns, panel int, row func(r int) int) panels[float32] {
	rows := len(b) / columns
	return newPanels[float32](roundUp(rows, panel), columns, panel, func(r, c int) float64 { return b[row(min(r, rows-1))*columns+c] })
}

// roundUp is the least multiple that is not below n.
func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

package lanes

// Panels is a matrix in the layout of matrices that ops.CSD documents.
type Panels[T float32 | float64] struct {
	Data           []T
	Count, Columns int
	Rows           int // including those that fill up the last panel
}

// NewPanels lays out a matrix of so many rows and columns in panels of size rows.
func NewPanels[T float32 | float64](rows, columns, size int, at func(r, c int) float64) Panels[T] {
	count := RoundUp(rows, size) / size
	p := Panels[T]{Data: Aligned[T](count * size * columns), Count: count, Columns: columns, Rows: count * size}
	for r := range rows {
		for c := range columns {
			p.Data[(r/size*columns+c)*size+r%size] = T(at(r, c))
		}
	}
	return p
}

// NewRoundedPanels rounds the rows of a matrix to single precision. The last panel is filled up with copies of the last
// row, so that the added rows do not stand out.
func NewRoundedPanels(b []float64, columns, panel int, row func(r int) int) Panels[float32] {
	rows := len(b) / columns
	return NewPanels[float32](RoundUp(rows, panel), columns, panel, func(r, c int) float64 { return b[row(min(r, rows-1))*columns+c] })
}

// RoundUp returns the least multiple that is not below n.
func RoundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

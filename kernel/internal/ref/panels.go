package ref

// panelRows is how many rows of a matrix are multiplied at a time. Eight sums, the operand and a product need ten
// floating-point registers. Every architecture has at least sixteen.
const panelRows = 8

// Panels is a matrix stored for multiplication by a vector: eight rows side by side, column after column. One pass over
// the vector then finishes eight results, and reads consecutive memory. Rows that fill up the last panel are zero.
type Panels struct {
	rows, columns int
	data          []float64
}

// NewPanels copies a matrix of rows x columns, row-major.
func NewPanels(matrix []float64, rows, columns int) *Panels {
	blocks := (rows + panelRows - 1) / panelRows
	p := &Panels{rows: rows, columns: columns, data: make([]float64, blocks*panelRows*columns)}
	for r := range rows {
		block, lane := r/panelRows, r%panelRows
		for c := range columns {
			p.data[(block*columns+c)*panelRows+lane] = matrix[r*columns+c]
		}
	}
	return p
}

// PaddedRows returns the length that Multiply writes: the rows, rounded up to whole panels.
func (p *Panels) PaddedRows() int {
	return (p.rows + panelRows - 1) / panelRows * panelRows
}

// Multiply writes the matrix times x to dst, of length PaddedRows. If x is shorter than a row, only the first columns
// count.
func (p *Panels) Multiply(dst, x []float64) {
	stride := panelRows * p.columns
	for base := 0; base < p.PaddedRows(); base += panelRows {
		panelInto((*[panelRows]float64)(dst[base:]), p.data[base/panelRows*stride:], x)
	}
}

// below sets bit r of mask (64 rows a word) where row r times x is strictly less than threshold. It clears the other
// bits, including those beyond the last row.
func (p *Panels) below(mask []uint64, x []float64, threshold float64) {
	clear(mask)
	var v [panelRows]float64
	stride := panelRows * p.columns
	for base := 0; base < p.rows; base += panelRows {
		panelInto(&v, p.data[base/panelRows*stride:], x)
		b := bit(v[0] < threshold) | bit(v[1] < threshold)<<1 | bit(v[2] < threshold)<<2 | bit(v[3] < threshold)<<3 |
			bit(v[4] < threshold)<<4 | bit(v[5] < threshold)<<5 | bit(v[6] < threshold)<<6 | bit(v[7] < threshold)<<7
		mask[base/64] |= b << (base % 64)
	}
	if tail := p.rows % 64; tail != 0 {
		mask[p.rows/64] &= 1<<tail - 1
	}
}

// panelInto writes eight rows times x. It takes three columns at a time. The compiler then interleaves the products
// with their additions, except for the last column. Otherwise it would keep eight products and eight sums waiting, and
// run out of registers.
func panelInto(dst *[panelRows]float64, rows, x []float64) {
	var a0, a1, a2, a3, a4, a5, a6, a7 float64
	for len(x) >= 3 && len(rows) >= 3*panelRows {
		r := (*[3 * panelRows]float64)(rows)
		v := x[0]
		a0 += float64(r[0] * v)
		a1 += float64(r[1] * v)
		a2 += float64(r[2] * v)
		a3 += float64(r[3] * v)
		a4 += float64(r[4] * v)
		a5 += float64(r[5] * v)
		a6 += float64(r[6] * v)
		a7 += float64(r[7] * v)
		v = x[1]
		a0 += float64(r[8] * v)
		a1 += float64(r[9] * v)
		a2 += float64(r[10] * v)
		a3 += float64(r[11] * v)
		a4 += float64(r[12] * v)
		a5 += float64(r[13] * v)
		a6 += float64(r[14] * v)
		a7 += float64(r[15] * v)
		v = x[2]
		a0 += float64(r[16] * v)
		a1 += float64(r[17] * v)
		a2 += float64(r[18] * v)
		a3 += float64(r[19] * v)
		a4 += float64(r[20] * v)
		a5 += float64(r[21] * v)
		a6 += float64(r[22] * v)
		a7 += float64(r[23] * v)
		x, rows = x[3:], rows[3*panelRows:]
	}
	for len(x) >= 1 && len(rows) >= panelRows {
		r := (*[panelRows]float64)(rows)
		v := x[0]
		a0 += float64(r[0] * v)
		a1 += float64(r[1] * v)
		a2 += float64(r[2] * v)
		a3 += float64(r[3] * v)
		a4 += float64(r[4] * v)
		a5 += float64(r[5] * v)
		a6 += float64(r[6] * v)
		a7 += float64(r[7] * v)
		x, rows = x[1:], rows[panelRows:]
	}
	*dst = [panelRows]float64{a0, a1, a2, a3, a4, a5, a6, a7}
}

// bit returns 1 where b holds. The compiler makes it one instruction without a branch.
func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

package reftensor

// A LogLinear is the design of log S = w.D + a. Each measurement has a row w of six, the negated b-tensor in the order
// xx, 2xy, yy, 2xz, 2yz, zz, so that w.D = -b D(g). A seventh column is ones. A LogLinear also holds products of
// columns, of which normal matrices are sums. All workers share it.
type LogLinear struct {
	n        int
	rows     []float64    // n x 6
	products [3][]float64 // the 21 products w_a w_b, b <= a, in three tables of n x 7
}

// NewLogLinear takes DIPY's design matrix, n x 7: the negated b-tensor and a column of -1. Here the sign of this column
// is turned, so that the seventh unknown is +log S0.
func NewLogLinear(design []float64) *LogLinear {
	g := &LogLinear{n: len(design) / logLinearSize}
	g.rows = make([]float64, 0, 6*g.n)
	for i := range g.products {
		g.products[i] = make([]float64, 0, 7*g.n)
	}
	for i := range g.n {
		w := design[7*i : 7*i+6]
		g.rows = append(g.rows, w...)
		for a := range 6 {
			for b := range a + 1 {
				table := packed(a, b) / 7
				g.products[table] = append(g.products[table], w[a]*w[b])
			}
		}
	}
	return g
}

// Measurements returns the number of rows.
func (g *LogLinear) Measurements() int { return g.n }

// predict writes w.p + p[6] for every measurement: the logarithm of the predicted signal.
func (g *LogLinear) predict(z []float64, p *[logLinearSize]float64) {
	p0, p1, p2, p3, p4, p5, p6 := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	for i := range z {
		w := (*[6]float64)(g.rows[6*i:])
		z[i] = (float64(w[0]*p0) + float64(w[1]*p1)) + (float64(w[2]*p2) + float64(w[3]*p3)) +
			(float64(w[4]*p4) + (float64(w[5]*p5) + p6))
	}
}

// project writes the sums over the measurements of v times each of the seven columns.
func (g *LogLinear) project(sums *[logLinearSize]float64, v []float64) {
	var s0, s1, s2, s3, s4, s5, s6 float64
	for i, x := range v {
		w := (*[6]float64)(g.rows[6*i:])
		s0 += float64(x * w[0])
		s1 += float64(x * w[1])
		s2 += float64(x * w[2])
		s3 += float64(x * w[3])
		s4 += float64(x * w[4])
		s5 += float64(x * w[5])
		s6 += x
	}
	*sums = [logLinearSize]float64{s0, s1, s2, s3, s4, s5, s6}
}

// normal writes the packed lower triangle of the sum of v times column a times column b.
func (g *LogLinear) normal(matrix []float64, v []float64) {
	for k, table := range g.products {
		project7((*[7]float64)(matrix[7*k:]), table, v)
	}
	g.project((*[7]float64)(matrix[21:]), v) // the row of the column of ones
}

// project7 writes the sums of v[i] times row i of a table of seven columns.
func project7(sums *[7]float64, table, v []float64) {
	var s0, s1, s2, s3, s4, s5, s6 float64
	for i, x := range v {
		w := (*[7]float64)(table[7*i:])
		s0 += float64(x * w[0])
		s1 += float64(x * w[1])
		s2 += float64(x * w[2])
		s3 += float64(x * w[3])
		s4 += float64(x * w[4])
		s5 += float64(x * w[5])
		s6 += float64(x * w[6])
	}
	*sums = [7]float64{s0, s1, s2, s3, s4, s5, s6}
}

// pseudoInverse returns, for constant weights, the table from the logarithms of a signal to the weighted least-squares
// solution. It is n x 7, and project7 applies it. ok is false where the design does not determine all seven unknowns.
func (g *LogLinear) pseudoInverse(weights []float64) (table []float64, ok bool) {
	var matrix [packedSize]float64
	var f factor
	g.normal(matrix[:], weights)
	if f.decompose(matrix[:], logLinearSize) < singular {
		return nil, false
	}
	table = make([]float64, 7*g.n)
	for i := range g.n {
		column := table[7*i : 7*i+7]
		copy(column, g.rows[6*i:6*i+6])
		column[6] = 1
		f.solve(column)
		for k := range column {
			column[k] *= weights[i]
		}
	}
	return table, true
}

// Determines says whether the measurements whose values are not zero determine a tensor and S0.
func Determines[T float32 | float64](g *LogLinear, signal []T) bool {
	var matrix [packedSize]float64
	var f factor
	count, look := 0, 16
	for i, v := range signal {
		if v == 0 {
			continue
		}
		if count == look { // further rows cannot make the matrix singular
			if f.decompose(matrix[:], logLinearSize) > singular {
				return true
			}
			look *= 2
		}
		count++
		w := g.rows[6*i:][:6]
		for a := range 6 {
			for b := range a + 1 {
				matrix[packed(a, b)] += float64(w[a] * w[b])
			}
			matrix[packed(6, a)] += w[a]
		}
		matrix[packed(6, 6)]++
	}
	return count >= logLinearSize && f.decompose(matrix[:], logLinearSize) > singular
}

// singular is the ratio of a pivot to its diagonal element below which a normal matrix counts as singular. It is a few
// hundred roundings.
const singular = 1e-13

package qp

import (
	"slices"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// laneFitter is a QP made ready for kernels that fit one voxel in each lane of a vector. Its matrices have the layouts
// of ops.CSD and ops.QP.
type laneFitter struct {
	*fitter
	csd   *ops.CSD
	steps *ops.QP

	constraints int
	epsilon     float64

	places      []int   // of the volumes in the signal
	volumes     []int32 // offsets of the volumes in the packed signal
	consecutive []int32 // offsets of vectors one after another
	multipliers []int32 // offsets of the multipliers in the records

	transposed lanes.Panels[float64] // H^T
	inverse    lanes.Panels[float64] // M^-1
	normal     lanes.Panels[float64] // M
	blocks     []constraintBlock
	pull       []float64 // A^T l where every l is startMultiplier

	tiles    int        // in a row or column of the normal matrix
	template []float64  // the normal matrix without constraints, the same in all lanes
	fixed    []vecRange // its parts in which Assemble does not write every entry
}

// constraintBlock is the constraints on unknowns that lie next to each other.
type constraintBlock struct {
	first, columns int // unknowns
	row, rows      int // constraints
	amplitudes     lanes.Panels[float64]
	transposed     lanes.Panels[float64]
	moments        lanes.Panels[float64] // from weights of constraints to moments, without rows of zeros
	places         []momentRun
	momentVectors  int
	twins, couples []int32
	weights        []float64
}

// vecRange is count vectors, from first on.
type vecRange struct{ first, count int }

// momentRun says where count rows of constraintBlock.moments, from row on, belong among the vectors of moments.
type momentRun struct{ row, place, count int }

func newLaneFitter(d *Design, portable *fitter, csd *ops.CSD, steps *ops.QP) *laneFitter {
	n, m := d.Unknowns, len(d.Volumes)
	l := &laneFitter{
		fitter: portable, places: d.Volumes, csd: csd, steps: steps, epsilon: d.ConstraintNorm,
		constraints: len(portable.ref.Norms()), tiles: lanes.RoundUp(n, csd.Tile) / csd.Tile,
		pull: make([]float64, n),
	}
	for _, v := range d.Volumes {
		l.volumes = append(l.volumes, l.offset(v))
	}
	for i := range max(n, l.constraints) {
		l.consecutive = append(l.consecutive, l.offset(i))
	}
	for i := range l.constraints {
		l.multipliers = append(l.multipliers, l.offset(i*ops.QPRecord+ops.QPMultiplier))
	}
	l.transposed = lanes.NewPanels[float64](n, m, csd.Panel, func(r, c int) float64 { return d.H[c*n+r] })
	inverse := portable.ref.InverseNormal()
	l.inverse = lanes.NewPanels[float64](n, n, csd.Panel, func(r, c int) float64 { return inverse[r*n+c] })
	l.normal = lanes.NewPanels[float64](n, n, csd.Panel, l.entryOfM)
	row := 0
	for i := range d.Constraints {
		l.addBlock(&d.Constraints[i], portable.ref.Blocks()[i], row)
		row += d.Constraints[i].rows()
	}
	l.layTemplate()
	return l
}

// fitsLanes says whether the kernels can use the maps of all constraints.
func (d *Design) fitsLanes() bool {
	return !slices.ContainsFunc(d.Constraints, func(c Constraints) bool { return c.Gram != nil && !c.Gram.ShortSums() })
}

// offset returns the size in bytes of n vectors.
func (l *laneFitter) offset(n int) int32 { return int32(n * l.csd.Lanes * 8) }

func (l *laneFitter) entryOfM(r, c int) float64 {
	return l.ref.Normal()[ref.Triangle(max(r, c))+min(r, c)]
}

// place returns the number of the vector that has an entry of the matrix in the triangle of tiles.
func (l *laneFitter) place(row, column int) int {
	t := l.csd.Tile
	return (ref.Triangle(row/t)+column/t)*t*t + column%t*t + row%t
}

// entries returns the number of vectors of the normal matrix. A matrix has one more, for results that nobody needs.
func (l *laneFitter) entries() int { return ref.Triangle(l.tiles) * l.csd.Tile * l.csd.Tile }

// addBlock makes a block of constraints ready. scaled has its rows scaled, and row is the number of its first row.
func (l *laneFitter) addBlock(c *Constraints, scaled ref.QPRows, row int) {
	k, rows, size := c.Columns, c.rows(), l.csd.Panel
	b := constraintBlock{first: c.First, columns: k, row: row, rows: rows}
	b.amplitudes = lanes.NewPanels[float64](rows, k, size, func(r, c int) float64 { return scaled.A[r*k+c] })
	b.transposed = lanes.NewPanels[float64](k, rows, size, func(r, c int) float64 { return scaled.A[c*k+r] })
	for r := range rows {
		for j := range k {
			l.pull[c.First+j] += float64(startMultiplier * scaled.A[r*k+j])
		}
	}
	products := c.Gram
	if products == nil {
		products = productMap(c.A, k)
	}
	b.layMoments(products, l.ref.Norms()[row:][:rows], size)
	base := make([]float64, 0, ref.Triangle(k))
	for i := range k {
		for j := range i + 1 {
			base = append(base, l.entryOfM(c.First+i, c.First+j))
		}
	}
	records := gram.Records{Vector: l.offset(1), Spare: l.offset(l.entries()), Base: base, Unit: 1, Entry: func(packed int) int32 {
		i := 0
		for ref.Triangle(i+1) <= packed {
			i++
		}
		return l.offset(l.place(c.First+i, c.First+packed-ref.Triangle(i)))
	}}
	records.Lay(products)
	b.twins, b.couples, b.weights = records.Twins, records.Couples, records.Weights
	l.blocks = append(l.blocks, b)
}

// layMoments makes the matrix from the weights of constraints to moments. It leaves out rows of zeros (the sines of
// order zero), and notes where the others belong.
func (b *constraintBlock) layMoments(g *gram.Map, norms []float64, size int) {
	var sources []int
	for pair := range g.Moments {
		for part := range 2 {
			source, place := part*g.Moments+pair, 2*pair+part
			if b.zeroMoment(g, source) {
				continue
			}
			if last := len(b.places) - 1; last >= 0 && b.places[last].place+b.places[last].count == place {
				b.places[last].count++
			} else {
				b.places = append(b.places, momentRun{row: len(sources), place: place, count: 1})
			}
			sources = append(sources, source)
		}
	}
	b.momentVectors = 2 * g.Moments
	b.moments = lanes.NewPanels[float64](len(sources), b.rows, size, func(r, c int) float64 {
		return g.Rows[c*2*g.Moments+sources[r]] / (norms[c] * norms[c])
	})
}

// zeroMoment says whether a moment is zero whatever the weights are.
func (b *constraintBlock) zeroMoment(g *gram.Map, source int) bool {
	for r := range b.rows {
		if g.Rows[r*2*g.Moments+source] != 0 {
			return false
		}
	}
	return true
}

// layTemplate writes M, and the rows of the identity that fill up its last tiles. It finds the tiles that have an entry
// which no block writes.
func (l *laneFitter) layTemplate() {
	t, width := l.csd.Tile, l.csd.Lanes
	l.template = lanes.Aligned[float64](l.entries() * width)
	owner := make([]int, l.unknowns)
	for i := range owner {
		owner[i] = -1
	}
	for i, b := range l.blocks {
		for c := range b.columns {
			owner[b.first+c] = i
		}
	}
	fixed := make([]bool, ref.Triangle(l.tiles))
	for i := range l.tiles * t {
		for j := range i + 1 {
			value, written := 0.0, false
			switch {
			case i < l.unknowns:
				value, written = l.entryOfM(i, j), owner[i] >= 0 && owner[i] == owner[j]
			case i == j:
				value = 1
			}
			place := l.place(i, j)
			for lane := range width {
				l.template[place*width+lane] = value
			}
			if !written {
				fixed[place/(t*t)] = true
			}
		}
	}
	for tile, is := range fixed {
		if !is {
			continue
		}
		if last := len(l.fixed) - 1; last >= 0 && l.fixed[last].first+l.fixed[last].count == tile*t*t {
			l.fixed[last].count += t * t
		} else {
			l.fixed = append(l.fixed, vecRange{tile * t * t, t * t})
		}
	}
}

// matrix is the memory in which the normal matrices of the voxels in all lanes are made and solved.
type matrix struct {
	*laneFitter
	d, r       []float64 // a vector for each constraint
	adx        []float64 // the same, padded to whole panels
	sums       []float64 // moments as they come out of the product
	c          []float64 // moments in their places; unused places stay zero
	q, inverse []float64
	z, y       []float64 // right-hand side, solution
}

func newMatrix(l *laneFitter) matrix {
	width := l.csd.Lanes
	floats := func(vectors int) []float64 { return lanes.Aligned[float64](vectors * width) }
	sums, c := 0, 0
	for _, b := range l.blocks {
		sums, c = max(sums, b.moments.Rows), max(c, b.momentVectors)
	}
	padded := l.tiles * l.csd.Tile
	return matrix{
		laneFitter: l, d: floats(l.constraints), r: floats(l.constraints), adx: floats(l.constraints + l.csd.Panel),
		sums: floats(sums), c: floats(c * len(l.blocks)), q: floats(l.entries() + 1), inverse: floats(padded),
		z: floats(padded + l.csd.Panel), y: floats(padded + l.csd.Panel + 1),
	}
}

// assemble makes the normal matrix M + A^T D A.
func (m *matrix) assemble() {
	lanes := m.csd.Lanes
	for _, f := range m.fixed {
		copy(m.q[f.first*lanes:][:f.count*lanes], m.template[f.first*lanes:])
	}
	for i := range m.blocks {
		b := &m.blocks[i]
		c := m.c[i*len(m.c)/len(m.blocks):]
		m.csd.Multiply(&m.sums[0], &b.moments.Data[0], &m.d[b.row*lanes], &m.consecutive[0], b.moments.Count, b.rows)
		for _, p := range b.places {
			copy(c[p.place*lanes:][:p.count*lanes], m.sums[p.row*lanes:])
		}
		m.csd.Assemble(&m.q[0], &c[0], &b.weights[0],
			unsafe.SliceData(b.twins), len(b.twins)/gram.TwinFields, unsafe.SliceData(b.couples), len(b.couples)/gram.CoupleFields)
	}
}

// gather writes A^T v to dst. v has a vector for each constraint, at the offsets from x.
func (m *matrix) gather(dst []float64, x []float64, offsets []int32) {
	clear(dst)
	for i := range m.blocks {
		b := &m.blocks[i]
		m.csd.Multiply(&dst[b.first*m.csd.Lanes], &b.transposed.Data[0], &x[0], &offsets[b.row], b.transposed.Count, b.rows)
	}
	clear(dst[m.unknowns*m.csd.Lanes:])
}

// solve factorises the normal matrix and solves for the right-hand side z. y is the solution.
func (m *matrix) solve() {
	m.csd.Factorise(&m.q[0], &m.inverse[0], &m.y[0], &m.z[0], m.tiles)
	m.csd.BackSolve(&m.y[0], &m.q[0], &m.inverse[0], m.tiles)
}

// solveAgain solves for another z with the factor that is there.
func (m *matrix) solveAgain() {
	copy(m.y[:m.tiles*m.csd.Tile*m.csd.Lanes], m.z)
	m.steps.Forward(&m.y[0], &m.q[0], &m.inverse[0], m.tiles)
	m.csd.BackSolve(&m.y[0], &m.q[0], &m.inverse[0], m.tiles)
}

// unsolved says whether the solution in a lane is not finite.
func (m *matrix) unsolved(lane int) bool {
	return m.y[m.tiles*m.csd.Tile*m.csd.Lanes+lane] != 0 // the vector behind the solution is then NaN
}

// productMap returns a map whose moments are the products of the columns themselves. Every block of constraints has
// this map. It saves no work.
func productMap(a []float64, columns int) *gram.Map {
	products := ref.Triangle(columns)
	g := &gram.Map{Moments: products}
	for entry := range products {
		g.Singles = append(g.Singles, gram.Single{Moment: int32(entry), Terms: 1, Entry: int32(entry), Coefficients: int32(entry)})
		g.Coefficients = append(g.Coefficients, 1)
	}
	for ; len(a) > 0; a = a[columns:] {
		for i := range columns {
			for j := range i + 1 {
				g.Rows = append(g.Rows, a[i]*a[j])
			}
		}
		g.Rows = append(g.Rows, make([]float64, products)...)
	}
	return g
}

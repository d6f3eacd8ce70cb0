package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The matrix is a packed lower triangle of square tiles. Tile (I, J), J <= I, has the number I(I+1)/2 + J, and its
// entry (r, c) is its vector c*tile + r. The tiles of a row of tiles are therefore consecutive, and so are the vectors
// of a tile's column, which a turn of the loops needs together.

// inTile is the place of entry (row, column) of the tile at a pointer.
func (v vectors) inTile(pointer reg.Register, row, column int) Mem {
	return v.at(pointer, column*v.tile+row)
}

// factorise writes the Cholesky factorisation and the forward solve.
func (v vectors) factorise() {
	v.function("csdFactorise", "q, inverse, y, z *number, tiles int",
		"factorises the normal matrices of {lanes} voxels: it replaces q by its Cholesky factor L, writes the",
		"reciprocals of L's diagonal to inverse, and solves L y = z. q is a packed lower triangle of tiles x",
		"tiles squares with edge {tile}. Where a pivot is not positive, its reciprocal is NaN or infinite.")
	f := factorisation{
		vectors: v, q: load("q"), inverse: load("inverse"), y: load("y"), z: load("z"),
		row: GP64(), number: GP64(), target: GP64(), other: GP64(), own: GP64(), known: GP64(),
	}
	MOVQ(f.q, f.row)
	XORQ(f.number, f.number)
	repeat("row", load("tiles"), func() {
		known := load("inverse")
		f.offDiagonal(known)
		f.diagonal(known)
		LEAQ(Mem{Base: f.target, Disp: v.tileBytes()}, f.row)
		ADDQ(I32(v.tile*v.bytes), f.z)
		INCQ(f.number)
	})
	v.end()
}

// factorisation holds the pointers that the loops move.
type factorisation struct {
	vectors
	q, inverse, y, z reg.Register
	row              reg.Register // first tile of the row of tiles at work
	number           reg.Register // how many tiles this row has left of the diagonal
	target           reg.Register // the tile at work
	other            reg.Register // walks along the row of tiles above
	own              reg.Register // walks along the row at work
	known            reg.Register // walks along y
}

// offDiagonal finishes the tiles left of the diagonal, one after another. First it subtracts what the earlier columns
// contribute; the tile x tile sums are in registers. Then it solves the tile against the diagonal tile of the row of
// tiles above.
func (f *factorisation) offDiagonal(reciprocals reg.Register) {
	t := f.tile
	a := func(r, c int) reg.VecPhysical { return f.registers[r*t+c] }
	x := func(r int) reg.VecPhysical { return f.registers[t*t+r] }
	b := f.registers[t*t+t]
	f.holds("first the entries a of a tile, row by row   then x, of this row of tiles   then b, of the row above")
	left, before := copied(f.number), GP64()
	MOVQ(f.row, f.target)
	MOVQ(f.q, f.other)
	XORQ(before, before)
	repeat("tile", left, func() {
		f.each(func(r, c int) { f.move(f.inTile(f.target, r, c), a(r, c)) })
		MOVQ(f.row, f.own)
		repeat("before", copied(before), func() {
			for k := range t {
				for r := range t {
					f.move(f.inTile(f.own, r, k), x(r))
				}
				for c := range t {
					f.move(f.inTile(f.other, c, k), b)
					for r := range t {
						f.fnma(b, x(r), a(r, c))
					}
				}
			}
			ADDQ(I32(f.tileBytes()), f.own)
			ADDQ(I32(f.tileBytes()), f.other)
		})
		for c := range t {
			for d := range c {
				f.move(f.inTile(f.other, c, d), b)
				for r := range t {
					f.fnma(b, a(r, d), a(r, c))
				}
			}
			f.move(f.at(reciprocals, c), b)
			for r := range t {
				f.mul(b, a(r, c), a(r, c))
			}
		}
		f.each(func(r, c int) { f.move(a(r, c), f.inTile(f.target, r, c)) })
		ADDQ(I32(t*f.bytes), reciprocals)
		ADDQ(I32(f.tileBytes()), f.target)
		ADDQ(I32(f.tileBytes()), f.other)
		INCQ(before)
	})
}

// each visits the entries of a tile in the order of memory.
func (f *factorisation) each(visit func(r, c int)) {
	for c := range f.tile {
		for r := range f.tile {
			visit(r, c)
		}
	}
}

// diagonal finishes the tile on the diagonal, and the values of y in its rows.
func (f *factorisation) diagonal(reciprocals reg.Register) {
	t := f.tile
	triangle := t * (t + 1) / 2
	a := func(r, c int) reg.VecPhysical { return f.registers[r*(r+1)/2+c] }
	y := func(r int) reg.VecPhysical { return f.registers[triangle+r] }
	x := func(r int) reg.VecPhysical { return f.registers[triangle+t+r] }
	known, one := f.registers[triangle+2*t], f.registers[triangle+2*t+1]
	f.holds("first the triangle of the diagonal tile, row by row   then y   then x, of this row of tiles   then a known y, one")
	lower := func(visit func(r, c int)) {
		f.each(func(r, c int) {
			if c <= r {
				visit(r, c)
			}
		})
	}
	f.fill(one, f.one)
	lower(func(r, c int) { f.move(f.inTile(f.target, r, c), a(r, c)) })
	for r := range t {
		f.move(f.at(f.z, r), y(r))
	}
	MOVQ(f.row, f.own)
	MOVQ(f.y, f.known)
	repeat("left", copied(f.number), func() {
		for k := range t {
			for r := range t {
				f.move(f.inTile(f.own, r, k), x(r))
			}
			f.move(f.at(f.known, k), known)
			lower(func(r, c int) { f.fnma(x(c), x(r), a(r, c)) })
			for r := range t {
				f.fnma(known, x(r), y(r))
			}
		}
		ADDQ(I32(f.tileBytes()), f.own)
		ADDQ(I32(t*f.bytes), f.known)
	})
	for c := range t {
		Comment("The reciprocal of the root of p is root * (1/p). So the root and the division do not wait for each other.")
		s, root := x(0), x(1)
		f.div(a(c, c), one, s)
		f.sqrt(a(c, c), root)
		f.mul(root, s, s)
		f.move(s, f.at(reciprocals, c))
		f.mul(s, y(c), y(c))
		f.move(y(c), f.at(f.known, c))
		for r := c; r < t; r++ {
			f.mul(s, a(r, c), a(r, c))
		}
		for d := c + 1; d < t; d++ {
			for r := d; r < t; r++ {
				f.fnma(a(d, c), a(r, c), a(r, d))
			}
			f.fnma(y(c), a(d, c), y(d))
		}
	}
	lower(func(r, c int) { f.move(a(r, c), f.inTile(f.target, r, c)) })
}

// backSolve writes the second half of the solution, L^T f = y.
func (v vectors) backSolve() {
	v.function("csdBackSolve", "y, q, inverse *number, tiles int",
		"solves L^T f = y for {lanes} voxels in place of y, with the q and inverse of csdFactorise. It writes one",
		"more vector behind f: "+v.judgment)
	v.holds("first f of a row of tiles   then the unknowns above")
	t := v.tile
	f := func(r int) reg.VecPhysical { return v.registers[r] }
	rest := func(c int) reg.VecPhysical { return v.registers[t+c] }
	y, row, inverse, left := load("y"), load("q"), load("inverse"), load("tiles")
	Comment("row is the first tile of a row of tiles. y and inverse are at its first unknown. All begin with the last row.")
	offset := GP64()
	LEAQ(Mem{Base: left, Disp: -1}, offset)
	down := copied(offset)
	IMULQ(left, offset)
	IMUL3Q(I32(v.tileBytes()/2), offset, offset)
	if v.tileBytes()%2 != 0 {
		panic("an odd number of bytes in a tile")
	}
	ADDQ(offset, row)
	IMUL3Q(I32(t*v.bytes), down, down)
	ADDQ(down, y)
	ADDQ(down, inverse)
	tile, above, number := GP64(), GP64(), GP64()
	repeat("row", left, func() {
		LEAQ(Mem{Base: left, Disp: -1}, number)
		Comment("The diagonal tile.")
		MOVQ(number, tile)
		IMUL3Q(I32(v.tileBytes()), tile, tile)
		ADDQ(row, tile)
		for r := range t {
			v.move(v.at(y, r), f(r))
		}
		for r := t - 1; r >= 0; r-- {
			v.mul(v.at(inverse, r), f(r), f(r))
			for c := r - 1; c >= 0; c-- {
				v.fnma(v.inTile(tile, r, c), f(r), f(c))
			}
			v.move(f(r), v.at(y, r))
		}
		Comment("Subtract what these unknowns contribute to the rows above.")
		MOVQ(row, tile)
		Load(Param("y"), above)
		repeat("tile", copied(number), func() {
			for c := range t {
				v.move(v.at(above, c), rest(c))
			}
			for r := t - 1; r >= 0; r-- {
				for c := range t {
					v.fnma(v.inTile(tile, r, c), f(r), rest(c))
				}
			}
			for c := range t {
				v.move(rest(c), v.at(above, c))
			}
			ADDQ(I32(v.tileBytes()), tile)
			ADDQ(I32(t*v.bytes), above)
		})
		Comment("The row of tiles before this one has one tile less.")
		IMUL3Q(I32(v.tileBytes()), number, number)
		SUBQ(number, row)
		SUBQ(I32(t*v.bytes), y)
		SUBQ(I32(t*v.bytes), inverse)
	})
	v.judge()
	v.end()
}

// judge writes the vector behind f. In double precision this is the sum of 0 * f. In single precision it is the sum of
// squares, which the driver needs, too. Neither is finite where f is not.
func (v vectors) judge() {
	sum, zeros, value := v.registers[0], v.registers[1], v.registers[2]
	zero(sum, zeros)
	all, unknowns := load("y"), load("tiles")
	IMUL3Q(I32(v.tile), unknowns, unknowns)
	repeat("unknown", unknowns, func() {
		v.move(Mem{Base: all}, value)
		if v.size == 4 {
			v.fma(value, value, sum)
		} else {
			v.fma(zeros, value, sum)
		}
		ADDQ(I32(v.bytes), all)
	})
	v.move(sum, Mem{Base: all})
}

// condition writes the sum from which the driver bounds the error of single precision (guard.go of package csd).
func (v vectors) condition() {
	v.function("csdCondition", "condition, inverse, scales *number, n int",
		"writes the vector of the sums, over n >= 1 unknowns, of scales[i] times the square of inverse[i].",
		"inverse has vectors of {lanes} voxels, as csdFactorise wrote them, and scales has numbers.")
	v.holds("#0 sum   #1 reciprocals   #2 a scale")
	sum, value, scale := v.registers[0], v.registers[1], v.registers[2]
	inverse, scales := load("inverse"), load("scales")
	zero(sum)
	repeat("unknown", load("n"), func() {
		v.move(Mem{Base: inverse}, value)
		v.broadcast(Mem{Base: scales}, scale)
		v.mul(value, value, value)
		v.fma(value, scale, sum)
		ADDQ(I32(v.bytes), inverse)
		ADDQ(I32(v.size), scales)
	})
	v.move(sum, Mem{Base: load("condition")})
	v.end()
}

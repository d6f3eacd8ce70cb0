package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// blockUnknowns is how many vectors of unknowns are multiplied at once. vectors.block says for how many voxels. Their
// sums, the vectors of the matrix and one value of a signal fill the registers.
const blockUnknowns = 3

// project multiplies signals by a matrix. The signals lie in memory voxel after voxel; lanes are unknowns.
func (v vectors) project(suffix, number string, size int, broadcast, multiply func(...Op)) {
	const unknowns = blockUnknowns
	voxels := v.block
	v.function("nnlsProject"+suffix, "dst, matrix, rows *"+number+", measurements, stride, width, tiles int",
		"multiplies the signals of {block} voxels by a matrix. Signals are stride numbers apart in rows, results",
		"width numbers apart in dst. The matrix is tiles of three vectors of unknowns; a tile has its vectors for",
		"one measurement after another.")
	v.holds(
		"first the sums, three for each voxel   then three vectors of the matrix   then a value in all lanes")
	sums, matrix := v.registers[:unknowns*voxels], v.registers[unknowns*voxels:][:unknowns]
	value := v.registers[unknowns*voxels+unknowns]
	dst, a, tiles := load("dst"), load("matrix"), load("tiles")
	stride, width := load("stride"), load("width")
	IMUL3Q(I32(size), stride, stride)
	IMUL3Q(I32(size), width, width)
	three, five, seven := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	if voxels > 4 {
		LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, five)
		LEAQ(Mem{Base: three, Index: stride, Scale: 4}, seven)
	}
	repeat("tile", tiles, func() {
		zero(sums...)
		row, measurements := load("rows"), load("measurements")
		places := []Mem{
			{Base: row}, {Base: row, Index: stride, Scale: 1}, {Base: row, Index: stride, Scale: 2}, {Base: row, Index: three, Scale: 1},
			{Base: row, Index: stride, Scale: 4}, {Base: row, Index: five, Scale: 1}, {Base: row, Index: three, Scale: 2}, {Base: row, Index: seven, Scale: 1},
		}
		repeat("measurement", measurements, func() {
			for u, m := range matrix {
				VMOVUPS(v.at(a, u), m)
			}
			for voxel := range voxels {
				broadcast(places[voxel], value)
				for u, m := range matrix {
					multiply(m, value, sums[voxel*unknowns+u])
				}
			}
			ADDQ(I32(unknowns*v.bytes), a)
			ADDQ(I32(size), row)
		})
		result := copied(dst)
		for voxel := range voxels {
			for u := range unknowns {
				VMOVUPS(sums[voxel*unknowns+u], v.at(result, u))
			}
			ADDQ(width, result)
		}
		ADDQ(I32(unknowns*v.bytes), dst)
	})
	v.end()
}

//go:build !purego

package arm64

import "github.com/voxfit/voxfit/kernel/internal/ops"

// The sizes are those of the generator, _asm/csd.go.
var csdNEON = &ops.CSD{
	CSDIteration: ops.CSDIteration[float64, float64]{
		Lanes: 4, Tile: 3, Panel: 14, Stripe: 56,
		Transpose:  csdTransposeNEON,
		Accumulate: csdAccumulateNEON,
		Assemble:   csdAssembleNEON,
		Factorise:  csdFactoriseNEON,
		BackSolve:  csdBackSolveNEON,
	},
	PackFloat32: csdPackFloat32NEON,
	PackFloat64: csdPackFloat64NEON,
	Inspect:     csdInspectNEON,
	Multiply:    csdMultiplyNEON,
	Below:       csdBelowNEON,
}

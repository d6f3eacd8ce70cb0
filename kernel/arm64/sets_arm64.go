//go:build !purego

package arm64

import "github.com/voxfit/voxfit/kernel/internal/ops"

// Sets lists the one set.
func Sets() []*ops.Set {
	return []*ops.Set{{Name: "neon", CSD: csdNEON, QP: qpNEON, Tensor: tensorNEON, TensorSingle: tensorSingleNEON, FractionSingle: fractionNEON, NNLS: nnlsNEON, Peaks: peaksNEON}}
}

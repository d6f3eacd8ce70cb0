//go:build !purego

package amd64

import (
	"github.com/klauspost/cpuid/v2"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// Sets lists what this processor can run, the widest first.
func Sets() []*ops.Set {
	var sets []*ops.Set
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL) {
		sets = append(sets, &ops.Set{Name: "avx512", CSD: csd512, QP: qp512, Tensor: tensor512, TensorSingle: single512, FractionSingle: fraction512, NNLS: nnls512, Peaks: peaks512})
	}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		sets = append(sets, &ops.Set{Name: "avx2", CSD: csd256, QP: qp256, Tensor: tensor256, TensorSingle: single256, FractionSingle: fraction256, NNLS: nnls256, Peaks: peaks256})
	}
	return sets
}

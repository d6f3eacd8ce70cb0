//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

//go:generate go run -C _asm . -kernels qp_avx512 -pkg amd64 -out ../qp_avx512_amd64.s -stubs ../qp_avx512_amd64.go
//go:generate go run -C _asm . -kernels qp_avx2 -pkg amd64 -out ../qp_avx2_amd64.s -stubs ../qp_avx2_amd64.go

var (
	qp512 = &ops.QP{
		Advance: qpAdvanceAVX512,
		Predict: qpPredictAVX512,
		Centre:  qpCentreAVX512,
		Correct: qpCorrectAVX512,
		Forward: qpForwardAVX512,
		Hold:    qpHoldAVX512,
		Press:   qpPressAVX512,
		Shift:   qpShiftAVX512,
		Judge:   qpJudgeAVX512,
	}
	qp256 = &ops.QP{
		Advance: qpAdvanceAVX2,
		Predict: qpPredictAVX2,
		Centre:  qpCentreAVX2,
		Correct: qpCorrectAVX2,
		Forward: qpForwardAVX2,
		Hold:    qpHoldAVX2,
		Press:   qpPressAVX2,
		Shift:   qpShiftAVX2,
		Judge:   qpJudgeAVX2,
	}
)

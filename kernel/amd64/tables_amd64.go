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
		sets = append(sets, &setAVX512)
	}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		sets = append(sets, &setAVX2)
	}
	return sets
}

// peakChains is the number of multiply-adds in one turn of a peak loop, as in _asm/peak.go.
const peakChains = 12

// The sizes in the tables are those of the generator, _asm/vectors.go and _asm/nnls*.go.

var setAVX512 = ops.Set{
	Name:         avx512,
	CSD:          &csdAVX512,
	QP:           &qpAVX512,
	Tensor:       &tensorAVX512,
	TensorSingle: &tensorSingleAVX512,
	GridSingle:   &gridAVX512,
	NNLS:         &nnlsAVX512,
	Peaks:        &peaksAVX512,
	Ceiling:      ops.NewPeakLoops(peakFloat64AVX512, peakFloat32AVX512, peakChains, 64),
}

var csdAVX512 = ops.CSD{
	CSDIteration: ops.CSDIteration[float64, float64]{
		Lanes: 8, Tile: 5, Panel: 23, Stripe: 56,
		Transpose:  csdTransposeAVX512,
		Accumulate: csdAccumulateAVX512,
		Assemble:   csdAssembleAVX512,
		Factorise:  csdFactoriseAVX512,
		BackSolve:  csdBackSolveAVX512,
	},
	PackFloat32: csdPackFloat32AVX512,
	PackFloat64: csdPackFloat64AVX512,
	Inspect:     csdInspectAVX512,
	Multiply:    csdMultiplyAVX512,
	Below:       csdBelowAVX512,

	RoundedPanel: 46,
	BelowRounded: csdBelowRoundedAVX512,
	Single: &ops.CSDSingle{
		CSDIteration: ops.CSDIteration[float32, int32]{
			Lanes: 16, Tile: 5, Panel: 23, Stripe: 176,
			Transpose:  csdTransposeSingleAVX512,
			Accumulate: csdAccumulateSingleAVX512,
			Assemble:   csdAssembleSingleAVX512,
			Factorise:  csdFactoriseSingleAVX512,
			BackSolve:  csdBackSolveSingleAVX512,
		},
		Below:     csdBelowSingleAVX512,
		Condition: csdConditionSingleAVX512,
	},
}

var qpAVX512 = ops.QP{
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

var tensorAVX512 = ops.Tensor{
	Lanes:              8,
	PackFloat32:        tensorPack32AVX512,
	PackFloat64:        tensorPack64AVX512,
	Range:              tensorRangeAVX512,
	Exp2:               tensorExp2AVX512,
	Log2:               tensorLog2AVX512,
	Logarithms:         tensorLogarithmsAVX512,
	WeightedLogarithms: tensorWeightedLogarithmsAVX512,
	Sums7:              tensorSums7AVX512,
	Sums22:             tensorSums22AVX512,
	Expand:             tensorExpandAVX512,
	Model:              tensorModelAVX512,
	Misfit:             tensorMisfitAVX512,
	Weights:            tensorWeightsAVX512,
	Step:               tensorStepAVX512,
	Factor:             tensorFactorAVX512,
	Solve:              tensorSolveAVX512,
	Ordinary:           tensorOrdinaryAVX512,
	Reweight:           tensorReweightAVX512,
	SquaredWeights:     tensorSquaredWeightsAVX512,
	Tissue:             tensorTissueAVX512,
	Eigenvalues:        tensorEigenvaluesAVX512,
	Eigen:              tensorEigenAVX512,
}

var tensorSingleAVX512 = ops.TensorSingle{
	Lanes:              16,
	PackFloat32:        singlePack32AVX512,
	PackFloat64:        singlePack64AVX512,
	Range:              singleRangeAVX512,
	Widen:              singleWidenAVX512,
	Narrow:             singleNarrowAVX512,
	Exp2:               singleExp2AVX512,
	Log2:               singleLog2AVX512,
	Logarithms:         singleLogarithmsAVX512,
	WeightedLogarithms: singleWeightedLogarithmsAVX512,
	Sums7:              singleSums7AVX512,
	Sums22:             singleSums22AVX512,
	Project:            singleProjectAVX512,
	Model:              singleModelAVX512,
	Misfit:             singleMisfitAVX512,
	Weights:            singleWeightsAVX512,
}

var gridAVX512 = ops.GridSingle{
	Lanes:   16,
	Scale:   fractionScaleAVX512,
	Right:   fractionRightAVX512,
	Slope:   fractionSlopeAVX512,
	Descend: fractionDescendAVX512,
	Clips:   fractionClipsAVX512,
	Part:    fractionPartAVX512,
	Ratios:  fractionRatiosAVX512,
	Moments: fractionMomentsAVX512,
	Series:  fractionSeriesAVX512,
	Squares: fractionSquaresAVX512,
}

var nnlsAVX512 = ops.NNLS{
	Lanes: 8, Singles: 16, Tile: 12, BlockUnknowns: 3, BlockVoxels: 8,
	Price:         nnlsPriceAVX512,
	Project:       nnlsProjectAVX512,
	ProjectSingle: nnlsProjectSingleAVX512,
	PriceSingle:   nnlsPriceSingleAVX512,
	SurveyFloat32: nnlsSurveyFloat32AVX512,
	SurveyFloat64: nnlsSurveyFloat64AVX512,
	Dot:           nnlsDotAVX512,
}

var peaksAVX512 = ops.Peaks{
	Single: ops.PeakSearch[float32]{Lanes: 16, Maxima: peaksMaximaSingleAVX512},
	Double: ops.PeakSearch[float64]{Lanes: 8, Maxima: peaksMaximaAVX512},
	Round:  peaksRoundSingleAVX512,
	Panel:  23, Samples: peaksSamplesSingleAVX512,
	Spread: peaksSpreadAVX512,
	Jets:   peaksJetsAVX512,
	Tile:   12, Combine: peaksCombineAVX512,
}

var setAVX2 = ops.Set{
	Name:         avx2,
	CSD:          &csdAVX2,
	QP:           &qpAVX2,
	Tensor:       &tensorAVX2,
	TensorSingle: &tensorSingleAVX2,
	GridSingle:   &gridAVX2,
	NNLS:         &nnlsAVX2,
	Peaks:        &peaksAVX2,
	Ceiling:      ops.NewPeakLoops(peakFloat64AVX2, peakFloat32AVX2, peakChains, 32),
}

var csdAVX2 = ops.CSD{
	CSDIteration: ops.CSDIteration[float64, float64]{
		Lanes: 4, Tile: 3, Panel: 13, Stripe: 56,
		Transpose:  csdTransposeAVX2,
		Accumulate: csdAccumulateAVX2,
		Assemble:   csdAssembleAVX2,
		Factorise:  csdFactoriseAVX2,
		BackSolve:  csdBackSolveAVX2,
	},
	PackFloat32: csdPackFloat32AVX2,
	PackFloat64: csdPackFloat64AVX2,
	Inspect:     csdInspectAVX2,
	Multiply:    csdMultiplyAVX2,
	Below:       csdBelowAVX2,
	Single: &ops.CSDSingle{
		CSDIteration: ops.CSDIteration[float32, int32]{
			Lanes: 8, Tile: 3, Panel: 13, Stripe: 88,
			Transpose:  csdTransposeSingleAVX2,
			Accumulate: csdAccumulateSingleAVX2,
			Assemble:   csdAssembleSingleAVX2,
			Factorise:  csdFactoriseSingleAVX2,
			BackSolve:  csdBackSolveSingleAVX2,
		},
		Below:     csdBelowSingleAVX2,
		Condition: csdConditionSingleAVX2,
	},
}

var qpAVX2 = ops.QP{
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

var tensorAVX2 = ops.Tensor{
	Lanes:              4,
	PackFloat32:        tensorPack32AVX2,
	PackFloat64:        tensorPack64AVX2,
	Range:              tensorRangeAVX2,
	Exp2:               tensorExp2AVX2,
	Log2:               tensorLog2AVX2,
	Logarithms:         tensorLogarithmsAVX2,
	WeightedLogarithms: tensorWeightedLogarithmsAVX2,
	Sums7:              tensorSums7AVX2,
	Sums22:             tensorSums22AVX2,
	Expand:             tensorExpandAVX2,
	Model:              tensorModelAVX2,
	Misfit:             tensorMisfitAVX2,
	Weights:            tensorWeightsAVX2,
	Step:               tensorStepAVX2,
	Factor:             tensorFactorAVX2,
	Solve:              tensorSolveAVX2,
	Ordinary:           tensorOrdinaryAVX2,
	Reweight:           tensorReweightAVX2,
	SquaredWeights:     tensorSquaredWeightsAVX2,
	Tissue:             tensorTissueAVX2,
	Eigenvalues:        tensorEigenvaluesAVX2,
	Eigen:              tensorEigenAVX2,
}

var tensorSingleAVX2 = ops.TensorSingle{
	Lanes:              8,
	PackFloat32:        singlePack32AVX2,
	PackFloat64:        singlePack64AVX2,
	Range:              singleRangeAVX2,
	Widen:              singleWidenAVX2,
	Narrow:             singleNarrowAVX2,
	Exp2:               singleExp2AVX2,
	Log2:               singleLog2AVX2,
	Logarithms:         singleLogarithmsAVX2,
	WeightedLogarithms: singleWeightedLogarithmsAVX2,
	Sums7:              singleSums7AVX2,
	Sums22:             singleSums22AVX2,
	Project:            singleProjectAVX2,
	Model:              singleModelAVX2,
	Misfit:             singleMisfitAVX2,
	Weights:            singleWeightsAVX2,
}

var gridAVX2 = ops.GridSingle{
	Lanes:   8,
	Scale:   fractionScaleAVX2,
	Right:   fractionRightAVX2,
	Slope:   fractionSlopeAVX2,
	Descend: fractionDescendAVX2,
	Clips:   fractionClipsAVX2,
	Part:    fractionPartAVX2,
	Ratios:  fractionRatiosAVX2,
	Moments: fractionMomentsAVX2,
	Series:  fractionSeriesAVX2,
	Squares: fractionSquaresAVX2,
}

var nnlsAVX2 = ops.NNLS{
	Lanes: 4, Singles: 8, Tile: 12, BlockUnknowns: 3, BlockVoxels: 4,
	Price:         nnlsPriceAVX2,
	Project:       nnlsProjectAVX2,
	ProjectSingle: nnlsProjectSingleAVX2,
	PriceSingle:   nnlsPriceSingleAVX2,
	SurveyFloat32: nnlsSurveyFloat32AVX2,
	SurveyFloat64: nnlsSurveyFloat64AVX2,
	Dot:           nnlsDotAVX2,
}

var peaksAVX2 = ops.Peaks{
	Single: ops.PeakSearch[float32]{Lanes: 8, Maxima: peaksMaximaSingleAVX2},
	Double: ops.PeakSearch[float64]{Lanes: 4, Maxima: peaksMaximaAVX2},
	Round:  peaksRoundSingleAVX2,
	Panel:  13, Samples: peaksSamplesSingleAVX2,
	Spread: peaksSpreadAVX2,
	Jets:   peaksJetsAVX2,
	Tile:   12, Combine: peaksCombineAVX2,
}

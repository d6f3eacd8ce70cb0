//go:build !purego

package arm64

import "github.com/voxfit/voxfit/kernel/internal/ops"

// Sets lists the one set, which every processor of this architecture has.
func Sets() []*ops.Set { return []*ops.Set{&setNEON} }

// peakChains is the number of multiply-adds in one turn of a peak loop, as in _asm/peak.go.
const peakChains = 16

// The sizes in the tables are those of the generator, _asm/csd.go, _asm/nnls.go and _asm/peaks.go.

var setNEON = ops.Set{
	Name:         neon,
	CSD:          &csdNEON,
	QP:           &qpNEON,
	Tensor:       &tensorNEON,
	TensorSingle: &tensorSingleNEON,
	GridSingle:   &gridNEON,
	NNLS:         &nnlsNEON,
	Peaks:        &peaksNEON,
	Ceiling:      ops.NewPeakLoops(peakFloat64NEON, peakFloat32NEON, peakChains, 16),
}

var csdNEON = ops.CSD{
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

	RoundedPanel: 14,
	BelowRounded: csdBelowRoundedNEON,
	Single: &ops.CSDSingle{
		CSDIteration: ops.CSDIteration[float32, int32]{
			Lanes: 8, Tile: 3, Panel: 14, Stripe: 88,
			Transpose:  csdTransposeSingleNEON,
			Accumulate: csdAccumulateSingleNEON,
			Assemble:   csdAssembleSingleNEON,
			Factorise:  csdFactoriseSingleNEON,
			BackSolve:  csdBackSolveSingleNEON,
		},
		Below:     csdBelowSingleNEON,
		Condition: csdConditionSingleNEON,
	},
}

var tensorNEON = ops.Tensor{
	Lanes:              4,
	PackFloat32:        tensorPack32NEON,
	PackFloat64:        tensorPack64NEON,
	Range:              tensorRangeNEON,
	Exp2:               tensorExp2NEON,
	Log2:               tensorLog2NEON,
	Logarithms:         tensorLogarithmsNEON,
	WeightedLogarithms: tensorWeightedLogarithmsNEON,
	Sums7:              tensorSums7NEON,
	Sums22:             tensorSums22NEON,
	Expand:             tensorExpandNEON,
	Model:              tensorModelNEON,
	Misfit:             tensorMisfitNEON,
	Weights:            tensorWeightsNEON,
	Step:               tensorStepNEON,
	Factor:             tensorFactorNEON,
	Solve:              tensorSolveNEON,
	Ordinary:           tensorOrdinaryNEON,
	Reweight:           tensorReweightNEON,
	SquaredWeights:     tensorSquaredWeightsNEON,
	Tissue:             tensorTissueNEON,
	Eigenvalues:        tensorEigenvaluesNEON,
	Eigen:              tensorEigenNEON,
}

var tensorSingleNEON = ops.TensorSingle{
	Lanes:              8,
	PackFloat32:        singlePack32NEON,
	PackFloat64:        singlePack64NEON,
	Range:              singleRangeNEON,
	Widen:              singleWidenNEON,
	Narrow:             singleNarrowNEON,
	Exp2:               singleExp2NEON,
	Log2:               singleLog2NEON,
	Logarithms:         singleLogarithmsNEON,
	WeightedLogarithms: singleWeightedLogarithmsNEON,
	Sums7:              singleSums7NEON,
	Sums22:             singleSums22NEON,
	Project:            singleProjectNEON,
	Model:              singleModelNEON,
	Misfit:             singleMisfitNEON,
	Weights:            singleWeightsNEON,
}

var gridNEON = ops.GridSingle{
	Lanes:   8,
	Scale:   fractionScaleNEON,
	Right:   fractionRightNEON,
	Slope:   fractionSlopeNEON,
	Descend: fractionDescendNEON,
	Clips:   fractionClipsNEON,
	Part:    fractionPartNEON,
	Ratios:  fractionRatiosNEON,
	Moments: fractionMomentsNEON,
	Series:  fractionSeriesNEON,
	Squares: fractionSquaresNEON,
}

var nnlsNEON = ops.NNLS{
	Lanes: 4, Singles: 8, Tile: 12, BlockUnknowns: 3, BlockVoxels: 4,
	Price:         nnlsPriceNEON,
	Project:       nnlsProjectNEON,
	ProjectSingle: nnlsProjectSingleNEON,
	PriceSingle:   nnlsPriceSingleNEON,
	SurveyFloat32: nnlsSurveyFloat32NEON,
	SurveyFloat64: nnlsSurveyFloat64NEON,
	Dot:           nnlsDotNEON,
}

var qpNEON = ops.QP{
	Advance: qpAdvanceNEON,
	Predict: qpPredictNEON,
	Centre:  qpCentreNEON,
	Correct: qpCorrectNEON,
	Forward: qpForwardNEON,
	Hold:    qpHoldNEON,
	Press:   qpPressNEON,
	Shift:   qpShiftNEON,
	Judge:   qpJudgeNEON,
}

var peaksNEON = ops.Peaks{
	Single: ops.PeakSearch[float32]{Lanes: 8, Maxima: peaksMaximaSingleNEON},
	Double: ops.PeakSearch[float64]{Lanes: 4, Maxima: peaksMaximaNEON},
	Round:  peaksRoundSingleNEON,
	Panel:  14, Samples: peaksSamplesSingleNEON,
	Spread: peaksSpreadNEON,
	Jets:   peaksJetsNEON,
	Tile:   12, Combine: peaksCombineNEON,
}

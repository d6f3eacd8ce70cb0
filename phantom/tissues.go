package phantom

import "github.com/voxfit/voxfit/acq"

// Tissues are the response functions of the phantom's white matter, grey matter and CSF, for models of
// several tissues: Response, and isotropic tensors in the middle of the range that grey matter's
// diffusivity is drawn from (0.9e-3 mm2/s) and of free water (3e-3 mm2/s), with the default S0.
func Tissues() (wm, gm, csf acq.Response) {
	isotropic := func(d float64) acq.Response {
		return acq.Response{Evals: [3]float64{d, d, d}, S0: defaultS0}
	}
	return Response(), isotropic((greyLow + greyHigh) / 2), isotropic(FreeWaterDiffusivity)
}

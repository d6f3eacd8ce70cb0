package phantom

import "github.com/voxfit/voxfit/acq"

// Tissues are the response functions of the phantom's white matter, grey matter and CSF, for models of several tissues.
// That of white matter is Response. The other two are isotropic tensors with the default S0: one in the middle of the
// range that grey matter's diffusivity is drawn from (0.9e-3 mm2/s), and free water (3e-3 mm2/s).
func Tissues() (wm, gm, csf acq.Response) {
	isotropic := func(d float64) acq.Response {
		return acq.Response{Evals: [3]float64{d, d, d}, S0: defaultS0}
	}
	return Response(), isotropic((greyLow + greyHigh) / 2), isotropic(FreeWaterDiffusivity)
}

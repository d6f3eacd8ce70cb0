package kernel

import "fmt"

// A Method is how the parameters of a tensor model are estimated.
type Method uint8

// The methods of tensor models. Free water has NLS and WLS. The plain tensor has all of them.
const (
	// DefaultMethod is WLS for the plain tensor and NLS for free water, as in DIPY.
	DefaultMethod Method = iota
	// WLS is weighted linear least squares on the logarithm of the signal. For the plain tensor, the weights are the
	// squares of the signal that an ordinary fit predicts (Chung, Lu and Henry 2006; DIPY's TensorModel). For free
	// water, they are the squares of the measured signal (Hoy et al. 2014; DIPY's fwdti.wls_iter).
	WLS
	// NLS is nonlinear least squares on the signal itself.
	NLS
	// OLS is ordinary linear least squares on the logarithm of the signal.
	OLS
	// IWLS is iteratively reweighted linear least squares on the logarithm of the signal (Veraart et al. 2013), as in
	// MRtrix3's dwi2tensor. The weights of the first fit are the squares of the measured signal. Those of each further
	// fit are the squares of the signal that the fit before predicts.
	IWLS
)

var methodNames = [...]string{"default", "WLS", "NLS", "OLS", "IWLS"}

// String returns the usual abbreviation of the method.
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return fmt.Sprintf("Method(%d)", uint8(m))
}

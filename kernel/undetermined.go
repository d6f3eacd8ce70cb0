package kernel

import (
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// ErrUndetermined is wrapped by the errors of tensor.New and freewater.New where W does not determine the model,
// because there are too few directions, or no second b-value.
var ErrUndetermined = reftensor.ErrUndetermined

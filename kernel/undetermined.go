package kernel

import (
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// ErrUndetermined is what the errors of tensor.New and freewater.New wrap where W does not determine the model, for want
// of directions or of a second b-value.
var ErrUndetermined = reftensor.ErrUndetermined

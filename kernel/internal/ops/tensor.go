package ops

// Tensor holds the steps of the tensor models.
type Tensor struct{}

package ops

// CSD holds the steps of constrained spherical deconvolution.
type CSD struct{}

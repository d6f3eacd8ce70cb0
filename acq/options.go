package acq

// A GradientOption changes how a gradient table is read.
type GradientOption func(*gradientOptions)

type gradientOptions struct {
	scaling     BValueScaling
	b0Threshold float64
}

// WithScaling says whether b-values are multiplied by the squared lengths of their vectors. The default is ScaleAuto.
func WithScaling(s BValueScaling) GradientOption { return func(o *gradientOptions) { o.scaling = s } }

// WithB0Threshold sets the b-value in s/mm2 up to which (inclusive) a volume is a b0. The default is
// DefaultB0Threshold.
func WithB0Threshold(bval float64) GradientOption {
	return func(o *gradientOptions) { o.b0Threshold = bval }
}

func chosen(options []GradientOption) gradientOptions {
	o := gradientOptions{b0Threshold: DefaultB0Threshold}
	for _, option := range options {
		option(&o)
	}
	return o
}

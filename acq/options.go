package acq

// A GradientOption changes how a gradient table is read.
type GradientOption func(*gradientOptions)

type gradientOptions struct {
	scaling     BValueScaling
	scalingName string // of the option that sets scaling, in messages
	b0Threshold float64
}

// WithScaling says whether b-values are multiplied by the squared lengths of their vectors. The default is ScaleAuto.
func WithScaling(s BValueScaling) GradientOption { return func(o *gradientOptions) { o.scaling = s } }

// WithScalingName says how the user's interface spells the option that sets the scaling, for messages. The default is
// "bvalue_scaling".
func WithScalingName(name string) GradientOption {
	return func(o *gradientOptions) { o.scalingName = name }
}

// WithB0Threshold sets the b-value in s/mm2 up to which (inclusive) a volume is a b0. The default is
// DefaultB0Threshold.
func WithB0Threshold(bval float64) GradientOption {
	return func(o *gradientOptions) { o.b0Threshold = bval }
}

func chosen(options []GradientOption) gradientOptions {
	o := gradientOptions{scalingName: "bvalue_scaling", b0Threshold: DefaultB0Threshold}
	for _, option := range options {
		option(&o)
	}
	return o
}

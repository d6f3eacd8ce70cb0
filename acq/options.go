package acq

// A GradientOption changes how a gradient table is read.
type GradientOption func(*gradientOptions)

type gradientOptions struct {
	scaling     BValueScaling
	spelling    spelling
	b0Threshold float64
}

// WithScaling says whether b-values are multiplied by the squared lengths of their vectors. The default is ScaleAuto.
func WithScaling(s BValueScaling) GradientOption { return func(o *gradientOptions) { o.scaling = s } }

// WithSpelling says how messages spell the options of the user's interface. The options are "bvalue_scaling",
// "shells", "response", and for an automatic response "response_fa" and "response_radius". spell returns "" for an
// option that the interface does not have. Without WithSpelling, messages have the names as they stand here.
func WithSpelling(spell func(option string) string) GradientOption {
	return func(o *gradientOptions) { o.spelling = spell }
}

// A spelling is how an interface spells the names of options; nil leaves them as they are.
type spelling func(option string) string

func (s spelling) of(option string) string {
	if s == nil {
		return option
	}
	return s(option)
}

// Spelled is an option's name as the user's interface spells it (WithSpelling). It is "" where the interface has no
// such option.
func (g *GradientTable) Spelled(option string) string { return g.spelling.of(option) }

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

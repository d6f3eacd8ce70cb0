package kernel

import "github.com/voxfit/voxfit/kernel/internal/sets"

// EnvISA is the environment variable that chooses the instruction set of every Fitter whose constructor was not given
// WithISA.
const EnvISA = sets.Environment

// An Option changes how a Fitter is made.
type Option func(*sets.Request)

// WithISA asks for one instruction set, by a name that ISAs lists, or for "auto". With an empty name, the environment
// variable VOXFIT_ISA decides. Where that is empty too, the set is that of "auto".
func WithISA(name string) Option {
	return func(r *sets.Request) { r.ISA = name }
}

// ISAs lists the instruction sets for which this build has code and which this processor can run. The first is the one
// that "auto" takes. Results may differ in their last bits from one set to another. Within one set they never do.
func ISAs() []string { return sets.Names() }

// ChosenISA returns the name of the instruction set that a Fitter made with these options uses. If a set is not
// available, the error says which ones are. A fit never runs on another set than the one that was asked for.
func ChosenISA(opts ...Option) (string, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return "", err
	}
	return set.Name, nil
}

package kernel

import "github.com/voxfit/voxfit/kernel/internal/sets"

// EnvISA is the environment variable that chooses the instruction set of every Fitter whose
// constructor was not given WithISA.
const EnvISA = sets.Environment

// An Option changes how a Fitter is made.
type Option func(*sets.Request)

// WithISA asks for one instruction set by the name that ISAs lists, or for "auto". An empty name is
// no request: the environment variable VOXFIT_ISA decides then, and "auto" when that is empty too.
func WithISA(name string) Option {
	return func(r *sets.Request) { r.ISA = name }
}

// ISAs lists the instruction sets that this build has code for and this processor can run, the one
// that "auto" picks first. A result may differ in its last bits from one to another; within one it
// never does.
func ISAs() []string { return sets.Names() }

// ChosenISA names the instruction set that a Fitter made with these options uses. A name that is
// not available is an error that says what is: a fit never silently runs on another set than the
// one asked for.
func ChosenISA(opts ...Option) (string, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return "", err
	}
	return set.Name, nil
}

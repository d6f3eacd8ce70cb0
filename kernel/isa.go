package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// EnvISA is the environment variable that chooses the instruction set of every Fitter whose
// constructor was not given WithISA.
const EnvISA = "VOXFIT_ISA"

const (
	isaAuto    = "auto"
	isaGeneric = "generic"
)

// An Option changes how a Fitter is made.
type Option func(*options)

type options struct {
	isa string
}

// WithISA asks for one instruction set by the name that ISAs lists, or for "auto". An empty name is
// no request: the environment variable VOXFIT_ISA decides then, and "auto" when that is empty too.
func WithISA(name string) Option {
	return func(o *options) { o.isa = name }
}

// ISAs lists the instruction sets that this build has code for and this processor can run, the one
// that "auto" picks first. A result may differ in its last bits from one to another; within one it
// never does.
func ISAs() []string { return []string{isaGeneric} }

// ChosenISA names the instruction set that a Fitter made with these options uses. A name that is
// not available is an error that says what is: a fit never silently runs on another set than the
// one asked for.
func ChosenISA(opts ...Option) (string, error) {
	var o options
	for _, set := range opts {
		set(&o)
	}
	name, asked := o.isa, "WithISA"
	if name == "" {
		name, asked = os.Getenv(EnvISA), EnvISA
	}
	available := ISAs()
	if name == "" || name == isaAuto {
		return available[0], nil
	}
	if !slices.Contains(available, name) {
		return "", fmt.Errorf("kernel: instruction set %q (from %s) is not available; this build on this processor has %s, or %s",
			name, asked, strings.Join(available, ", "), isaAuto)
	}
	return name, nil
}

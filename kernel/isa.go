package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/kernel/amd64"
	"github.com/voxfit/voxfit/kernel/arm64"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// EnvISA is the environment variable that chooses the instruction set of every Fitter whose
// constructor was not given WithISA.
const EnvISA = "VOXFIT_ISA"

const isaAuto = "auto"

// sets are the instruction sets of this build on this processor, the one that "auto" picks first:
// the widest vectors that the processor has. That is a fixed rule and never a timing, so that one
// machine always gives the same bits. The last is the portable code, whose tables are empty.
var sets = slices.Concat(amd64.Sets(), arm64.Sets(), []*ops.Set{{Name: "generic"}})

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
func ISAs() []string {
	names := make([]string, len(sets))
	for i, s := range sets {
		names[i] = s.Name
	}
	return names
}

// ChosenISA names the instruction set that a Fitter made with these options uses. A name that is
// not available is an error that says what is: a fit never silently runs on another set than the
// one asked for.
func ChosenISA(opts ...Option) (string, error) {
	set, err := chooseSet(opts)
	if err != nil {
		return "", err
	}
	return set.Name, nil
}

func chooseSet(opts []Option) (*ops.Set, error) {
	var o options
	for _, apply := range opts {
		apply(&o)
	}
	name, asked := o.isa, "WithISA"
	if name == "" {
		name, asked = os.Getenv(EnvISA), EnvISA
	}
	if name == "" || name == isaAuto {
		return sets[0], nil
	}
	if i := slices.IndexFunc(sets, func(s *ops.Set) bool { return s.Name == name }); i >= 0 {
		return sets[i], nil
	}
	return nil, fmt.Errorf("kernel: instruction set %q (from %s) is not available; this build on this processor has %s, or %s",
		name, asked, strings.Join(ISAs(), ", "), isaAuto)
}

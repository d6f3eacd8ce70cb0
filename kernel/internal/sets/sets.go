// Package sets is the instruction sets of this build on this processor, and the choice of one: the table of steps that
// a Fitter runs on. Package kernel says how users choose (WithISA, VOXFIT_ISA); the packages of problems take the
// table.
package sets

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/kernel/amd64"
	"github.com/voxfit/voxfit/kernel/arm64"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// Environment is the environment variable that names a set where a Request does not.
const Environment = "VOXFIT_ISA"

// auto is the name that asks for the first of all.
const auto = "auto"

// all are the instruction sets, the one that auto picks first: the widest vectors that the processor has. That is a
// fixed rule and never a timing, so that one machine always gives the same bits. The last is the portable code.
var all = slices.Concat(amd64.Sets(), arm64.Sets(), []*ops.Set{portable})

// Known are the names of the sets that voxfit has assembly for, by architecture (GOARCH), whether or not this build and
// this processor have them.
var Known = map[string][]string{"amd64": amd64.Names, "arm64": arm64.Names}

// A Request is what a Fitter is asked to run on. Options change it.
type Request struct {
	// ISA is a name that Names lists, or auto, or empty: Environment decides then.
	ISA string
	// Set, if there is one, is taken whatever the names say. Tests of drivers bring theirs.
	Set *ops.Set
}

// Names lists the sets, the one that auto picks first.
func Names() []string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names
}

// Native lists the sets with assembly: all but the last.
func Native() []*ops.Set { return all[:len(all)-1] }

// Find is the set of a name that Names lists, and nil for other names.
func Find(name string) *ops.Set {
	if i := slices.IndexFunc(all, func(s *ops.Set) bool { return s.Name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// Choose is the set that options ask for. One that is not there is an error that says what is.
func Choose[Option ~func(*Request)](options []Option) (*ops.Set, error) {
	var r Request
	for _, apply := range options {
		apply(&r)
	}
	if r.Set != nil {
		return r.Set, nil
	}
	name, asked := r.ISA, "WithISA"
	if name == "" {
		name, asked = os.Getenv(Environment), Environment
	}
	if name == "" || name == auto {
		return all[0], nil
	}
	if set := Find(name); set != nil {
		return set, nil
	}
	return nil, fmt.Errorf("kernel: instruction set %q (from %s) is not available; this build on this processor has %s, or %s",
		name, asked, strings.Join(Names(), ", "), auto)
}

// Package sets has the instruction sets of this build on this processor, and chooses one: the set of tables on which a
// Fitter runs. Package kernel says how users choose (WithISA, VOXFIT_ISA). The packages of problems take the tables.
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

// Environment is the environment variable that names a set where a Request has no name.
const Environment = "VOXFIT_ISA"

// auto is the name that asks for the first set.
const auto = "auto"

// all lists the instruction sets, the one that auto takes first: that with the widest vectors that the processor has.
// This is a fixed rule and never depends on a timing, so that one machine always gives the same bits. The last is the
// portable code.
var all = slices.Concat(amd64.Sets(), arm64.Sets(), []*ops.Set{portable})

// Known lists the names of the sets for which voxfit has assembly, by architecture (GOARCH). This build and this
// processor need not have them.
var Known = map[string][]string{"amd64": amd64.Names, "arm64": arm64.Names}

// A Request says on what a Fitter is to run. Options change it.
type Request struct {
	// ISA is a name that Names lists, or auto. Where it is empty, Environment decides.
	ISA string
	// Set, if there is one, is taken whatever the names say. Tests of drivers use sets of their own.
	Set *ops.Set
}

// Names lists the sets, the one that auto takes first.
func Names() []string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names
}

// Native lists the sets that have assembly: all but the last.
func Native() []*ops.Set { return all[:len(all)-1] }

// Find returns the set of a name that Names lists, and nil for other names.
func Find(name string) *ops.Set {
	if i := slices.IndexFunc(all, func(s *ops.Set) bool { return s.Name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// Choose returns the set that options ask for. If it is not available, the error says which sets are.
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

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/numa"
)

func newEnvCommand() *cobra.Command {
	var asJSON, quick bool
	c := &cobra.Command{
		Use:   "env",
		Short: "What this machine is and can do, and what kbench would use of it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			env, err := surveyEnvironment(!quick)
			if err != nil {
				return err
			}
			if asJSON {
				out := json.NewEncoder(c.OutOrStdout())
				out.SetIndent("", "  ")
				return out.Encode(env)
			}
			env.write(c.OutOrStdout())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&quick, "quick", false, "do not measure")
	return c
}

// An environment is what kbench env reports.
type environment struct {
	Version  string       `json:"version"`
	Go       string       `json:"go"`
	Machine  numa.Machine `json:"machine"`
	Allowed  []int        `json:"allowed_cpus"`
	CPULimit *float64     `json:"cgroup_cpu_limit"` // nil if there is no limit
	Counters string       `json:"processor_counters"`
	ISAs     []string     `json:"instruction_sets"`
	ISA      string       `json:"instruction_set"`
	Why      string       `json:"instruction_set_reason"`
	Core     *peak        `json:"peak_of_one_core,omitempty"`
	Nodes    []nodePeak   `json:"peak_of_nodes,omitempty"`
	Kernels  []setSpeed   `json:"kernels_on_one_core,omitempty"`
}

type nodePeak struct {
	Node int `json:"node"`
	peak
}

// surveyEnvironment describes the machine. If measure is set, it also runs the peak loops on one core and on the
// allowed CPUs of each node, and the kernels of each instruction set on one core.
func surveyEnvironment(measure bool) (environment, error) {
	env := environment{Version: version(), Go: runtime.Version(), Machine: numa.Describe(), ISAs: kernel.ISAs()}
	var err error
	if env.ISA, err = kernel.ChosenISA(); err != nil {
		return env, err
	}
	env.Counters = surveyCounters()
	env.Why = whyISA(env.ISAs, os.Getenv(kernel.EnvISA))
	if env.Allowed, err = numa.Allowed(); err != nil {
		return env, err
	}
	if limit := numa.CPULimit(); !math.IsInf(limit, 1) {
		env.CPULimit = &limit
	}
	if !measure {
		return env, nil
	}
	core, err := measurePeak(env.Allowed[:1])
	if err != nil {
		return env, err
	}
	env.Core = &core
	for _, node := range env.Machine.Nodes {
		cpus := allowedOf(node, env.Allowed)
		if len(cpus) == 0 {
			continue
		}
		together, err := measurePeak(cpus)
		if err != nil {
			return env, err
		}
		env.Nodes = append(env.Nodes, nodePeak{node.ID, together})
	}
	env.Kernels, err = measureKernels(env.Allowed[0])
	return env, err
}

// allowedOf returns the CPUs of a node that this process may use.
func allowedOf(node numa.Node, allowed []int) []int {
	return slices.DeleteFunc(slices.Clone(node.CPUs), func(cpu int) bool { return !slices.Contains(allowed, cpu) })
}

// surveyCounters says whether kbench run can read the processor's counters, and if not, why.
func surveyCounters() string {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	counters, err := numa.OpenCounters()
	if err != nil {
		why := strings.TrimPrefix(err.Error(), "numa: processor's counters: ")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			why = "this processor or virtual machine has no counters"
		case errors.Is(err, fs.ErrPermission):
			why += " (sysctl kernel.perf_event_paranoid must be at most 2, and a container must allow perf_event_open)"
		}
		return "none: " + why
	}
	counters.Close()
	return "instructions, cycles, last-level cache misses"
}

// whyISA says by which rule kernel.ChosenISA chose. asked is the value of the variable kernel.EnvISA.
func whyISA(available []string, asked string) string {
	switch {
	case asked != "" && asked != "auto":
		return "asked for by " + kernel.EnvISA
	case len(available) == 1:
		return "this build has no other for this processor"
	default:
		return "the widest vectors that this processor has: a fixed rule, never a timing, so that a machine always gives the same bits"
	}
}

func (e environment) write(w io.Writer) {
	fmt.Fprintf(w, "voxfit     %s, %s\n%s", e.Version, e.Go, e.Machine)
	limit := math.Inf(1)
	if e.CPULimit != nil {
		limit = *e.CPULimit
	}
	fmt.Fprintf(w, "allowed    CPUs %v, %s\n", e.Allowed, limitInWords(limit))
	fmt.Fprintf(w, "counters   %s\n", e.Counters)
	fmt.Fprintf(w, "kernels    %s: %s\n", e.ISA, e.Why)
	fmt.Fprintf(w, "           this build has for this processor: %s (%s chooses another)\n", strings.Join(e.ISAs, ", "), kernel.EnvISA)
	if e.Core == nil {
		return
	}
	fmt.Fprintf(w, "\nmeasured peak of arithmetic; generic is scalar code in portable Go\n")
	fmt.Fprintf(w, "%-32s %14s %14s\n", "", "GFLOP/s fp64", "GFLOP/s fp32")
	e.eachPeak(func(name string, p peak) {
		for _, s := range p.Sets {
			fmt.Fprintf(w, "%-32s %14.1f %14.1f\n", name+", "+s.ISA, s.Float64, s.Float32)
		}
	})
	fmt.Fprintf(w, "\nmeasured bandwidth\n%-32s %14s\n", "", "read GB/s")
	e.eachPeak(func(name string, p peak) { fmt.Fprintf(w, "%-32s %14.1f\n", name, p.ReadRate) })
	e.writeTaken(w)
	writeSpeeds(w, e.Core.CPUs[0], e.ISA, e.Kernels)
}

// limitInWords says how many CPUs the quota of the cgroup pays for.
func limitInWords(limit float64) string {
	if math.IsInf(limit, 1) {
		return "no cgroup limit"
	}
	return fmt.Sprintf("cgroup limit %.2f CPUs", limit)
}

// writeTaken warns if other programs took the CPUs while they were measured.
func (e environment) writeTaken(w io.Writer) {
	e.eachPeak(func(name string, p peak) {
		if calm.Disturbs(p.Taken) {
			fmt.Fprintf(w, "%s: other programs took %.0f%% of the CPUs while they were measured: they can do more than these figures say\n", name, 100*p.Taken)
		}
	})
}

// eachPeak calls write for one core and for each node.
func (e environment) eachPeak(write func(name string, p peak)) {
	write(fmt.Sprintf("CPU %d alone", e.Core.CPUs[0]), *e.Core)
	for _, n := range e.Nodes {
		write(fmt.Sprintf("node %d, %s", n.Node, plural.Count(len(n.CPUs), "CPU")), n.peak)
	}
}

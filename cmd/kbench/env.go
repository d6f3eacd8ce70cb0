package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
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
	CPULimit *float64     `json:"cgroup_cpu_limit"` // nil: none
	ISAs     []string     `json:"instruction_sets"`
	ISA      string       `json:"instruction_set"`
	Core     *peak        `json:"peak_of_one_core,omitempty"`
	Nodes    []nodePeak   `json:"peak_of_nodes,omitempty"`
}

type nodePeak struct {
	Node int `json:"node"`
	peak
}

// surveyEnvironment reads the machine and, when measure is set, runs the peak loops on one core and on
// the allowed CPUs of each node.
func surveyEnvironment(measure bool) (environment, error) {
	env := environment{Version: version(), Go: runtime.Version(), Machine: numa.Describe(), ISAs: kernel.ISAs()}
	var err error
	if env.ISA, err = kernel.ChosenISA(); err != nil {
		return env, err
	}
	if env.Allowed, err = numa.Allowed(); err != nil {
		return env, err
	}
	if limit := numa.CPULimit(); !math.IsInf(limit, 1) {
		env.CPULimit = &limit
	}
	if !measure {
		return env, nil
	}
	core := measurePeak(env.Allowed[:1])
	env.Core = &core
	for _, node := range env.Machine.Nodes {
		cpus := slices.DeleteFunc(slices.Clone(node.CPUs), func(cpu int) bool { return !slices.Contains(env.Allowed, cpu) })
		if len(cpus) > 0 {
			env.Nodes = append(env.Nodes, nodePeak{node.ID, measurePeak(cpus)})
		}
	}
	return env, nil
}

func (e environment) write(w io.Writer) {
	fmt.Fprintf(w, "voxfit     %s, %s\n%s", e.Version, e.Go, e.Machine)
	limit := "no cgroup limit"
	if e.CPULimit != nil {
		limit = fmt.Sprintf("cgroup limit %.2f CPUs", *e.CPULimit)
	}
	fmt.Fprintf(w, "allowed    CPUs %v, %s\n", e.Allowed, limit)
	fmt.Fprintf(w, "kernels    %s (this build has for this CPU: %s; %s chooses another)\n", e.ISA, strings.Join(e.ISAs, ", "), kernel.EnvISA)
	if e.Core == nil {
		return
	}
	fmt.Fprintf(w, "\nmeasured, portable Go code (scalar): the ceiling of the generic kernels\n")
	fmt.Fprintf(w, "%-22s %14s %14s %10s\n", "", "GFLOP/s fp64", "GFLOP/s fp32", "read GB/s")
	row := func(name string, p peak) {
		fmt.Fprintf(w, "%-22s %14.1f %14.1f %10.1f\n", name, p.Float64, p.Float32, p.ReadRate)
	}
	row(fmt.Sprintf("CPU %d alone", e.Core.CPUs[0]), *e.Core)
	for _, n := range e.Nodes {
		row(fmt.Sprintf("node %d, %d CPUs", n.Node, len(n.CPUs)), n.peak)
	}
}

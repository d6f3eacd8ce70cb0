package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
)

// A placement has the flags that say where workers run and how chunks are handed to them.
type placement struct {
	schedule policyFlag
	pin      pinFlag
	noPin    bool
	places   string
	smt      bool
}

func (p *placement) addFlags(f *pflag.FlagSet) {
	if numa.CanPin {
		p.pin = pinFlag(sched.PinCore)
	}
	f.Var(&p.schedule, "schedule", "how chunks find workers: numa (each node's share to its workers, then stealing from the nearest), dynamic (one queue), static (no stealing)")
	f.Var(&p.pin, "pin", "tie each worker to one CPU (core), to its NUMA node (node), or to none; --pin alone is core")
	f.Lookup("pin").NoOptDefVal = "core"
	f.BoolVar(&p.noPin, "no-pin", false, "the same as --pin none")
	p.places = "close"
	f.Var(namedValue(&p.places, "close", "spread"), "places", "order of the CPUs: close (fill one node after the other), spread (nodes in turn), or a list as 0,2,4-7; second hardware threads come last")
	f.BoolVar(&p.smt, "smt", true, "use the second hardware threads of cores too; --smt=false: one worker a core")
}

// cpus returns the CPUs for workers, in order.
func (p *placement) cpus() ([]int, error) {
	allowed, err := numa.Allowed()
	if err != nil {
		return nil, err
	}
	places, err := numa.Describe().Places(p.places, allowed, p.smt)
	if err == nil && len(places) == 0 {
		err = fmt.Errorf("--places %s: none of the CPUs %v that this process may use is known to the system", p.places, allowed)
	}
	return places, err
}

// defaultWorkers returns how many workers run on these CPUs by default: one for each, or fewer if a cgroup's quota
// allows fewer.
func defaultWorkers(cpus []int) int {
	n, err := sched.Plan{Voxels: sched.ChunksPerWorker * len(cpus), CPUs: cpus}.WorkerCount()
	if err != nil {
		return len(cpus)
	}
	return n
}

func (p *placement) pinning() sched.Pinning {
	if p.noPin {
		return sched.PinNone
	}
	return sched.Pinning(p.pin)
}

// plan returns the plan for a number of workers on the first of the CPUs. 0 leaves the number to package sched, on all
// of the CPUs. Workers that are not pinned stay on these CPUs only if a flag chose the CPUs. Otherwise the kernel moves
// them freely.
func (p *placement) plan(cpus []int, workers int) sched.Plan {
	plan := sched.Plan{Workers: workers, Policy: sched.Policy(p.schedule), Pin: p.pinning()}
	if plan.Pin != sched.PinNone || p.places != "close" || !p.smt {
		plan.CPUs = slices.Clone(cpus)
		if workers > 0 {
			plan.CPUs = plan.CPUs[:min(workers, len(cpus))]
		}
	}
	return plan
}

// policyFlag is the flag for a sched.Policy, by its name.
type policyFlag sched.Policy

func (p *policyFlag) String() string { return sched.Policy(*p).String() }
func (p *policyFlag) Type() string   { return "numa|dynamic|static" }
func (p *policyFlag) Set(text string) error {
	policy, err := sched.ParsePolicy(strings.ToLower(text))
	if err != nil {
		return errors.New("expected numa, dynamic or static")
	}
	*p = policyFlag(policy)
	return nil
}

// pinFlag is the flag for a sched.Pinning, by its name. It also takes true and false, from the time when --pin was a
// boolean.
type pinFlag sched.Pinning

func (p *pinFlag) String() string { return sched.Pinning(*p).String() }
func (p *pinFlag) Type() string   { return "none|core|node" }
func (p *pinFlag) Set(text string) error {
	if on, err := strconv.ParseBool(text); err == nil {
		text = map[bool]string{true: "core", false: "none"}[on]
	}
	pin, err := sched.ParsePinning(strings.ToLower(text))
	switch {
	case err != nil:
		return errors.New("expected none, core or node")
	case pin != sched.PinNone && !numa.CanPin:
		return errors.New("this operating system does not let a program choose its CPUs")
	}
	*p = pinFlag(pin)
	return nil
}

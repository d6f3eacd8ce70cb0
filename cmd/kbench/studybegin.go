package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study/kit"
)

// beginningFile is the first file of a study, which is not in its archive.
const beginningFile = "begun.json"

// A studyBeginning is what all steps of a study have in common. A study of another beginning is not gone on with: two
// machines of a cluster may share the folder.
type studyBeginning struct {
	Version string `json:"version"`
	Host    string `json:"host"`
	Budget  string `json:"budget"`
	Kernels string `json:"kernels"`
	CPUs    []int  `json:"allowed_cpus"`
	Workers int    `json:"workers"` // the most: fewer than the CPUs where a quota does not pay for all
}

// goesOn writes the beginning of a new study. It refuses a folder that has another one.
func (o *studyOptions) goesOn() error {
	now := studyBeginning{Version: version(), Budget: o.budget.String()}
	var err error
	if now.CPUs, err = numa.Allowed(); err != nil {
		return err
	}
	if now.Kernels, err = kernel.ChosenISA(); err != nil {
		return err
	}
	now.Host, _ = os.Hostname()
	now.Workers = defaultWorkers(now.CPUs)
	var plan kit.Plan
	err = readJSON(o.path(kit.PlanFile), &plan)
	switch {
	case err == nil && (plan.Budget != now.Budget || plan.Version != now.Version || plan.Host != now.Host):
		return fmt.Errorf("%s is a study of %s by version %s with --budget %s, this command is of %s, %s and %s: start another study in another folder",
			o.folder, plan.Host, plan.Version, plan.Budget, now.Host, now.Version, now.Budget)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	text, err := lock.ReadFile(o.path(beginningFile))
	if errors.Is(err, fs.ErrNotExist) {
		return writeJSON(o.path(beginningFile), now)
	}
	if err != nil {
		return err
	}
	found, err := differenceFromText(text, now)
	if err != nil {
		return fmt.Errorf("%s: %w; start another study in another folder", o.path(beginningFile), err)
	}
	if found != nil {
		return fmt.Errorf("%s is of another study than this command's: %s; start another study in another folder", o.folder, found.between("there", "now"))
	}
	return nil
}

// What the shortest study takes: a pair of nodes whose bandwidth is measured, a fit of the fewest voxels with all that
// is done around it, and the rest, which is mostly the first scheduler that hands out tasks.
const (
	leastForPair = 300 * time.Millisecond
	leastForFit  = 20 * time.Millisecond
	leastForRest = 2 * time.Second
)

// leastTime is about how long a study of this machine takes at least.
func leastTime(nodes int, sweeps []kit.Sweep) time.Duration {
	plan := kit.Plan{Models: modelsOfStudy(), Runs: runsOfStudy}
	least := leastForRest + leastForPair*time.Duration(nodes*nodes+1)
	for _, s := range sweeps {
		least += leastForFit * time.Duration(plan.RunsOf(s))
	}
	return least
}

// sayLeast says so if the budget of a new study is too short for this machine.
func (o *studyOptions) sayLeast(stderr io.Writer) error {
	if _, err := os.Stat(o.path(kit.PlanFile)); err == nil {
		return nil // it has said so
	}
	sweeps, err := sweepsOfThisMachine()
	if err != nil {
		return err
	}
	if least := leastTime(len(numa.Describe().Nodes), sweeps); least > o.budget {
		fmt.Fprintf(stderr, "study: a study of this machine takes at least about %v, which is more than --budget %v\n", least.Round(time.Second), o.budget)
	}
	return nil
}

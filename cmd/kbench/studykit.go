package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study/kit"
)

// studyOptions are those of kbench study.
type studyOptions struct {
	folder  string
	budget  time.Duration
	python  string
	command string
	begin   time.Time
}

// shortestBudget is too short for any measurement to mean much, and long enough to see all steps.
const shortestBudget = time.Second

func newStudyCommand(args []string) *cobra.Command {
	o := studyOptions{command: commandLine(args)}
	c := &cobra.Command{
		Use:   "study DIR",
		Short: "Measure a whole machine within a budget of time, into one archive to compare with other machines'",
		Long: `Measure what decides the speed of fits on this machine, step by step: what the machine is, the bandwidth of memory
between its nodes, the cost of handing out tasks (as kbench metg), and fits of a phantom on 1, 2, 4 ... CPUs, with workers
close and spread, with and without second hardware threads, by each schedule.

Before the fits their times are predicted from measurements on one core. The predictions are written down, and their
SHA-256 with them, so that the page can say how far off they were.

Each step is kept when it ends, each fit when it is done. A study that was stopped goes on with the same command. At the
end there is one archive, DIR/HOST.tar.gz; kbench report makes a page of one or more of them. The budget sets how much
is measured: below 8m only the schedulers of this program hand out tasks, and what there is no time for is left out,
which the page says. On a machine with nothing else to do the study takes at most a little longer than its budget. If
the machine is too large for the budget, the command says at the beginning how long it will take at least.`,
		Example: `  kbench study measured
  kbench study measured --budget 2h
  kbench report measured/HOST.tar.gz -o page`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, arguments []string) error {
			o.folder = arguments[0]
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.DurationVar(&o.budget, "budget", 20*time.Minute, "about how long the study may take: 10m, 2h")
	f.StringVar(&o.python, "python", "", "Python with Ray, Dask and joblib (default: as for kbench compare)")
	return c
}

// wholeSurvey is the budget from which on the peaks of arithmetic and the kernels of all instruction sets are measured.
const wholeSurvey = 5 * time.Minute

// run does the steps that are missing.
func (o *studyOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if o.folder == "" {
		return errors.New("study: the name of the folder is empty, expected DIR")
	}
	if o.budget < shortestBudget {
		return fmt.Errorf("--budget %v: expected at least %v", o.budget, shortestBudget)
	}
	if _, err := makeFolders(o.folder); err != nil {
		return err
	}
	held, err := lock.Take(o.path(".lock"), lock.Holder(o.command))
	if err != nil {
		return err
	}
	defer held.Release()
	o.begin = time.Now()
	if err := o.goesOn(); err != nil {
		return err
	}
	if err := o.sayLeast(stderr); err != nil {
		return err
	}
	keeps(ctx, "what was measured is in %s; the same command goes on", o.folder)
	steps := []struct {
		file, what string
		make       func() (any, error)
	}{
		{kit.FactsFile, "the machine", func() (any, error) { return o.facts() }},
		{kit.EnvironmentFile, "arithmetic and kernels", func() (any, error) { return surveyEnvironment(o.budget >= wholeSurvey) }},
		{kit.BandwidthFile, "bandwidth of memory", func() (any, error) {
			allowed, err := numa.Allowed()
			if err != nil {
				return nil, err
			}
			return measureBandwidth(allowed)
		}},
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := o.step(step.file, stderr, step.what, func(path string) error {
			made, err := step.make()
			if err != nil {
				return err
			}
			return writeJSON(path, made)
		})
		if err != nil {
			return err
		}
	}
	return o.measure(ctx, stdout, stderr)
}

// measure plans, hands out tasks, predicts, fits, and packs.
func (o *studyOptions) measure(ctx context.Context, stdout, stderr io.Writer) error {
	plan, err := o.plan(ctx, stderr)
	if err != nil {
		return err
	}
	err = o.step(kit.METGFile, stderr, "the cost of handing out tasks", func(path string) error {
		s, err := o.metg(plan).measure(ctx, stderr)
		if err != nil {
			return err
		}
		s.Opponents = append(s.Opponents, notPlanned(plan)...)
		return s.Write(path)
	})
	if err != nil {
		return err
	}
	if err := o.predict(plan, stderr); err != nil {
		return err
	}
	predictions, err := os.ReadFile(o.path(kit.PredictionsFile))
	if err != nil {
		return err
	}
	for _, sweep := range plan.Sweeps {
		fmt.Fprintf(stderr, "study: fits, %s, on up to %s\n", sweep.Name, plural.Count(sweep.CPUs[len(sweep.CPUs)-1], "CPU"))
		if err := o.sweep(ctx, plan, sweep, o.path(kit.SweepFolder(predictions)), stderr); err != nil {
			return err
		}
	}
	archive := o.path(plan.Host + ".tar.gz")
	if err := kit.Pack(o.folder, archive); err != nil {
		return err
	}
	done, err := kit.Read(archive)
	if err == nil && done.Missing() != 0 {
		err = fmt.Errorf("%s: %d runs of the plan are missing in it", archive, done.Missing())
	}
	if err != nil {
		return err
	}
	sayDone(stdout, stderr, "the archive is "+archive, func(w io.Writer) {
		fmt.Fprintf(w, "archive  %s\nkbench report %s -o page makes a page of it\n", archive, archive)
	})
	return nil
}

func (o *studyOptions) path(name string) string { return filepath.Join(o.folder, name) }

// step makes a file that is not there yet.
func (o *studyOptions) step(file string, stderr io.Writer, what string, make func(path string) error) error {
	path := o.path(file)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fmt.Fprintf(stderr, "study: %s\n", what)
	return make(path)
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return err
	}
	return disk.Replace(path, append(text, '\n'))
}

// readJSON reads a file that an earlier step wrote.
func readJSON(path string, to any) error {
	text, err := lock.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: %w; remove it to measure this step again", path, err)
	}
	return nil
}

// facts says what the machine is.
func (o *studyOptions) facts() ([]kit.Fact, error) {
	var facts []kit.Fact
	for _, f := range machineFacts() {
		facts = append(facts, kit.Fact{Name: f.Name, Value: f.Value})
	}
	isa, err := kernel.ChosenISA()
	if err != nil {
		return nil, err
	}
	allowed, err := numa.Allowed()
	if err != nil {
		return nil, err
	}
	may := fmt.Sprintf("%d of %s, %s", len(allowed), plural.Count(len(numa.Describe().CPUs), "CPU"), limitInWords(numa.CPULimit()))
	return append(facts, kit.Fact{Name: "allowed", Value: may}, kit.Fact{Name: "kernels", Value: isa},
		kit.Fact{Name: "counters", Value: surveyCounters()}), nil
}

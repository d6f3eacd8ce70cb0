package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	benchmetg "github.com/voxfit/voxfit/bench/metg"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study/metg"
	"github.com/voxfit/voxfit/study/page"
)

// metgOptions are the flags of kbench metg.
type metgOptions struct {
	opponents       []string
	workers, rounds int
	places, python  string
	smt             bool
	out, command    string
	budget          time.Duration
	point           time.Duration // of a run of tasks
}

func newMETGCommand(args []string) *cobra.Command {
	o := metgOptions{command: commandLine(args), point: benchmetg.Point}
	c := &cobra.Command{
		Use:   "metg",
		Short: "What it costs to hand out a task: METG(50%) of voxfit's scheduler and of others, on the same CPUs",
		Long: `Hand out many equal tasks without memory to one worker on each CPU, by voxfit's scheduler and by others in turn, and
print the shortest task at which the workers still spend half of their time on work: METG(50%), the measure of Task
Bench (Slaughter and others, SC20). With it come the cost of a task without work and, where workers steal, of a steal.

Opponents:
` + strings.Join(wrappedNames(benchmetg.Names(), 100), "\n") + `

Those in C, C++ and Rust are built when they are first asked for, with the compilers that are found (cc, c++ with oneTBB,
cargo), and kept in the user's cache. Those in Python are run by the Python that kbench compare would take. What is not
there is named with the reason. All of them take three to five minutes.`,
		Example: `  kbench metg
  kbench metg --opponents voxfit,channel,errgroup --rounds 9
  kbench metg -o page`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringSliceVar(&o.opponents, "opponents", nil, "who is measured (default: all that can be had)")
	completeList(args, c, "opponents", benchmetg.Names)
	f.IntVar(&o.rounds, "rounds", 6, "measurements of each length of a task")
	f.DurationVar(&o.budget, "budget", 0, "leave out rounds that would end later than this, and schedulers if the first round would: 4m (default: all)")
	f.IntVar(&o.workers, "workers", 0, "workers, each on a CPU (default: one on each allowed CPU, or as many as the cgroup's quota pays for)")
	o.places = "close"
	f.Var(namedValue(&o.places, "close", "spread"), "places", "order of the CPUs: close, spread, or a list as 0,2,4-7")
	f.BoolVar(&o.smt, "smt", true, "use the second hardware threads of cores too; --smt=false: one worker a core")
	f.StringVar(&o.python, "python", "", "Python with Ray, Dask and joblib (default: as for kbench compare)")
	f.StringVarP(&o.out, "output", "o", "", "folder for the page and metg.json (default: none, the terminal alone)")
	return c
}

// wrappedNames breaks a list into lines.
func wrappedNames(names []string, width int) []string {
	lines := []string{" "}
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		if len(lines[len(lines)-1])+1+len(name) > width {
			lines = append(lines, " ")
		}
		lines[len(lines)-1] += " " + name
	}
	return lines
}

func (o *metgOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if o.out != "" { // now, and not after minutes of measuring
		made, err := makeFolders(o.out)
		if err != nil {
			return err
		}
		defer removeFolders(made) // where nothing was written
	}
	s, err := o.measure(ctx, stderr)
	if err != nil {
		return err
	}
	report := page.METG{Version: "v" + version(), Repeat: o.command, Studies: []metg.Study{s}}
	if err := report.WriteTable(stdout); err != nil || o.out == "" {
		return err
	}
	return writeMETG(stdout, report, o.out)
}

// writeMETG writes a page, and beside it the study that it is about.
func writeMETG(stdout io.Writer, report page.METG, dir string) error {
	index, err := writePage(report, dir)
	if err != nil {
		return err
	}
	if err := report.Studies[0].Write(filepath.Join(dir, "metg.json")); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\npage     %s\n", index)
	return nil
}

// measure is the study of this machine.
func (o *metgOptions) measure(ctx context.Context, stderr io.Writer) (metg.Study, error) {
	cpus, err := o.cpus()
	if err != nil {
		return metg.Study{}, err
	}
	machine := numa.Describe()
	host, _ := os.Hostname()
	s := metg.Study{
		Version: version(), Host: host, Processor: machine.Processor.Name, CPUs: cpus, Cores: machine.CoresOf(cpus),
		Rounds: o.rounds, Made: time.Now().Round(time.Second), Command: o.command,
	}
	endsPrograms(ctx)
	bar := newProgress(stderr, "metg", "turns", (o.rounds+1)*o.count())
	defer bar.finish()
	s.Opponents, err = benchmetg.Run(ctx, benchmetg.Options{
		Opponents: o.opponents, CPUs: cpus, Rounds: o.rounds, Python: o.python, Point: o.point, Budget: o.budget,
		Progress: func(done, _ int, name string) {
			bar.describe(name)
			bar.set(done)
		},
	})
	s.Rounds = s.RoundsKept()
	if err == nil && !slices.ContainsFunc(s.Opponents, func(x metg.Opponent) bool { return x.Missing == "" }) {
		var reasons []string
		for _, x := range s.Opponents {
			reasons = append(reasons, x.Name+": "+x.Missing)
		}
		err = fmt.Errorf("--opponents %s: none was measured: %s: install what is missing, or name others", strings.Join(o.opponents, ","), strings.Join(reasons, "; "))
	}
	return s, err
}

func (o *metgOptions) count() int {
	if len(o.opponents) == 0 {
		return len(benchmetg.Names())
	}
	return len(o.opponents)
}

// cpus are those of the workers, and refuses what cannot be measured.
func (o *metgOptions) cpus() ([]int, error) {
	for _, name := range o.opponents {
		if !slices.Contains(benchmetg.Names(), name) {
			return nil, fmt.Errorf("--opponents %s: expected some of %s", name, strings.Join(benchmetg.Names(), ", "))
		}
	}
	if err := once("--opponents", o.opponents); err != nil {
		return nil, err
	}
	if o.rounds < 1 {
		return nil, fmt.Errorf("--rounds %d: expected at least 1", o.rounds)
	}
	if o.budget < 0 {
		return nil, fmt.Errorf("--budget %v: expected 0 or more", o.budget)
	}
	places := placement{places: o.places, smt: o.smt}
	cpus, err := places.cpus()
	switch {
	case err != nil:
		return nil, err
	case o.workers < 0 || o.workers > len(cpus):
		return nil, fmt.Errorf("--workers %d: expected 1 to %d, the number of CPUs that this process may use", o.workers, len(cpus))
	case o.workers > 0:
		cpus = cpus[:o.workers]
	default:
		cpus = cpus[:min(len(cpus), defaultWorkers(cpus))] // with a quota more would wait for it, and not for their tasks
	}
	if len(cpus) == 0 {
		return nil, errors.New("there is no CPU that this process may use")
	}
	return cpus, nil
}

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/overhead"
	"github.com/voxfit/voxfit/study/page"
)

// resamples is how many times runs are drawn anew for the intervals of an explanation; 0: as many as the overhead model does
// by itself. Tests take fewer.
var resamples int

func newExplainCommand(args []string) *cobra.Command {
	again := commandLine(args)
	var out, cores, prices string
	var seed uint64
	c := &cobra.Command{
		Use:   "explain CSV...",
		Short: "Why each added core gains less: the overhead model, fitted to a study's CSV files",
		Long: `Answer the study's questions from the runs of CSV files (kbench run's or the published study's): were more cores
slower, what do a second hyperthread, a task and a core cost, what is serial, what to rent. For this
time = serial part + work / cores + cost of a chunk x chunks + cost of a core x cores + contention is fitted, with
intervals and with the errors on runs left out, beside other reasons and Amdahl's, Gustafson's and the universal
scalability law.

study/testdata/README.md says where the published study's files are, and has the medians of its runs beside it.

CPUs are hardware threads, and two of them may be one core. How many cores the CPUs are is known for the published
runs (AWS c5) and for runs on this machine. For other machines, give --cores.`,
		Example: `  kbench explain ray_runs.csv -o page
  kbench explain kbench-run/runs.csv --cores 8=4,16=8,64=32/2`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			records, err := readRuns(files, c.ErrOrStderr())
			if err != nil {
				return err
			}
			machines, err := explainedMachines(cores)
			if err != nil {
				return err
			}
			priced, err := parsePrices(prices)
			if err != nil {
				return err
			}
			sayFits(c.ErrOrStderr(), records)
			explanation, err := overhead.Explain(records, overhead.Options{Machines: machines, Prices: &priced, Seed: seed, Resamples: resamples})
			if err != nil {
				return fmt.Errorf("%s: %w", strings.Join(files, ", "), err)
			}
			report := page.Explanation{
				Title: "Why each added core gains less", Version: "v" + version(), Made: time.Now(),
				Sources: files, Repeat: []string{again}, Explanation: explanation,
			}
			stdout := c.OutOrStdout()
			if err := report.WriteTable(stdout); err != nil || out == "" {
				return err
			}
			index, err := writePage(report, out)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "\npage  %s\n", index)
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&out, "output", "o", "", "folder for the page (default: none, the terminal alone)")
	f.StringVar(&cores, "cores", "", coresHelp)
	f.StringVar(&prices, "prices", "", pricesHelp)
	f.Uint64Var(&seed, "seed", 1, "seed of the intervals")
	return c
}

// sayFits says that an explanation takes its time, where it takes more than some seconds.
func sayFits(stderr io.Writer, records []study.Record) {
	if n := overhead.Fits(records); n > 20 {
		fmt.Fprintf(stderr, "kbench: costs are fitted to %d engines, models and sizes of data, about a second each\n", n)
	}
}

const coresHelp = "what CPU counts are, as CPUs=cores or CPUs=cores/sockets: 8=4,72=36/2"

// explainedMachines is what is known of CPUs and cores: the flag, and this machine.
func explainedMachines(flag string) (study.Machines, error) {
	m := study.Machines{Local: map[int]study.Cores{}}
	if flag != "" {
		given, err := study.ParseCores(flag)
		if err != nil {
			return m, fmt.Errorf("--cores: %w", err)
		}
		m.Given = given
	}
	m.Host, _ = os.Hostname()
	if allowed, err := numa.Allowed(); err == nil { // else CPUs are taken as cores, and the output says so
		machine := numa.Describe()
		for n := 1; n <= len(allowed); n++ {
			m.Local[n] = coresOf(machine, allowed[:n])
		}
	}
	return m, nil
}

// coresOf counts the cores and the packages of some CPUs.
func coresOf(machine numa.Machine, cpus []int) study.Cores {
	packages := map[int]bool{}
	for _, cpu := range machine.CPUs {
		if slices.Contains(cpus, cpu.ID) {
			packages[cpu.Package] = true
		}
	}
	return study.Cores{Physical: max(1, machine.CoresOf(cpus)), Sockets: max(1, len(packages))}
}

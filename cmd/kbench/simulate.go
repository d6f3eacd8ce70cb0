package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study/page"
	"github.com/voxfit/voxfit/study/simulate"
)

// simulateOptions are the flags of kbench simulate.
type simulateOptions struct {
	machine, model, out, isa string
	schedule                 policyFlag
	voxels, resamples        int
	chunks, cores            []int
	elastic, evenIfBusy      bool
	seed                     uint64
}

func newSimulateCommand() *cobra.Command {
	var o simulateOptions
	c := &cobra.Command{
		Use:   "simulate --machine NAME|FILE [CSV]",
		Short: "Predict the speed-up on a larger machine",
		Long: `Predict what the scheduler would do on a machine that is not here: its queues run in virtual time. The
times come from measured chunks, dispatch costs, and the bandwidth and distances of the machine. All numbers that it
prints are predictions.

The chunk times come from a CSV file of kbench run, or from chunks.csv of an earlier simulate -o; without a
file they are measured on one core of this machine in a few seconds.

` + machineHelp() + `
or a JSON file with the fields of one: nodes, nodes_per_socket, cores_per_node, complex_cores, node_gb_per_s,
core_gb_per_s, near_distance, far_distance, all_core_clock, source.`,
		Example: `  kbench simulate --machine c5.18xlarge
  kbench simulate --machine epyc-9654x2 --model fwdtim kbench-run/runs.csv -o prediction`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.run(c.Context(), args, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.machine, "machine", "", "name or JSON file of the machine to predict (needed)")
	f.StringVar(&o.model, "model", model.Names()[0], "model: "+modelNames())
	f.IntVar(&o.voxels, "voxels", 435686, "voxels to fit (default: the published study's subject)")
	f.IntSliceVar(&o.chunks, "chunks", []int{1 << 9, 1 << 11, 1 << 13, 1 << 15}, "numbers of chunks to try")
	f.IntSliceVar(&o.cores, "cores", nil, "numbers of physical cores (default: 1 to 192, as many as the machine has)")
	f.Var(&o.schedule, "schedule", "how chunks find workers: numa, dynamic or static")
	f.BoolVar(&o.elastic, "elastic", true, "join short chunks into one call and cut long ones, as kbench run and fit do")
	f.IntVar(&o.resamples, "resamples", 20, "how many times the chunk times are drawn at random, for the intervals")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the draws")
	f.BoolVar(&o.evenIfBusy, "even-if-busy", false, "take the times of chunks although other programs disturbed them")
	f.StringVar(&o.isa, "isa", "", isaHelp)
	f.StringVarP(&o.out, "output", "o", "", "folder for predictions.csv, prediction.svg and the measured chunks.csv")
	return c
}

// machineHelp lists the machines known by name.
func machineHelp() string {
	var b strings.Builder
	b.WriteString("Machines:\n")
	for _, m := range simulate.Machines() {
		fmt.Fprintf(&b, "  %-14s %s x %s\n", m.Name, plural.Count(m.Nodes, "node"), plural.Count(m.CoresPerNode, "core"))
	}
	return b.String()
}

func (o *simulateOptions) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if o.machine == "" {
		return fmt.Errorf("simulate: --machine says what to predict for; it is needed (a name or a JSON file)")
	}
	m, err := simulate.FindMachine(o.machine)
	if err != nil {
		return err
	}
	if _, err := model.Find(o.model); err != nil {
		return err
	}
	plan := simulate.Plan{Machine: m, Voxels: o.voxels, Chunks: o.chunks, Cores: o.cores, Policy: sched.Policy(o.schedule), Elastic: o.elastic, Resamples: o.resamples, Seed: o.seed}
	if len(args) == 1 {
		plan.Times, err = simulate.ReadChunkTimes(args[0], o.model, o.evenIfBusy)
	} else {
		plan.Times, err = calibrate(ctx, o.model, o.isa, o.evenIfBusy, stderr)
	}
	if err != nil {
		return err
	}
	predictions, err := plan.Predict()
	if err != nil {
		return err
	}
	report := page.Prediction{Plan: plan, Predictions: predictions}
	if err := report.WriteTable(stdout); err != nil || o.out == "" {
		return err
	}
	if _, err := makeFolders(o.out); err != nil {
		return err
	}
	if err := report.Write(o.out); err != nil {
		return err
	}
	if len(args) == 0 {
		if err := writeChunkTimes(filepath.Join(o.out, "chunks.csv"), plan.Times); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "\nfolder  %s\n", o.out)
	return nil
}

func writeChunkTimes(path string, times simulate.ChunkTimes) error {
	var text bytes.Buffer
	if err := times.WriteCSV(&text); err != nil {
		return err
	}
	return disk.Replace(path, text.Bytes())
}

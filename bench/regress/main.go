package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
)

// The exit codes.
const (
	exitSlower      = 1
	exitFailed      = 2
	exitUndecided   = 3 // no step is slower
	exitInterrupted = 130
)

// options has the flags of the command line.
type options struct {
	base, step, set, rounds, record string
	budget                          time.Duration
	cpu                             int
	disturbed                       func(calm.Use) bool // by other programs; nil stands for calm.Use.Disturbed
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main, with arguments and output as parameters.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("regress", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.base, "base", "", "the commit that the working tree is compared with (default: HEAD where files have changed since, else the commit before it)")
	flags.StringVar(&o.step, "step", "", "steps, with commas: csd/Factorise, fit/csdm, or a beginning as csd (default: all)")
	flags.StringVar(&o.set, "set", "", "instruction set, or all (default: the one that the kernels take here)")
	flags.DurationVar(&o.budget, "budget", 5*time.Minute, "how long to measure, builds not counted")
	flags.IntVar(&o.cpu, "cpu", -1, "the CPU to measure on (default: the last that is allowed)")
	flags.StringVar(&o.rounds, "rounds", "", "a CSV file for the times of every round")
	flags.StringVar(&o.record, "record", "", "compare nothing: append the times of the commit that is checked out to the machine's CSV file in this folder")
	if err := flags.Parse(arguments); err != nil {
		return exitFailed
	}
	if flags.NArg() > 0 || o.budget <= 0 {
		fmt.Fprintf(stderr, "bench: found the arguments %q and a budget of %v, expected flags alone and a budget above 0\n", flags.Args(), o.budget)
		return exitFailed
	}
	var code int
	var err error
	if o.record != "" {
		err = record(ctx, o, stdout, stderr)
	} else {
		code, err = compare(ctx, o, stdout, stderr)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "bench: stopped; nothing is left behind")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(stderr, "bench:", err)
		return exitFailed
	}
	return code
}

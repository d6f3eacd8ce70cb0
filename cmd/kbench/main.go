package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes of kbench are those that shells expect. stopCode computes those after other signals than SIGINT, such
// as 143 after SIGTERM.
const (
	exitFailed      = 1
	exitInterrupted = 130
	exitPipe        = 141
)

func main() {
	ctx := onSignals(os.Stderr, os.Exit)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments, so that tests can call the program as a shell does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stopping := withStopping(ctx)
	out := &output{Writer: stdout}
	root := newRootCommand(args)
	root.SetArgs(studyArguments(args))
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, syscall.EPIPE): // nobody reads any more, as after | head. Other programs end by SIGPIPE then
		return exitPipe
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		stopping.say(ctx, stderr)
		return stopCode(ctx)
	default:
		fmt.Fprintln(stderr, "kbench:", err)
		return exitFailed
	}
}

// output remembers that a write failed, for example to a full disk, so that commands need not check each line.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(text []byte) (int, error) {
	n, err := o.Writer.Write(text)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// sayDone prints the last lines of a command whose files are complete. If the output is closed or full, stderr gets one
// line and the exit code is 0, since the command has succeeded. Commands whose result is their output fail in this case
// instead.
func sayDone(stdout, stderr io.Writer, done string, print func(w io.Writer)) {
	var text bytes.Buffer
	print(&text)
	if o, ok := stdout.(*output); ok {
		stdout = o.Writer // failures of these lines are not remembered
	}
	if _, err := stdout.Write(text.Bytes()); err != nil {
		fmt.Fprintf(stderr, "kbench: %s; the summary could not be printed: %v\n", done, err)
	}
}

const welcome = `kbench fits diffusion-MRI models and measures what each core does meanwhile.

The three commands most people want:

  kbench run                          repeat the study on a phantom: a minute or less, ends with a page
  kbench fit csdm DWI.nii.gz -o maps  fit one acquisition (models: %s)
  kbench env                          what this machine is and can do

DWI.nii.gz needs its bvals and bvecs: beside it as DWI.bval and DWI.bvec (or plain bvals and bvecs),
or named with --bvals and --bvecs.
`

func newRootCommand(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:           "kbench",
		Short:         "Fit diffusion-MRI models, and measure where every core-second goes",
		Long:          fmt.Sprintf(welcome, modelNames()),
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w (kbench %s --help lists the flags)", err, c.Name())
	})
	root.AddCommand(
		newRunCommand(args), newFitCommand(args), newMergeCommand(args), newVerifyCommand(), newReportCommand(args), newExplainCommand(args), newSimulateCommand(),
		newCompareCommand(args),
		newMETGCommand(args), newStudyCommand(args), newPhantomCommand(), newConvertCommand(args), newEnvCommand(), newOptionsCommand(), newVersionCommand(),
	)
	if completing(args) {
		for _, c := range root.Commands() {
			completeValues(c)
		}
	}
	return root
}

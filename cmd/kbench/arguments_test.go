package main

import (
	"slices"
	"strings"
	"testing"
)

func TestTheStudysCommandLineWorksAsTyped(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{"run --models csdm fwdtim --min_chunks 1 --max_chunks 15 --num_runs 5",
			"run --models csdm,fwdtim --min-chunks 1 --max-chunks 15 --num-runs 5"},
		{"run --num_cpus 8 --skip_serial --filename out_put.csv", "run --num-cpus 8 --skip-serial --filename out_put.csv"},
		{"run --max-chunks=3 --models csdm", "run --max-chunks=3 --models csdm"},
		{"run --cpus 1 2 --filename=a_b.csv", "run --cpus 1,2 --filename=a_b.csv"},
		{"fit csdm dwi_1.nii.gz -o out_dir", "fit csdm dwi_1.nii.gz -o out_dir"},
		{"report a.csv -- --odd_name.csv", "report a.csv -- --odd_name.csv"},
		{"run --models", "run --models"},
		{"run --pin --resume", "run --pin --resume"},
		{"run --pin node --cpus 1", "run --pin=node --cpus 1"},
		{"run --no_pin", "run --no-pin"},
	} {
		got := studyArguments(strings.Fields(c.typed))
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%q\n became %q\n    want %q", c.typed, got, want)
		}
	}
}

func TestTheCommandIsWrittenAsAShellTakesIt(t *testing.T) {
	for want, args := range map[string][]string{
		"kbench run --cpus 1,2 -o a/b-c.csv": {"run", "--cpus", "1,2", "-o", "a/b-c.csv"},
		"kbench report 'my runs.csv' -o ''":  {"report", "my runs.csv", "-o", ""},
		`kbench fit 'it'\''s.nii' '$HOME'`:   {"fit", "it's.nii", "$HOME"},
	} {
		if got := commandLine(args); got != want {
			t.Errorf("%q became %s, want %s", args, got, want)
		}
	}
}

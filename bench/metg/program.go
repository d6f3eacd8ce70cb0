package metg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	warm "github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/numa"
)

// A programScheduler is a scheduler in another program.
type programScheduler struct {
	process *warm.Process
	name    string
	says    string // its version
	scratch string // a folder for its files, which is removed with it
}

// startProgram builds an opponent's program if need be, and starts it on the CPUs.
func (r *runner) startProgram(ctx context.Context, o opponent) (scheduler, error) {
	path, err := r.build(ctx, o.program)
	if err != nil {
		return nil, err
	}
	// A process inherits the CPUs of the thread that starts it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if release, err := numa.Confine(r.CPUs); err == nil {
		defer func() { _ = release() }()
	}
	scratch, err := os.MkdirTemp("", "mg-") // short: Ray's sockets have long names below it
	if err != nil {
		return nil, err
	}
	s := &programScheduler{name: o.name, scratch: scratch}
	var first struct{ Version string }
	workers := strconv.Itoa(len(r.CPUs))
	if o.program == python {
		program := warm.Program{Arguments: []string{filepath.Join(path, "python", "metg_serve.py")}, Environment: []string{
			"VOXFIT_METG_KERNEL=" + filepath.Join(path, library), "PYTHONPATH=" + filepath.Join(path, "python"), "TMPDIR=" + scratch,
		}}
		s.process, err = warm.Start(ctx, r.Python, program, map[string]any{"opponent": o.name, "workers": len(r.CPUs)}, &first)
	} else {
		program := warm.Program{Arguments: []string{workers}, Environment: []string{
			"OMP_NUM_THREADS=" + workers, "OMP_PROC_BIND=true", "OMP_DYNAMIC=false", "OMP_PLACES=" + placesOf(r.CPUs),
		}}
		s.process, err = warm.StartProgram(ctx, path, program, [3]any{"version", 0, 0}, &first)
	}
	if err != nil {
		os.RemoveAll(scratch)
		return nil, err
	}
	s.says = first.Version
	return s, nil
}

// placesOf names CPUs in the form of OMP_PLACES: {0},{1}.
func placesOf(cpus []int) string {
	var places []string
	for _, cpu := range cpus {
		places = append(places, fmt.Sprintf("{%d}", cpu))
	}
	return strings.Join(places, ",")
}

func (s *programScheduler) measure(tasks int, iterations uint64) (a answer, err error) {
	err = s.process.Ask([3]any{s.name, tasks, iterations}, &a)
	return a, err
}

func (s *programScheduler) tasks(tasks int, iterations uint64) ([]taskRecord, error) {
	var said struct{ Tasks []taskRecord }
	err := s.process.Ask([3]any{"steals", tasks, iterations}, &said)
	if err == nil && len(said.Tasks) != tasks {
		err = errors.New("it does not say when it steals")
	}
	return said.Tasks, err
}

func (s *programScheduler) version() string { return s.says }

func (s *programScheduler) close() {
	s.process.Close()
	os.RemoveAll(s.scratch)
}

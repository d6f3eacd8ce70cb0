package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/compare"
	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/numa"
)

// Options say what is timed.
type Options struct {
	// Kbench is the program kbench.
	Kbench string
	// Image, Bvals and Bvecs are files that every program reads. Mask has the voxels of the image that are fitted.
	Image, Bvals, Bvecs string
	Mask                *nifti.Mask
	// Gradients is the table of Bvals and Bvecs. Response is for csdm, and Tissues (WM, GM and CSF) for msmt.
	Gradients *acq.GradientTable
	Response  acq.Response
	Tissues   []model.Tissue
	// Models are some of the names that the function Models lists.
	Models []string
	// Voxels is how many voxels of the mask voxfit and MRtrix3 fit at most, 0 for all.
	Voxels int
	// DIPYVoxels is how many voxels DIPY fits at most, and voxfit beside it. 0 leaves DIPY out.
	DIPYVoxels int
	// CPUs are the CPUs that everything runs on, with a thread on each.
	CPUs []int
	// Cold drops the image from memory before each run.
	Cold bool
	// Rounds is how often everything is timed, at least 1.
	Rounds int
	// ISA is voxfit's instruction set, empty for its own choice.
	ISA string
	// Python names a Python with DIPY. If it is empty, the likeliest ones are tried.
	Python string
	// Progress is called after each run of a program, unless it is nil.
	Progress func(done, steps int)
}

// A Report is the result of Run.
type Report struct {
	CPUs    []int            `json:"cpus"` // that everything ran on
	Pinned  bool             `json:"pinned"`
	Rounds  int              `json:"rounds"`
	Cold    bool             `json:"cold"`
	Engines []compare.Engine `json:"engines"` // ours first
	Lines   []Line           `json:"models"`
	Notes   []string         `json:"notes"` // what is missing, and why
}

// A Line has the times of several programs that make the same maps.
type Line struct {
	Model  string  `json:"model"`
	Voxels int     `json:"voxels,omitempty"` // 0 for decompression
	Times  []Times `json:"times"`            // voxfit first, except for decompression
}

// Times are the measurements of one program.
type Times struct {
	Engine   string         `json:"engine"`
	Commands []string       `json:"commands"`
	Wall     compare.Rounds `json:"wall_s_rounds"`
	CPU      compare.Rounds `json:"cpu_s_rounds"`
	// Peak is the largest memory of a process, in bytes, or 0 where the system does not say. PeakBelow says that
	// Peak is only a bound: the memory was no larger than that of kbench itself.
	Peak      int64 `json:"peak_bytes,omitempty"`
	PeakBelow bool  `json:"peak_is_a_bound,omitempty"`
	// Slower is the median of the rounds' ratios of wall time to voxfit's. For decompressors, voxfit's time is that of
	// the first line.
	Slower float64 `json:"wall_over_voxfit,omitempty"`
	// Failure says why there are no rounds. It is empty where there are.
	Failure string `json:"failure,omitempty"`
}

// Run times the programs. A note in the report says which program is missing. If a program fails, the report has the
// reason (Report.Failed), and the others are still timed.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	report := &Report{CPUs: o.CPUs, Pinned: numa.CanPin, Rounds: o.Rounds, Cold: o.Cold, Notes: []string{}}
	if numa.CanPin {
		release, err := numa.Confine(o.CPUs)
		if err != nil {
			return nil, err
		}
		defer release()
	} else {
		report.note("this system does not let a program choose its CPUs: programs ran wherever it put them")
	}
	folder, err := os.MkdirTemp("", "kbench-commands-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	s := &setup{Options: o, folder: folder, report: report}
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	r := &runner{ctx: ctx, setup: s}
	if err := r.run(s.lines()); err != nil {
		return nil, err
	}
	return report, nil
}

// Models lists the models that can be timed.
func Models() []string { return compare.Models() }

// check refuses options that are wrong before anything is run.
func (o *Options) check() error {
	for _, name := range o.Models {
		if !slices.Contains(Models(), name) {
			return fmt.Errorf("model %q cannot be timed; expected %s", name, strings.Join(Models(), ", "))
		}
	}
	switch {
	case o.Rounds < 1 || len(o.CPUs) == 0 || len(o.Mask.Index) == 0:
		return fmt.Errorf("found %s, %s and %s, expected at least one of each", plural.Count(o.Rounds, "round"), plural.Count(len(o.CPUs), "CPU"), plural.Count(len(o.Mask.Index), "voxel"))
	case o.Cold:
		return dropFile(o.Image)
	}
	return nil
}

// A setup has the files that the programs read, in a folder of its own.
type setup struct {
	Options
	folder string
	report *Report
	python string // a Python with DIPY; empty where there is none
	mrtrix bool   // MRtrix3 is installed
	cvxpy  bool   // cvxpy, which DIPY's msmt needs, is installed
}

// prepare looks for the programs and writes what they read besides the image and its tables.
func (s *setup) prepare(ctx context.Context) error {
	isa, err := kernel.ChosenISA(kernel.WithISA(s.ISA))
	if err != nil {
		return err
	}
	s.report.Engines = []compare.Engine{{Name: voxfit, Version: isa}}
	found, err := compare.FindMRtrix(ctx, mrtrixCommands...)
	if err != nil {
		s.report.note("%v", err)
	} else {
		s.mrtrix, s.report.Engines = true, append(s.report.Engines, found)
	}
	if s.DIPYVoxels > 0 {
		if err := s.findDIPY(ctx); err != nil {
			s.report.note("DIPY is not here: %v", err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := compare.WriteResponses(s.folder, s.Response, s.Tissues, s.Gradients); err != nil {
		return err
	}
	acquisition := python.Acquisition{Gradients: s.Gradients, Response: s.Response, Tissues: s.Tissues}
	return errors.Join(acquisition.Write(s.folder), s.writeMask(wholeMask), s.writeMask(partMask))
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Failed is an error that names the programs that failed. It is nil if none did.
func (r *Report) Failed() error {
	var failures []error
	for _, line := range r.Lines {
		for _, times := range line.Times {
			if times.Failure != "" {
				failures = append(failures, fmt.Errorf("%s, %s: %s", line.Model, times.Engine, times.Failure))
			}
		}
	}
	if len(failures) > 1 {
		return fmt.Errorf("%w (and %d more)", failures[0], len(failures)-1)
	}
	return errors.Join(failures...)
}

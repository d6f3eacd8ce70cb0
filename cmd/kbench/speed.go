package main

import (
	"fmt"
	"io"
	"time"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
)

// A setSpeed is how fast the kernels of one instruction set fit a phantom on one core, in microseconds a
// voxel, by the names of timedModels.
type setSpeed struct {
	ISA                  string             `json:"instruction_set"`
	MicrosecondsPerVoxel map[string]float64 `json:"us_per_voxel"`
}

// speedVoxels is the size of that phantom: enough for every lane, and a fraction of a second of
// portable code.
const speedVoxels = 1024

// timedModels are what is timed, by the names that kbench compare has for it. Portable msmt takes milliseconds a
// voxel, hence fewer of them.
var timedModels = []struct {
	name, model string
	voxels      int
}{
	{"csdm", "csdm", speedVoxels},
	{"fwdtim nls", "fwdtim", speedVoxels},
	{"msmt", "msmt", speedVoxels / 8},
	{"sfm nnls", "sfm", speedVoxels},
	{"dti wls", "dti", speedVoxels},
}

// measureKernels times every instruction set on a pinned thread. A model's time is the shortest of its
// passes, for what another program takes of the core is not the kernel's.
func measureKernels(cpu int) ([]setSpeed, error) {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: speedVoxels, SNR: 30, Seed: 1})
	if err != nil {
		return nil, err
	}
	if unpin, err := numa.Pin(cpu); err == nil {
		defer unpin()
	}
	var speeds []setSpeed
	for _, isa := range kernel.ISAs() {
		speed, settings := setSpeed{isa, map[string]float64{}}, defaultSettings(isa)
		settings.tissues, settings.sfm.solver = phantomTissues(), model.NNLS.String()
		for _, timed := range timedModels {
			m, _, err := settings.build(timed.model, p.Gradients, phantom.Response())
			if err != nil {
				return nil, err
			}
			speed.MicrosecondsPerVoxel[timed.name] = fitTime(m, p.Signal[:timed.voxels*p.Gradients.Len()])
		}
		speeds = append(speeds, speed)
	}
	return speeds, nil
}

// fitTime is the shortest pass over the voxels, in microseconds a voxel.
func fitTime(m model.Model, signal []float32) float64 {
	f := m.Fitter()
	n := len(signal) / f.Measurements()
	worker, params, status := f.NewWorker(), make([]float64, n*f.Parameters()), make([]kernel.Status, n)
	best := time.Duration(0)
	for begin, passes := time.Now(), 0; passes < 2 || time.Since(begin) < measuring; passes++ {
		start := time.Now()
		worker.Fit(params, status, signal)
		if took := time.Since(start); best == 0 || took < best {
			best = took
		}
	}
	return best.Seconds() * 1e6 / float64(n)
}

func writeSpeeds(w io.Writer, cpu int, chosen string, speeds []setSpeed) {
	fmt.Fprintf(w, "\nmeasured kernels, us/voxel on CPU %d alone, voxels of the HCP phantom\n%-20s", cpu, "")
	for _, timed := range timedModels {
		fmt.Fprintf(w, " %11s", timed.name)
	}
	fmt.Fprintln(w)
	for _, s := range speeds {
		name := s.ISA
		if s.ISA == chosen {
			name += " (chosen)"
		}
		fmt.Fprintf(w, "%-20s", name)
		for _, timed := range timedModels {
			fmt.Fprintf(w, " %11.2f", s.MicrosecondsPerVoxel[timed.name])
		}
		fmt.Fprintln(w)
	}
}

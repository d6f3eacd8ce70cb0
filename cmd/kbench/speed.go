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
// voxel.
type setSpeed struct {
	ISA       string  `json:"instruction_set"`
	CSD       float64 `json:"csdm_us_per_voxel"`
	FreeWater float64 `json:"fwdtim_nls_us_per_voxel"`
}

// speedVoxels is the size of that phantom: enough for every lane, and a fraction of a second of
// portable code.
const speedVoxels = 1024

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
		csd, err := model.NewCSD(p.Gradients, phantom.Response(), model.CSDOptions{ISA: isa})
		if err != nil {
			return nil, err
		}
		free, err := model.NewFreeWater(p.Gradients, model.FreeWaterOptions{Method: kernel.NLS, ISA: isa})
		if err != nil {
			return nil, err
		}
		speeds = append(speeds, setSpeed{isa, fitTime(csd, p.Signal), fitTime(free, p.Signal)})
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
	fmt.Fprintf(w, "\nmeasured kernels, us/voxel on CPU %d alone, %d voxels of the HCP phantom\n", cpu, speedVoxels)
	fmt.Fprintf(w, "%-32s %14s %14s\n", "", "csdm", "fwdtim nls")
	for _, s := range speeds {
		name := s.ISA
		if s.ISA == chosen {
			name += " (chosen)"
		}
		fmt.Fprintf(w, "%-32s %14.2f %14.2f\n", name, s.CSD, s.FreeWater)
	}
}

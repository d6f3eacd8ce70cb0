package main

import (
	"fmt"
	"io"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
)

// A setSpeed is the speed of the kernels of one instruction set on one core and a phantom, in microseconds a voxel. Its
// keys are the names of timed fits in kbench compare.
type setSpeed struct {
	ISA                  string             `json:"instruction_set"`
	MicrosecondsPerVoxel map[string]float64 `json:"us_per_voxel"`
	Taken                float64            `json:"share_taken_by_others"` // of the CPU while this was measured
}

// speedVoxels is the size of the phantom: enough to fill every lane, and few enough for a fraction of a second in
// portable code.
const speedVoxels = 1024

// timedVoxels returns how many voxels are timed. They are fewer for msmt, because portable code takes milliseconds a
// voxel for it.
func timedVoxels(k *model.Kind) int {
	if k.Needs.Tissues {
		return speedVoxels / 8
	}
	return speedVoxels
}

// measureKernels times every instruction set on a pinned thread. A model's time is the shortest of its passes, because
// the time of other programs does not belong to the kernel.
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
		speed, use := setSpeed{ISA: isa, MicrosecondsPerVoxel: map[string]float64{}}, calm.Use{}
		for _, k := range model.Kinds {
			m, err := standardModel(k.Name, k.Timed.Options, isa, phantomInputs(p))
			if err != nil {
				return nil, err
			}
			use = use.Plus(calm.OfThread(func() {
				speed.MicrosecondsPerVoxel[k.TimedName()] = fitTime(m, p.Signal[:timedVoxels(k)*p.Gradients.Len()])
			}))
		}
		speed.Taken = 1 - use.Share()
		speeds = append(speeds, speed)
	}
	return speeds, nil
}

// fitTime returns the time of the shortest pass over the voxels, in microseconds a voxel.
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
	for _, k := range model.Kinds {
		fmt.Fprintf(w, " %11s", k.TimedName())
	}
	fmt.Fprintln(w)
	for _, s := range speeds {
		name := s.ISA
		if s.ISA == chosen {
			name += " (chosen)"
		}
		fmt.Fprintf(w, "%-20s", name)
		for _, k := range model.Kinds {
			fmt.Fprintf(w, " %11.2f", s.MicrosecondsPerVoxel[k.TimedName()])
		}
		fmt.Fprintln(w)
	}
	for _, s := range speeds {
		if calm.Disturbs(s.Taken) {
			fmt.Fprintf(w, "%s: other programs took %.0f%% of the CPU while its kernels were measured: they can be faster than these figures say\n", s.ISA, 100*s.Taken)
		}
	}
}

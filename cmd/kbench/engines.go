package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/study"
)

// engineVoxfit is the engine of this program; those of python.Engines are driven in a Python with DIPY and
// the package voxfit.
const engineVoxfit = "voxfit"

// checkEngines refuses names that are none of those known.
func checkEngines(engines []string, known ...string) error {
	for _, engine := range engines {
		if !slices.Contains(known, engine) {
			return fmt.Errorf("--engines %s: expected %s", engine, strings.Join(known, ", "))
		}
	}
	return nil
}

// runEngines are those of kbench run.
func runEngines() []string { return append([]string{engineVoxfit}, python.Engines...) }

func (o *runOptions) checkEngines() error {
	if len(o.engines) == 0 {
		return fmt.Errorf("--engines needs at least one of %s", strings.Join(runEngines(), ", "))
	}
	return checkEngines(o.engines, runEngines()...)
}

// A pythonStudy measures the runs of Python's engines, in one process.
type pythonStudy struct {
	bench  *python.Bench
	folder string
	said   map[string]bool // settings whose set-up time was told
}

// startPython starts the process and hands it the block through a temporary folder.
func startPython(ctx context.Context, named, isa string, block studyBlock) (*pythonStudy, error) {
	folder, err := os.MkdirTemp("", "kbench-python-")
	if err != nil {
		return nil, err
	}
	s := &pythonStudy{folder: folder, said: map[string]bool{}}
	err = python.Acquisition{Gradients: block.gradients, Response: block.response, Tissues: block.tissues, Signal: block.signal()}.Write(folder)
	if err == nil {
		s.bench, err = python.StartBench(ctx, named, folder, isa)
	}
	if err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	return s, nil
}

// measure does one planned run and fills in its record.
func (s *pythonStudy) measure(p plannedRun, stderr io.Writer) (study.Record, error) {
	record := p.record
	memory := watchMemory()
	measured, err := s.bench.Measure(python.Run{
		Engine: record.Engine, Model: p.model, Chunks: record.NumChunks, CPUs: record.CPUCount, Scale: p.scale,
	})
	record.MemUsage, record.AvgMem = memory.stop()
	if err != nil {
		return record, err
	}
	record.MemorySize = memory.total
	record.Time, record.PeakRSS = measured.Time, measured.PeakRSS
	if measured.SpilledBytes != nil {
		record.SpilledBytes = *measured.SpilledBytes
	}
	if key := fmt.Sprint(record.Engine, p.model, record.CPUCount); !s.said[key] {
		s.said[key] = true
		fmt.Fprintf(stderr, "%s %s on %s: set up in %.1f s, which is in none of the times\n", record.Engine, p.model, plural.Count(record.CPUCount, "CPU"), measured.SetUp)
	}
	return record, nil
}

// leaveRay ends Ray before a run that is not on it: some of Ray's processes have something to do at all times.
func (s *pythonStudy) leaveRay(p plannedRun) error {
	if s == nil || python.OnRay(p.record.Engine) {
		return nil
	}
	return s.bench.EndRay()
}

// close ends the process and removes the folder.
func (s *pythonStudy) close() {
	s.bench.Close()
	os.RemoveAll(s.folder)
}

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

// engineVoxfit is the engine of this program. The engines of python.Engines run in a Python with DIPY and the package
// voxfit.
const engineVoxfit = "voxfit"

// checkEngines refuses unknown names.
func checkEngines(engines []string, known ...string) error {
	for _, engine := range engines {
		if !slices.Contains(known, engine) {
			return fmt.Errorf("--engines %s: expected %s", engine, strings.Join(known, ", "))
		}
	}
	return nil
}

// runEngines returns the engines of kbench run.
func runEngines() []string { return append([]string{engineVoxfit}, python.Engines...) }

func (o *runOptions) checkEngines() error {
	if len(o.engines) == 0 {
		return fmt.Errorf("--engines needs at least one of %s", strings.Join(runEngines(), ", "))
	}
	return checkEngines(o.engines, runEngines()...)
}

// A pythonStudy measures the runs of Python's engines, in one process for each block.
type pythonStudy struct {
	python, isa string
	bench       *python.Bench // nil until it is started
	block       *studyBlock   // the block that the process has
	folder      string
	said        map[string]bool // settings whose set-up time was printed
}

// start starts the process for a block, which it passes through a temporary folder. It ends the process of another
// block.
func (s *pythonStudy) start(ctx context.Context, block *studyBlock) error {
	if s.block == block {
		return nil
	}
	s.close()
	folder, err := os.MkdirTemp("", "kbench-python-")
	if err != nil {
		return err
	}
	err = python.Acquisition{Gradients: block.gradients, Response: block.response, Tissues: block.tissues, Signal: block.signal()}.Write(folder)
	if err == nil {
		s.bench, err = python.StartBench(ctx, s.python, folder, s.isa)
	}
	if err != nil {
		os.RemoveAll(folder)
		return err
	}
	s.block, s.folder = block, folder
	return nil
}

// measure does one planned run and fills in its record.
func (s *pythonStudy) measure(ctx context.Context, p plannedRun, stderr io.Writer) (study.Record, error) {
	record := p.record
	if err := s.start(ctx, p.block); err != nil {
		return record, err
	}
	memory, use := watchMemory(), watchUse(nil)
	measured, err := s.bench.Measure(python.Run{Engine: record.Engine, Model: p.model, Chunks: record.NumChunks, CPUs: record.CPUCount})
	record.MemUsage, record.AvgMem = memory.stop()
	if err != nil {
		return record, err
	}
	use.add(&record)
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

// leaveRay ends Ray before a run that does not use it, because some of Ray's processes are never idle.
func (s *pythonStudy) leaveRay(p plannedRun) error {
	if s.bench == nil || python.OnRay(p.record.Engine) {
		return nil
	}
	return s.bench.EndRay()
}

// close ends the process, if there is one, and removes its folder.
func (s *pythonStudy) close() {
	if s.bench == nil {
		return
	}
	s.bench.Close()
	os.RemoveAll(s.folder)
	s.bench, s.block = nil, nil
}

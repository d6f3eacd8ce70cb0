package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/bench/compare"
	"github.com/voxfit/voxfit/study"
)

// engineVoxfit is the engine of this program; those of pythonEngines are driven in a Python with DIPY and
// the package voxfit.
const engineVoxfit = "voxfit"

var pythonEngines = []string{"dipy-serial", "dipy-ray", "dipy-joblib", "dipy-dask", "voxfit-ray", "voxfit-joblib", "voxfit-dask"}

// pythonModels are those that DIPY's engines can fit: the study's.
var pythonModels = []string{"csdm", "fwdtim"}

func (o *runOptions) checkEngines() error {
	if len(o.engines) == 0 {
		return fmt.Errorf("--engines needs at least one of %s, %s", engineVoxfit, strings.Join(pythonEngines, ", "))
	}
	for _, engine := range o.engines {
		if engine == engineVoxfit {
			continue
		}
		if !slices.Contains(pythonEngines, engine) {
			return fmt.Errorf("--engines %s: expected %s, %s", engine, engineVoxfit, strings.Join(pythonEngines, ", "))
		}
		for _, model := range o.models {
			if !slices.Contains(pythonModels, model) {
				return fmt.Errorf("--engines %s fits %s, not %s", engine, strings.Join(pythonModels, " and "), model)
			}
		}
	}
	return nil
}

// A pythonBench is a process of `python -m voxfit.bench serve`, kept warm for all runs.
type pythonBench struct {
	process *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	stderr  *tail
	folder  string
	said    map[string]bool // settings whose set-up time was told
}

// pythonReply is what one run was measured to take.
type pythonReply struct {
	Error        string  `json:"error"`
	Time         float64 `json:"time"`
	SetUp        float64 `json:"set_up"`
	SpilledBytes *int64  `json:"spilled_bytes"`
	PeakRSS      int64   `json:"peak_rss"`
}

// startPython starts the process and hands it the block through a temporary folder.
func startPython(ctx context.Context, python string, block studyBlock) (*pythonBench, error) {
	folder, err := os.MkdirTemp("", "kbench-python-")
	if err != nil {
		return nil, err
	}
	b := &pythonBench{folder: folder, said: map[string]bool{}}
	if err := b.start(ctx, python, block); err != nil {
		b.close()
		return nil, fmt.Errorf("the Python engines: %w (--python or %s names a Python with DIPY and voxfit: pip install ./python)", err, compare.EnvPython)
	}
	return b, nil
}

func (b *pythonBench) start(ctx context.Context, python string, block studyBlock) error {
	if err := writeSignal(filepath.Join(b.folder, "signal.f32"), block.signal()); err != nil {
		return err
	}
	if python == "" {
		python = compare.FindPythons()[0]
	}
	b.process = exec.CommandContext(ctx, python, "-m", "voxfit.bench", "serve")
	// Linear algebra of one thread in each worker, as the study had it.
	b.process.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1")
	b.stderr = &tail{}
	b.process.Stderr = b.stderr
	stdin, err := b.process.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := b.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := b.process.Start(); err != nil {
		return err
	}
	b.stdin, b.stdout = stdin, bufio.NewReader(stdout)
	_, err = b.ask(pythonSetting(b.folder, block))
	return err
}

// pythonSetting describes the acquisition as voxfit.bench reads it.
func pythonSetting(folder string, block studyBlock) map[string]any {
	setting := map[string]any{
		"folder": folder, "bvals": block.gradients.Bvals, "bvecs": block.gradients.Bvecs, "b0": block.gradients.B0Threshold,
	}
	if r := block.response; r.IsZonal() {
		setting["response"] = map[string]any{"zonal": r.Zonal[len(r.Zonal)-1], "s0": r.S0}
	} else if r.S0 != 0 {
		setting["response"] = map[string]any{"evals": r.Evals, "s0": r.S0}
	}
	return setting
}

func writeSignal(path string, signal []float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = binary.Write(out, binary.LittleEndian, signal)
	if err == nil {
		err = out.Flush()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// ask sends a line and waits for its answer.
func (b *pythonBench) ask(message any) (reply pythonReply, err error) {
	line, err := json.Marshal(message)
	if err != nil {
		return reply, err
	}
	if _, err := b.stdin.Write(append(line, '\n')); err != nil {
		return reply, fmt.Errorf("python ended: %s", b.stderr.lastLine(err))
	}
	answer, err := b.stdout.ReadBytes('\n')
	if err != nil {
		return reply, fmt.Errorf("python ended: %s", b.stderr.lastLine(err))
	}
	if err := json.Unmarshal(answer, &reply); err != nil {
		return reply, fmt.Errorf("python answered %.80q: %w", answer, err)
	}
	if reply.Error != "" {
		return reply, fmt.Errorf("python: %s", reply.Error)
	}
	return reply, nil
}

// measure does one planned run and fills in its record.
func (b *pythonBench) measure(p plannedRun, stderr io.Writer) (study.Record, error) {
	record := p.record
	memory := watchMemory()
	reply, err := b.ask(map[string]any{
		"engine": record.Engine, "model": p.model, "chunks": record.NumChunks, "cpus": record.CPUCount, "scale": p.scale,
	})
	record.MemUsage, record.AvgMem = memory.stop()
	if err != nil {
		return record, fmt.Errorf("%s %s: %w", record.Engine, p.model, err)
	}
	record.MemorySize = memory.total
	record.Time, record.PeakRSS = reply.Time, reply.PeakRSS
	if reply.SpilledBytes != nil {
		record.SpilledBytes = *reply.SpilledBytes
	}
	if key := fmt.Sprint(record.Engine, p.model, record.CPUCount); !b.said[key] {
		b.said[key] = true
		fmt.Fprintf(stderr, "%s %s on %d CPUs: set up in %.1f s, which no time includes\n", record.Engine, p.model, record.CPUCount, reply.SetUp)
	}
	return record, nil
}

// close ends the process, which leaves Ray first, and removes the folder.
func (b *pythonBench) close() {
	if b.stdin != nil {
		b.stdin.Close()
		b.process.Wait() // it has nothing more to say
	}
	os.RemoveAll(b.folder)
}

// A tail keeps the end of what is written to it.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if t.Len() > 1<<16 {
		t.Next(t.Len() - 1<<12)
	}
	return t.Buffer.Write(p)
}

// lastLine is the last line that is not empty, or else an error's words.
func (t *tail) lastLine(instead error) string {
	lines := strings.Split(strings.TrimSpace(t.String()), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return instead.Error()
}

//go:build linux

package main

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/voxfit/voxfit/kernel"
)

// portable is the name of the code in Go, which runs where there is no instruction set.
const portable = "generic"

// instructionSets lists the sets that have a kept table, and those of this processor. The emulated sets come first,
// because they take longest.
func instructionSets(folder string) []string {
	files, _ := filepath.Glob(tableFile(folder, "*")) // the pattern is well formed
	isas := slices.Sorted(maps.Keys(emulated))
	for _, isa := range kernel.ISAs() {
		files = append(files, tableFile(folder, isa))
	}
	for _, file := range files {
		if isa := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)); !slices.Contains(isas, isa) {
			isas = append(isas, isa)
		}
	}
	return isas
}

// emulated has the sets that are counted under an emulator. qemu-x86_64 cannot be used for AVX2: its log has 843
// instructions for tensorStepAVX2, which has 779 and no branch.
var emulated = map[string]emulator{"neon": {program: "qemu-aarch64-static", architecture: "arm64"}}

// A notCounted error says why an instruction set cannot be counted on this machine.
type notCounted string

func (e notCounted) Error() string { return string(e) }

// A build has the programs whose instructions are counted, for both architectures, and the voxels that they fit.
type build struct {
	folder, batch string
}

func newBuild() (build, error) {
	folder, err := os.MkdirTemp("", "counts")
	if err != nil {
		return build{}, err
	}
	b := build{folder, filepath.Join(folder, "batch")}
	if err := b.fill(); err != nil {
		b.remove()
		return build{}, err
	}
	return b, nil
}

func (b build) remove() { _ = os.RemoveAll(b.folder) }

func (b build) fill() error {
	for _, architecture := range []string{"amd64", "arm64"} {
		for _, arguments := range [][]string{
			{"test", "-c", "-o", b.steps(architecture), "./kernel/internal/kerneltest"},
			{"build", "-o", b.fits(architecture), "./bench/counts"},
		} {
			if err := compile(architecture, arguments...); err != nil {
				return err
			}
		}
	}
	file, err := os.Create(b.batch)
	if err != nil {
		return err
	}
	voxels, err := makeBatch()
	return errors.Join(err, gob.NewEncoder(file).Encode(voxels), file.Close())
}

// compile runs the go command for an architecture.
func compile(architecture string, arguments ...string) error {
	command := exec.Command("go", arguments...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+architecture, "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s(run it in the module's folder)", command, err, out)
	}
	return nil
}

func (b build) steps(architecture string) string {
	return filepath.Join(b.folder, "steps-"+architecture)
}

func (b build) fits(architecture string) string { return filepath.Join(b.folder, "fits-"+architecture) }

// count counts the steps and the fits of an instruction set: on this processor, or under an emulator.
func (b build) count(isa string) (table, error) {
	t := table{isa: isa, version: runtime.Version(), counts: map[string]count{}}
	e, emulate := emulated[isa]
	architecture := "amd64"
	switch {
	case !emulate && !canTrace:
		return t, notCounted("it is counted on amd64 and Linux")
	case !emulate && !slices.Contains(kernel.ISAs(), isa):
		return t, notCounted("this processor does not have it")
	case !emulate:
		t.how, t.machine = "ptrace", processor()
	default:
		version, err := exec.Command(e.program, "-version").Output()
		if err != nil {
			return t, notCounted("no " + e.program)
		}
		first, _, _ := strings.Cut(string(version), "\n")
		t.how, architecture = e.program+", "+first, e.architecture
	}
	steps, err := readProgram(b.steps(architecture))
	if err != nil {
		return t, err
	}
	fits, err := readProgram(b.fits(architecture))
	if err != nil {
		return t, err
	}
	return t, b.countInto(t.counts, steps, fits, isa)
}

func (b build) countInto(counts map[string]count, steps, fits *program, isa string) error {
	countSteps, countFits := tracedSteps, tracedFits
	if e, emulate := emulated[isa]; emulate {
		countSteps = func(p *program, isa string) (map[string]count, error) { return emulatedSteps(e, p, isa) }
		countFits = func(p *program, isa, batch string) (map[string]count, error) { return emulatedFits(e, p, isa, batch) }
	}
	if isa != portable { // the portable code has no steps
		of, err := countSteps(steps, isa)
		if err != nil {
			return err
		}
		for name, c := range of {
			counts[name] = c
		}
	}
	of, err := countFits(fits, isa, b.batch)
	for name, c := range of {
		counts[fitPrefix+name] = c
	}
	return err
}

// processor names this machine's processor in the same way as the history of timings.
func processor() string {
	c := cpuid.CPU
	return fmt.Sprintf("%s, family %d model %d stepping %d", c.BrandName, c.Family, c.Model, c.Stepping)
}

// report says how an instruction set compares with its kept table, and how many of the lines are failures.
func report(isa string, now table, err error, folder string, keep bool) (lines []string, failures int) {
	var not notCounted
	kept, keptErr := readTable(folder, isa)
	switch {
	case errors.As(err, &not):
		where := "counted by " + kept.how
		if kept.machine != "" {
			where += " on " + kept.machine
		}
		return []string{fmt.Sprintf("%s: not counted: %s; the kept table was %s", isa, not, where)}, 0
	case err != nil:
		return []string{isa + "  " + err.Error()}, 1
	case keptErr != nil:
		return []string{isa + "  " + keptErr.Error()}, 1
	}
	if keep {
		return []string{fmt.Sprintf("%s: %d numbers kept in %s", isa, len(now.counts), tableFile(folder, isa))}, 0
	}
	v := judge(kept, now)
	for _, line := range v.failures {
		lines = append(lines, "FAIL  "+line)
	}
	for _, line := range v.notes {
		lines = append(lines, "      "+line)
	}
	if len(v.failures) == 0 {
		lines = append(lines, fmt.Sprintf("%s: none of %d numbers has risen by more than 0.5%%", isa, v.compared))
		if slices.ContainsFunc(v.notes, func(line string) bool { return strings.Contains(line, " before, ") }) {
			lines = append(lines, "      "+isa+" has become faster: `make counts-keep` keeps it")
		}
	}
	return lines, len(v.failures)
}

// printRatios writes a table in Markdown: the kept counts of the steps on NEON beside those on AVX2.
func printRatios(out io.Writer, folder string) error {
	neon, err := readTable(folder, "neon")
	if err != nil {
		return err
	}
	avx2, err := readTable(folder, "avx2")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "| step, instructions a call | NEON | AVX2 | ratio |\n|---|---|---|---|")
	for _, name := range neon.names() {
		n, a := neon.counts[name].kernels, avx2.counts[name].kernels
		if a == 0 {
			fmt.Fprintf(out, "| %s | %d | | |\n", name, n)
			continue
		}
		fmt.Fprintf(out, "| %s | %d | %d | %.2f |\n", name, n, a, float64(n)/float64(a))
	}
	return nil
}

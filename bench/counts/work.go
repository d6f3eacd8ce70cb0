//go:build linux

package main

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/phantom"
)

// A batch has the acquisition and the voxels of all fits. It is made once, outside of the emulator, where making the
// directions of the study's protocol would take half a minute.
type batch struct {
	Bvals  []float64
	Bvecs  [][3]float64
	Signal []float32
}

// makeBatch takes voxels at equal distances from a phantom of the study's protocol. Neighbours in the middle of a
// phantom would all be single fibres.
func makeBatch() (batch, error) {
	voxels := 0
	for _, c := range fits {
		voxels = max(voxels, c.voxels, c.portable)
	}
	const of, everyVolume = 1024, 3
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: of, SNR: 30, Seed: 1})
	if err != nil {
		return batch{}, err
	}
	var b batch
	n := len(p.Gradients.Bvals)
	for v := 0; v < n; v += everyVolume {
		b.Bvals = append(b.Bvals, p.Gradients.Bvals[v])
		b.Bvecs = append(b.Bvecs, p.Gradients.Bvecs[v])
	}
	for i := range voxels {
		for v := 0; v < n; v += everyVolume {
			b.Signal = append(b.Signal, p.Signal[i*of/voxels*n+v])
		}
	}
	return b, nil
}

// The main goroutine stays on the thread that the program starts with, so that the counted work is the work of one thread.
func init() { runtime.LockOSThread() }

// workArgument is the first argument with which this program does the work whose instructions are counted.
const workArgument = "fits"

// work fits the voxels of a batch, read from a file, by every model with an instruction set, between the marks
// begin and end, and writes the name of each fit. It is the program whose instructions are counted.
func work(file, isa string, names io.Writer) error {
	debug.SetGCPercent(-1) // collections would make the count change from run to run
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	var b batch
	if err := gob.NewDecoder(bufio.NewReader(in)).Decode(&b); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	g, _, err := acq.NewGradientTable(b.Bvals, b.Bvecs)
	if err != nil {
		return err
	}
	for _, c := range fits {
		if voxels := c.voxelsOn(isa); voxels > 0 {
			if err := workOn(c, g, isa, b.Signal[:voxels*g.Len()]); err != nil {
				return fmt.Errorf("%s on %s: %w", c.name, isa, err)
			}
			fmt.Fprintln(names, c.name)
		}
	}
	return nil
}

func workOn(c fit, g *acq.GradientTable, isa string, signal []float32) error {
	m, err := c.make(g, isa)
	if err != nil {
		return err
	}
	f := m.Fitter()
	voxels := len(signal) / g.Len()
	w, params, status := f.NewWorker(), make([]float64, voxels*f.Parameters()), make([]kernel.Status, voxels)
	first, last, err := programText()
	if err != nil {
		return err
	}
	if err := forgetTranslations(first, last); err != nil {
		return err
	}
	begin()
	w.Fit(params, status, signal)
	end()
	return nil
}

// begin and end mark where counting begins and ends. They do nothing: only their addresses matter.
//
//go:noinline
func begin() {}

//go:noinline
func end() {}

// forgetTranslations makes qemu translate all code again when it is executed, and thus write it to its log. qemu
// does so when code may have been written to. On a processor this changes nothing.
func forgetTranslations(first, last uintptr) error {
	for _, mode := range []uintptr{syscall.PROT_READ | syscall.PROT_WRITE | syscall.PROT_EXEC, syscall.PROT_READ | syscall.PROT_EXEC} {
		if _, _, err := syscall.Syscall(syscall.SYS_MPROTECT, first, last-first, mode); err != 0 {
			return fmt.Errorf("mprotect: %w", err)
		}
	}
	return nil
}

// programText is the memory that this program's code is in.
func programText() (first, last uintptr, err error) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &first, &last, &mode); err == nil && strings.HasPrefix(mode, "r-x") {
			return first, last, nil
		}
	}
	return 0, 0, errors.New("/proc/self/maps names no code")
}

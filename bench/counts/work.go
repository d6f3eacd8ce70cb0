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

// A batch is the acquisition and the voxels of every fit. It is made once, and not by the program under the emulator:
// the directions of the study's protocol take half a minute there.
type batch struct {
	Bvals  []float64
	Bvecs  [][3]float64
	Signal []float32
}

// makeBatch takes voxels of the phantom of the study's protocol at equal distances: neighbours in the middle of a phantom
// are all single fibres.
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

// workArgument is the first argument that makes this program the one whose instructions are counted.
const workArgument = "fits"

// work fits the voxels of a batch, read from a file, by every model with an instruction set, between the marks
// begin and end, and writes the name of each fit. It is the program whose instructions are counted.
func work(file, isa string, names io.Writer) error {
	debug.SetGCPercent(-1) // a collection would be other instructions each time
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

// begin and end are where counting begins and ends. They do nothing but have an address.
//
//go:noinline
func begin() {}

//go:noinline
func end() {}

// forgetTranslations makes qemu translate anew what is executed from here on, and so write it to its log: it must do so
// when code may have been written to. On a processor it changes nothing.
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

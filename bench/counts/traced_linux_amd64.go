package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const breakpoint = 0xcc

// canTrace says whether this build can trace.
const canTrace = true

// A tracer executes a program on this processor and counts its instructions, for instruction sets that no emulator
// has. To stop after each instruction would take minutes. The tracer therefore does so only in code that it has not
// seen yet. There it learns where instructions begin, and which of them are branches. Afterwards it stops only at
// the branches, by breakpoints, and carries most of them out itself.
type tracer struct {
	program *program
	tally   tally
	counts  func(*symbol) bool // whether the code of a function is counted
	once    bool               // count one call of each watched function, instead of all that is between the marks
	memory  *os.File

	next      map[uint64]uint64 // the address after an instruction that was executed and is not a branch
	branches  map[uint64]branch
	stretches map[uint64]stretch
	planted   map[uint64]bool // breakpoints in memory
	watched   map[uint64]bool // addresses where counting begins

	thread int     // the thread that is counted, or 0
	from   uint64  // the address after its last branch
	count  int     // instructions since then
	way    stretch // its way to the next breakpoint; empty in code that is not counted
}

// A stretch is the row of instructions from an address to the next branch, or to the first that was not executed
// yet.
type stretch struct {
	end          uint64
	instructions int
}

// A tally adds up blocks, in the order in which they were executed.
type tally interface{ add(b block) }

func newTracer(p *program, t tally, counts func(*symbol) bool, once bool) *tracer {
	return &tracer{program: p, tally: t, counts: counts, once: once, next: map[uint64]uint64{}, branches: map[uint64]branch{},
		stretches: map[uint64]stretch{}, planted: map[uint64]bool{}, watched: map[uint64]bool{}}
}

// run executes the program to its end; counting begins at the watched addresses. It returns what the program printed.
func (t *tracer) run(watch []uint64, args ...string) (string, error) {
	// All requests must come from the thread that started the program. It is not unlocked, so it ends with its goroutine.
	type result struct {
		out string
		err error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		out, err := t.trace(watch, args)
		done <- result{out, err}
	}()
	r := <-done
	return r.out, r.err
}

func (t *tracer) trace(watch []uint64, args []string) (string, error) {
	pin()
	out, err := os.CreateTemp("", "counts")
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	command := exec.Command(t.program.path, args...)
	command.Stdout, command.Stderr = out, out
	command.Env = append(os.Environ(), steady...)
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); errors.Is(err, syscall.EPERM) {
		return "", notCounted("this process may not trace others")
	} else if err != nil {
		return "", fmt.Errorf("cannot trace: %w", err)
	}
	late := time.AfterFunc(longest, func() { _ = command.Process.Kill() })
	defer late.Stop()
	status, err := t.follow(command.Process.Pid, watch)
	if err != nil {
		_ = command.Process.Kill()
		return "", fmt.Errorf("tracing: %w", err)
	}
	printed, err := os.ReadFile(out.Name())
	if err == nil && !(status.Exited() && status.ExitStatus() == 0) {
		err = fmt.Errorf("%s ended with %v:\n%s", command, status, bytes.TrimSpace(printed))
	}
	return string(printed), err
}

var pinned atomic.Int32

// pin keeps this thread, and the program that it starts, on one CPU, and takes another CPU each time. On one CPU,
// switching between the two takes half as long.
func pin() {
	var allowed, one unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil {
		return
	}
	turn := int(pinned.Add(1)) % allowed.Count()
	for i := range len(allowed) * 64 {
		if allowed.IsSet(i) {
			if turn == 0 {
				one.Set(i)
				_ = unix.SchedSetaffinity(0, &one)
				return
			}
			turn--
		}
	}
}

// follow serves the program's threads until it ends.
func (t *tracer) follow(pid int, watch []uint64) (status unix.WaitStatus, err error) {
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		return status, errors.Join(errors.New("the program did not start"), err)
	}
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_EXITKILL); err != nil {
		return status, err
	}
	if t.memory, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0); err != nil {
		return status, err
	}
	defer t.memory.Close()
	for _, address := range watch {
		t.watched[address] = true
		if err := t.plant(address); err != nil {
			return status, err
		}
	}
	seen := map[int]bool{pid: true}
	for thread := pid; ; {
		signal, err := t.stopped(thread, status, seen)
		if err != nil {
			return status, err
		}
		seen[thread] = true
		if status.Stopped() {
			if err := unix.PtraceCont(thread, signal); err != nil {
				return status, err
			}
		}
		// Wait only for threads of this program, which is a process group of its own. This thread may have started
		// another program before it was locked, and other goroutines wait for that one.
		if thread, err = unix.Wait4(-pid, &status, unix.WALL|unix.WNOTHREAD, nil); err != nil {
			return status, err
		}
		if status.Exited() || status.Signaled() {
			delete(seen, thread) // another thread may get its number
		}
		if thread == pid && (status.Exited() || status.Signaled()) {
			return status, nil
		}
	}
}

// stopped serves a thread that has stopped. It returns the signal to be passed to the thread.
func (t *tracer) stopped(thread int, status unix.WaitStatus, seen map[int]bool) (signal int, err error) {
	switch {
	case !status.Stopped(), status.TrapCause() > 0, status.StopSignal() == unix.SIGSTOP && !seen[thread]:
		return 0, nil
	case status.StopSignal() != unix.SIGTRAP:
		return int(status.StopSignal()), nil
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(thread, &regs); err != nil {
		return 0, err
	}
	at := regs.Rip - 1
	if !t.planted[at] {
		return 0, nil // the stop after exec
	}
	regs.Rip = at
	switch {
	case t.thread == 0 && t.watched[at]:
		if err := t.start(thread, at); err != nil {
			return 0, err
		}
	case thread != t.thread:
		return 0, t.stepOver(thread, &regs)
	}
	if err := t.advance(&regs); err != nil {
		return 0, err
	}
	return 0, unix.PtraceSetRegs(thread, &regs)
}

func (t *tracer) start(thread int, at uint64) error {
	t.thread, t.way = thread, stretch{}
	if t.once {
		delete(t.watched, at)
		return t.unplant(at)
	}
	return nil
}

// stop ends counting, and removes the breakpoints, so that the program runs at full speed.
func (t *tracer) stop() error {
	t.thread, t.way = 0, stretch{}
	for address := range t.planted {
		if !t.watched[address] {
			if err := t.unplant(address); err != nil {
				return err
			}
		}
	}
	return nil
}

// tracedSteps is emulatedSteps on this processor.
func tracedSteps(p *program, isa string) (map[string]count, error) {
	t := newStepTally(p, isa)
	var watch []uint64
	for _, s := range p.symbols {
		if s.isa == isa {
			watch = append(watch, s.start)
		}
	}
	if _, err := newTracer(p, t, func(s *symbol) bool { return s.isa == isa }, true).run(watch, stepArguments(isa)...); err != nil {
		return nil, err
	}
	return t.counts, complain(t.missing(), isa)
}

// tracedFits is emulatedFits on this processor.
func tracedFits(p *program, isa, batch string) (map[string]count, error) {
	t := &fitTally{program: p}
	counts := func(s *symbol) bool { return !s.left && s != p.end }
	names, err := newTracer(p, t, counts, false).run([]uint64{p.begin.start}, workArgument, batch, isa)
	if err != nil {
		return nil, err
	}
	return t.named(strings.Fields(names))
}

// code is the program's text from an address on.
func (p *program) code(address uint64) []byte { return p.text[address-p.first:] }

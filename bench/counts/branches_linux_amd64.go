package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// advance is called when the counted thread has reached a breakpoint. It adds the instructions that the thread has
// executed on the way, and executes the following ones itself until the thread can go on alone to the next
// breakpoint.
func (t *tracer) advance(regs *unix.PtraceRegs) error {
	if t.way.instructions == 0 { // at the beginning, or back from code that is not counted
		t.from, t.count = regs.Rip, 0
	} else if t.way.end != regs.Rip {
		return fmt.Errorf("stopped at %#x, not at %#x", regs.Rip, t.way.end)
	}
	t.count += t.way.instructions
	t.way = stretch{}
	for {
		b := t.branchAt(regs.Rip)
		if b.kind != noBranch {
			counted, err := t.pass(b, regs)
			if err != nil || !counted {
				return err
			}
			continue
		}
		if err := t.unplant(regs.Rip); err != nil {
			return err
		}
		if _, known := t.next[regs.Rip]; known {
			t.way = t.stretchFrom(regs.Rip)
			return t.plant(t.way.end)
		}
		at := regs.Rip
		for regs.Rip == at { // an instruction with repetitions stops after each
			if err := t.step(regs); err != nil {
				return err
			}
		}
		t.next[at] = regs.Rip
		t.count++
	}
}

// pass carries out a branch. It reports whether the code that follows is counted.
func (t *tracer) pass(b branch, regs *unix.PtraceRegs) (counted bool, err error) {
	t.tally.add(block{t.thread, t.from, t.count + 1})
	if err := t.carryOut(b, regs); err != nil {
		return false, err
	}
	t.from, t.count = regs.Rip, 0
	s := t.program.at(regs.Rip)
	switch {
	case s == nil:
		return false, fmt.Errorf("a branch to %#x, where no function is", regs.Rip)
	case t.counts(s):
		return true, nil
	case t.once && b.kind == ret:
		return false, t.stop()
	}
	t.tally.add(block{t.thread, regs.Rip, 1}) // it is the mark end, or code of the runtime, as where a stack grows
	if s == t.program.end {
		return false, t.stop()
	}
	if b.kind == ret {
		return false, nil // the next breakpoint is the one of a branch that is counted
	}
	back, err := t.word(regs.Rsp)
	if err != nil {
		return false, err
	}
	return false, t.plant(back)
}

func (t *tracer) carryOut(b branch, regs *unix.PtraceRegs) error {
	after := regs.Rip + uint64(b.length)
	switch b.kind {
	case jumpIf:
		regs.Rip = after
		if b.taken(regs.Eflags) {
			regs.Rip += uint64(b.offset)
		}
	case jump:
		regs.Rip = after + uint64(b.offset)
	case call:
		regs.Rsp -= 8
		regs.Rip = after + uint64(b.offset)
		_, err := t.memory.WriteAt(binary.LittleEndian.AppendUint64(nil, after), int64(regs.Rsp))
		return err
	case ret:
		back, err := t.word(regs.Rsp)
		regs.Rip, regs.Rsp = back, regs.Rsp+8
		return err
	default:
		at := regs.Rip
		if err := t.unplant(at); err != nil {
			return err
		}
		if err := t.step(regs); err != nil {
			return err
		}
		return t.plant(at)
	}
	return nil
}

func (t *tracer) branchAt(address uint64) branch {
	b, known := t.branches[address]
	if !known {
		b = findBranch(t.program.code(address))
		t.branches[address] = b
	}
	return b
}

// stretchFrom finds the instructions from an address to the next branch, or to the first that was not executed yet.
func (t *tracer) stretchFrom(address uint64) stretch {
	if s, known := t.stretches[address]; known {
		return s
	}
	s := stretch{end: address}
	for {
		if t.branchAt(s.end).kind != noBranch {
			t.stretches[address] = s
			return s
		}
		next, known := t.next[s.end]
		if !known {
			return s
		}
		s.end = next
		s.instructions++
	}
}

package main

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// step executes one instruction of the counted thread.
func (t *tracer) step(regs *unix.PtraceRegs) error { return stepThread(t.thread, regs) }

func stepThread(thread int, regs *unix.PtraceRegs) error {
	if err := unix.PtraceSetRegs(thread, regs); err != nil {
		return err
	}
	for {
		if err := unix.PtraceSingleStep(thread); err != nil {
			return err
		}
		var status unix.WaitStatus
		if _, err := unix.Wait4(thread, &status, unix.WALL, nil); err != nil {
			return err
		}
		if !status.Stopped() {
			return errors.New("the program ended within what is counted")
		}
		if status.StopSignal() == unix.SIGTRAP {
			return unix.PtraceGetRegs(thread, regs)
		}
	}
}

// stepOver lets a thread that is not counted go past a breakpoint.
func (t *tracer) stepOver(thread int, regs *unix.PtraceRegs) error {
	at := regs.Rip
	if err := t.unplant(at); err != nil {
		return err
	}
	if err := stepThread(thread, regs); err != nil {
		return err
	}
	return t.plant(at)
}

func (t *tracer) word(address uint64) (uint64, error) {
	var word [8]byte
	_, err := t.memory.ReadAt(word[:], int64(address))
	return binary.LittleEndian.Uint64(word[:]), err
}

func (t *tracer) plant(address uint64) error {
	if t.planted[address] {
		return nil
	}
	t.planted[address] = true
	_, err := t.memory.WriteAt([]byte{breakpoint}, int64(address))
	return err
}

func (t *tracer) unplant(address uint64) error {
	if !t.planted[address] {
		return nil
	}
	delete(t.planted, address)
	_, err := t.memory.WriteAt(t.program.code(address)[:1], int64(address))
	return err
}

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// longest is how long a program may run, which is many times longer than it needs. A program that hangs ends as a
// failure.
const longest = 10 * time.Minute

// steady is the environment of the counted programs. Preemption by signals would execute some instructions twice.
// With a second processor, memory could be given out in another order.
var steady = []string{"GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1"}

// An emulator is qemu-user for one architecture.
type emulator struct{ program, architecture string }

// run executes a program under the emulator, which logs the code in the given ranges of addresses: with "in_asm"
// each block when it is translated, with "exec" each block whenever it is executed. read reads the log while it is
// written. run returns what the program prints.
func (e emulator) run(events, ranges string, read func(log io.Reader) error, program string, args ...string) (string, error) {
	log, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer log.Close()
	options := []string{"-d", events, "-dfilter", ranges, "-D", "/proc/self/fd/3", program}
	command := exec.Command(e.program, append(options, args...)...)
	command.ExtraFiles = []*os.File{write}
	command.Env = append(os.Environ(), steady...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	if err := command.Start(); err != nil {
		write.Close()
		return "", err
	}
	write.Close()
	late := time.AfterFunc(longest, func() { _ = command.Process.Kill() })
	defer late.Stop()
	readErr := read(log)
	_, _ = io.Copy(io.Discard, log) // otherwise the program would wait for ever
	if err := command.Wait(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(command.Args, " "), err, out.String(), complaints.String())
	}
	return out.String(), readErr
}

// A traceReader turns the log of qemu's -d in_asm,exec,nochain into blocks. A block is listed once, with an instruction
// on each line, when it is translated:
//
//	IN: main.begin
//	0x005d2420:  c3                       retq
//
// and is named by address and flags whenever it is executed, by one of the threads:
//
//	Trace 0: 0x7fa3aa7acac0 [0000000000000000/00000000005d2420/1040c0b3/00080200] main.begin
type traceReader struct {
	emit    func(block)
	listed  map[uint64]int   // instructions of the last translation at an address
	sizes   map[blockKey]int // instructions of a block, by address and flags
	waiting map[int]block    // the last block of each thread, which may turn out not to have been executed
	inside  uint64           // the address of the block that is being listed
	begun   bool
}

type blockKey struct{ address, flags, mode uint64 }

func readTrace(log io.Reader, emit func(block)) error {
	t := &traceReader{emit: emit, listed: map[uint64]int{}, sizes: map[blockKey]int{}, waiting: map[int]block{}}
	lines := bufio.NewReaderSize(log, 1<<20)
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := t.line(line); err != nil {
			return fmt.Errorf("in the emulator's log: %w: %s", err, line)
		}
	}
	for _, b := range t.waiting {
		emit(b)
	}
	return nil
}

func (t *traceReader) line(line []byte) error {
	switch {
	case bytes.HasPrefix(line, []byte("Trace ")):
		return t.executed(line)
	case bytes.HasPrefix(line, []byte("IN:")):
		t.begun = true
	case bytes.HasPrefix(line, []byte("0x")):
		return t.instruction(line)
	case bytes.HasPrefix(line, []byte("Stopped execution of TB chain before ")):
		return t.stopped(line)
	case bytes.HasPrefix(line, []byte("OBJD-T:")):
		return errors.New("this qemu was built without a disassembler, so instructions cannot be told apart")
	}
	return nil
}

// instruction reads a line of a listing. The bytes beyond the eighth of a long instruction have a line of their own,
// without a name.
func (t *traceReader) instruction(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return errors.New("no address")
	}
	if t.begun {
		address, err := strconv.ParseUint(string(line[2:colon]), 16, 64)
		if err != nil {
			return err
		}
		t.inside, t.begun = address, false
		t.listed[address] = 0
	}
	for _, word := range bytes.Fields(line[colon+1:]) {
		if len(word) != 2 {
			t.listed[t.inside]++
			break
		}
	}
	return nil
}

func (t *traceReader) executed(line []byte) error {
	thread, rest, _ := bytes.Cut(line[len("Trace "):], []byte(":"))
	number, err := strconv.Atoi(string(thread))
	if err != nil {
		return err
	}
	open, end := bytes.IndexByte(rest, '['), bytes.IndexByte(rest, ']')
	if open < 0 || end < open {
		return errors.New("no address")
	}
	var field [4]uint64
	text := rest[open+1 : end]
	for i := range field {
		var part []byte
		part, text, _ = bytes.Cut(text, []byte("/"))
		for _, c := range part { // strconv would take most of the time
			field[i] = field[i]<<4 | uint64(hexDigit(c))
		}
	}
	key := blockKey{field[1], field[2], field[3]}
	size, known := t.sizes[key]
	if !known {
		if size = t.listed[key.address]; size == 0 {
			return errors.New("a block that was not listed")
		}
		t.sizes[key] = size
	}
	if b, ok := t.waiting[number]; ok {
		t.emit(b)
	}
	t.waiting[number] = block{number, key.address, size}
	return nil
}

// stopped forgets a block that its thread was about to execute when it was interrupted.
func (t *traceReader) stopped(line []byte) error {
	open, end := bytes.IndexByte(line, '['), bytes.IndexByte(line, ']')
	if open < 0 || end < open {
		return errors.New("no address")
	}
	address, err := strconv.ParseUint(string(line[open+1:end]), 16, 64)
	if err != nil {
		return err
	}
	for number, b := range t.waiting {
		if b.address == address {
			delete(t.waiting, number)
		}
	}
	return nil
}

func hexDigit(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// readTranslated calls emit with the address of each block that the log of -d in_asm lists.
func readTranslated(log io.Reader, emit func(address uint64)) error {
	lines := bufio.NewScanner(log)
	begun := false
	for lines.Scan() {
		line := lines.Text()
		if begun && strings.HasPrefix(line, "0x") {
			address, _, _ := strings.Cut(line[2:], ":")
			a, err := strconv.ParseUint(address, 16, 64)
			if err != nil {
				return fmt.Errorf("in the emulator's log: %w", err)
			}
			emit(a)
			begun = false
		}
		begun = begun || strings.HasPrefix(line, "IN:")
	}
	return lines.Err()
}

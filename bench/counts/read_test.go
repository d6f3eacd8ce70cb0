//go:build linux

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func writeTable(t *testing.T, folder string, kept table) {
	t.Helper()
	if err := os.WriteFile(tableFile(folder, kept.isa), kept.bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTheLogOfQemuIsReadAsBlocks reads lines that qemu 7.2 wrote. A long instruction has a second line, and the log
// takes back a block that was not executed after all.
func TestTheLogOfQemuIsReadAsBlocks(t *testing.T) {
	const log = `----------------
IN: main.work
0x005d1c00:  4c 8d a4 24 80 fe ff ff  leaq     -0x180(%rsp), %r12
0x005d1c08:  c4 e2 7d 18 05 00 00 00  vbroadcastss 0x0(%rip), %ymm0
0x005d1c10:  00
0x005d1c11:  0f 86 c3 07 00 00        jbe      0x5d23d5

Trace 0: 0x7fa3aa7acac0 [0000000000000000/00000000005d1c00/1040c0b3/00080200] main.work
----------------
IN: main.end
0x005d2440:  c3                       retq

Trace 1: 0x7fa3aa7acc40 [0000000000000000/00000000005d2440/1040c0b3/00080200] main.end
Trace 0: 0x7fa3aa7acac0 [0000000000000000/00000000005d1c00/1040c0b3/00080200] main.work
Stopped execution of TB chain before 0x7fa3aa7acac0 [00000000005d1c00] main.work
`
	var got []block
	if err := readTrace(strings.NewReader(log), func(b block) { got = append(got, b) }); err != nil {
		t.Fatal(err)
	}
	want := []block{{0, 0x5d1c00, 3}, {1, 0x5d2440, 1}}
	if !slices.Equal(got, want) {
		t.Errorf("blocks %v, expected %v", got, want)
	}
}

func TestALogWithoutInstructionsIsAnError(t *testing.T) {
	for _, log := range []string{
		"Trace 0: 0x7fa3aa7acac0 [0000000000000000/00000000005d1c00/1040c0b3/00080200] main.work\n",
		"OBJD-T: 4c8da424\n",
	} {
		if err := readTrace(strings.NewReader(log), func(block) {}); err == nil {
			t.Errorf("no error for %q", log)
		}
	}
}

// TestAFunctionThatBeginsAgainIsCountedOnce because the instructions before its stack grew are subtracted.
func TestAFunctionThatBeginsAgainIsCountedOnce(t *testing.T) {
	p := &program{symbols: []symbol{
		{name: "main.begin", start: 10, end: 11},
		{name: "main.end", start: 11, end: 12},
		{name: "kernel.fit", start: 20, end: 40},
		{name: "kernelAVX2", start: 40, end: 60, isa: "avx2", step: "csd/Below"},
		{name: "runtime.morestack", start: 60, end: 61, left: true, grows: true},
		{name: "runtime.other", start: 61, end: 70, left: true},
	}}
	p.begin, p.end = &p.symbols[0], &p.symbols[1]
	fits := &fitTally{program: p}
	for _, b := range []block{
		{0, 20, 100},                         // not between the marks
		{0, 10, 1}, {0, 20, 3}, {1, 20, 100}, // another thread's
		{0, 35, 2}, {0, 60, 1}, {0, 61, 50}, {0, 36, 1}, {0, 20, 3}, {0, 23, 4}, {0, 40, 7}, {0, 50, 5}, {0, 11, 1},
		{0, 10, 1}, {0, 40, 2}, {0, 11, 1},
	} {
		fits.add(b)
	}
	if want := []count{{12, 7}, {2, 0}}; !slices.Equal(fits.counts, want) {
		t.Errorf("counts %v, expected %v", fits.counts, want)
	}
	if _, err := fits.named([]string{"csdm"}); err == nil {
		t.Error("two fits took one name")
	}
}

// TestTheFirstCallOfAStepIsCounted and later calls are not.
func TestTheFirstCallOfAStepIsCounted(t *testing.T) {
	p := &program{symbols: []symbol{
		{start: 40, end: 60, isa: "avx2", step: "csd/Below"},
		{start: 60, end: 80, isa: "avx2", step: "csd/Inspect"},
		{start: 80, end: 90, isa: "avx512", step: "csd/Below"},
	}}
	steps := newStepTally(p, "avx2")
	for _, b := range []block{{0, 40, 7}, {0, 50, 5}, {0, 80, 100}, {0, 50, 5}, {0, 40, 7}, {0, 50, 5}} {
		steps.add(b)
	}
	if got := steps.counts["csd/Below"].kernels; got != 17 {
		t.Errorf("csd/Below has %d instructions, expected 17", got)
	}
	if got := steps.missing(); !slices.Equal(got, []string{"csd/Inspect"}) {
		t.Errorf("missing are %v, expected csd/Inspect", got)
	}
}

// TestBranchesAreReadAsTheProcessorDoes takes the flags from the processor's manual.
func TestBranchesAreReadAsTheProcessorDoes(t *testing.T) {
	const zero, carry, sign, overflow = 1 << 6, 1, 1 << 7, 1 << 11
	for _, c := range []struct {
		code  []byte
		want  branch
		taken map[uint64]bool
	}{
		{[]byte{0x74, 0xfe}, branch{jumpIf, 4, 2, -2}, map[uint64]bool{zero: true, 0: false}},                                                   // je
		{[]byte{0x0f, 0x8f, 0, 1, 0, 0}, branch{jumpIf, 15, 6, 256}, map[uint64]bool{0: true, zero: false, sign: false, overflow | sign: true}}, // jg
		{[]byte{0x76, 4}, branch{jumpIf, 6, 2, 4}, map[uint64]bool{carry: true, zero: true, 0: false}},                                          // jbe
		{[]byte{0xe8, 0xff, 0xff, 0xff, 0xff}, branch{call, 8, 5, -1}, nil},
		{[]byte{0xe9, 2, 0, 0, 0}, branch{jump, 9, 5, 2}, nil},
		{[]byte{0xc3}, branch{kind: ret, length: 1}, nil},
		{[]byte{0xff, 0xd1}, branch{kind: indirect}, nil},       // call rcx
		{[]byte{0x41, 0xff, 0xe4}, branch{kind: indirect}, nil}, // jmp r12
		{[]byte{0xff, 0xc0}, branch{}, nil},                     // inc eax
		{[]byte{0x62, 0xf1, 0x7c, 0x48, 0x28, 0xc1}, branch{}, nil},
	} {
		got := findBranch(append(c.code, make([]byte, 16)...))
		if got != c.want {
			t.Errorf("% x is %+v, expected %+v", c.code, got, c.want)
		}
		for flags, taken := range c.taken {
			if got.taken(flags) != taken {
				t.Errorf("% x with flags %#x: taken %v", c.code, flags, !taken)
			}
		}
	}
}

//go:build linux

package nodetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A machine is a machine for QEMU to emulate.
type machine struct {
	smp       string // QEMU's -smp
	nodes     []string
	distances [][]int
	threads   int // the threads of a core
}

var machines = map[string]machine{
	"two sockets of two cores with two threads": {
		smp: "8,sockets=2,cores=2,threads=2", nodes: []string{"0-3", "4-7"}, threads: 2,
		distances: [][]int{{10, 21}, {21, 10}},
	},
	"four sockets at unequal distances": {
		smp: "8,sockets=4,cores=2,threads=1", nodes: []string{"0-1", "2-3", "4-5", "6-7"}, threads: 1,
		distances: [][]int{{10, 31, 16, 22}, {31, 10, 22, 16}, {16, 22, 10, 28}, {22, 16, 28, 10}},
	},
}

// nodeMemory is the memory of each node, in MiB.
const nodeMemory = 256

// bootLimit ends a machine that does not reach its tests, and one whose tests hang. Booting takes four seconds, and
// many times that if other programs use the CPUs.
const bootLimit = 4 * time.Minute

// bootAttempts is how often a machine is started that prints nothing. With QEMU 7.2 and a thread for each CPU, 3 of 86
// machines stopped in the kernel, amid interrupts, before they ran any program.
const bootAttempts = 3

func TestNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("booting machines takes a minute; not with -short")
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("needs an amd64 host: the guest runs this test's own code")
	}
	qemu, kernel := needs(t)
	initrd := initialFiles(t, nil)
	for name, m := range machines {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			output, err := bootOften(t, qemu, kernel, initrd, m, "TestGuest", bootLimit)
			t.Logf("booted, tested and off in %.0f s", time.Since(begin).Seconds())
			judge(t, output, err)
		})
	}
}

// needs finds QEMU and a kernel, or skips the test.
func needs(t *testing.T) (qemu, kernel string) {
	t.Helper()
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		missing(t, "needs qemu-system-x86_64 (Debian's qemu-system-x86); scripts/install-peers brings it")
	}
	return qemu, findKernel(t)
}

// initialFiles writes the initial file system, with a program beside init if there is one.
func initialFiles(t *testing.T, program []byte) string {
	t.Helper()
	initrd := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(initrd, fileSystem(t, program), 0o666); err != nil {
		t.Fatal(err)
	}
	return initrd
}

// bootOften boots a machine, and boots it again if it never reached its tests.
func bootOften(t *testing.T, qemu, kernel, initrd string, m machine, test string, limit time.Duration) (string, error) {
	t.Helper()
	output, err := boot(qemu, kernel, initrd, m, test, limit)
	for attempt := 2; attempt <= bootAttempts && !strings.Contains(output, testBegins); attempt++ {
		t.Logf("the machine never came to its tests (%v; it wrote %q): attempt %d", err, output, attempt)
		output, err = boot(qemu, kernel, initrd, m, test, limit)
	}
	return output, err
}

// missing skips the test, or fails it if VOXFIT_REQUIRE names nodes.
func missing(t *testing.T, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("VOXFIT_REQUIRE"), ","), "nodes") {
		t.Fatal("VOXFIT_REQUIRE names nodes: ", reason)
	}
	t.Skip(reason)
}

// findKernel returns the path of a kernel: $VOXFIT_KERNEL, or else the one that scripts/install-peers unpacked.
func findKernel(t *testing.T) string {
	t.Helper()
	if kernel := os.Getenv("VOXFIT_KERNEL"); kernel != "" {
		return kernel
	}
	found, _ := filepath.Glob("../../.test/kernel/boot/vmlinuz-*")
	if len(found) == 0 {
		missing(t, "needs a kernel to boot: $VOXFIT_KERNEL, or .test/kernel, which scripts/install-peers unpacks")
	}
	return found[len(found)-1]
}

// fileSystem returns the initial file system. /init is the binary of this package's tests, built without cgo so that it
// needs no library. There is also the console that they write to, and perhaps another program as /kbench.
func fileSystem(t *testing.T, other []byte) []byte {
	t.Helper()
	init := built(t, "test", "-c", ".")
	const directory, device, program = 0o040755, 0o020600, 0o100755
	var a archive
	for _, name := range []string{"dev", "proc", "sys", "tmp"} {
		a.add(name, directory, 0, 0, nil)
	}
	a.add("dev/console", device, 5, 1, nil)
	a.add("dev/null", device, 1, 3, nil) // the standard input of programs
	a.add("init", program, 0, 0, init)
	if other != nil {
		a.add("kbench", program, 0, 0, other)
	}
	a.add("TRAILER!!!", 0, 0, 0, nil)
	return a.Bytes()
}

// built returns a program from the go command that needs no library. arguments are "test", "-c" and a package, or
// "build" and a package.
func built(t *testing.T, command ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	last := len(command) - 1
	build := exec.Command("go", append(slices.Clone(command[:last]), "-ldflags=-s -w", "-o", path, command[last])...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			t.Skip("needs the go command, to build the guest's program")
		}
		t.Fatalf("go %s: %v\n%s", strings.Join(command, " "), err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// An archive is a cpio file of the format "newc" (the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	bytes.Buffer
	files int
}

func (a *archive) add(name string, mode, major, minor int, data []byte) {
	a.files++
	fmt.Fprintf(a, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		a.files, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
	a.pad()
	a.Write(data)
	a.pad()
}

func (a *archive) pad() {
	for a.Len()%4 != 0 {
		a.WriteByte(0)
	}
}

// testBegins is the text that a machine prints when it reaches its tests.
const testBegins = "=== RUN"

// A serialLine keeps what a machine prints, and calls begun when the machine reaches its tests.
type serialLine struct {
	text  bytes.Buffer
	begun func()
}

func (s *serialLine) Write(p []byte) (int, error) {
	n, err := s.text.Write(p)
	if s.begun != nil && bytes.Contains(s.text.Bytes(), []byte(testBegins)) {
		s.begun()
		s.begun = nil
	}
	return n, err
}

// boot runs a test of this package on the machine, until it switches itself off, and returns what it wrote to its
// serial line. It stops a machine that has not reached its tests after bootLimit, or is not off after limit.
func boot(qemu, kernel, initrd string, m machine, test string, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	silent := time.AfterFunc(bootLimit, cancel)
	defer silent.Stop()
	// The processor is Intel's, because QEMU gives AMD's no second threads. One thread for all CPUs is as fast as one
	// for each.
	args := []string{
		"-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "max,vendor=GenuineIntel", "-smp", m.smp, "-m", fmt.Sprintf("%dM", nodeMemory*len(m.nodes)),
		"-kernel", kernel, "-initrd", initrd, "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
		// The kernel passes what it does not know to init: variables before the dashes, arguments after them. Automatic
		// balancing sometimes hides pages from move_pages: see numa.PagesOn.
		"-append", fmt.Sprintf("console=ttyS0 quiet panic=-1 numa_balancing=disable %s=%s -- -test.v -test.run=^%s$", guestVariable, m, test),
	}
	for i, cpus := range m.nodes {
		args = append(args, "-object", fmt.Sprintf("memory-backend-ram,id=m%d,size=%dM", i, nodeMemory),
			"-numa", fmt.Sprintf("node,nodeid=%d,memdev=m%d,cpus=%s", i, i, cpus))
	}
	for from, row := range m.distances {
		for to, distance := range row {
			if from != to {
				args = append(args, "-numa", fmt.Sprintf("dist,src=%d,dst=%d,val=%d", from, to, distance))
			}
		}
	}
	line := serialLine{begun: func() { silent.Stop() }}
	command := exec.CommandContext(ctx, qemu, args...)
	command.Stdout, command.Stderr = &line, &line
	err := command.Run()
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		err = fmt.Errorf("the machine was not off after %v: %w", limit, ctx.Err())
	case ctx.Err() != nil:
		err = fmt.Errorf("the machine had not come to its tests after %v: %w", bootLimit, ctx.Err())
	}
	return strings.ReplaceAll(line.text.String(), "\r\n", "\n"), err
}

// judge turns the guest's output into this test's verdict.
func judge(t *testing.T, output string, err error) {
	t.Helper()
	passed := regexp.MustCompile(`(?m)^ +--- PASS: TestGuest/(\w+)`).FindAllStringSubmatch(output, -1)
	if err != nil || !strings.Contains(output, guestVerdict+" 0\n") || len(passed) != len(guestTests) || strings.Contains(output, "--- SKIP") {
		t.Errorf("%v; %d of %d of the guest's tests passed; its output:\n%s", err, len(passed), len(guestTests), output)
		return
	}
	for _, test := range passed {
		t.Log("on the guest: ", test[1])
	}
}

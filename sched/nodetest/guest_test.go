//go:build linux

package nodetest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
	"golang.org/x/sys/unix"
)

const (
	guestVariable = "VOXFIT_NODES"     // has the machine, as machine.String writes it
	guestVerdict  = "voxfit's verdict" // stands before the exit status, on a line of their own
)

// TestMain acts as init if the kernel started it.
func TestMain(m *testing.M) {
	if os.Getpid() != 1 || os.Getenv(guestVariable) == "" {
		os.Exit(m.Run())
	}
	for target, kind := range map[string]string{"/proc": "proc", "/sys": "sysfs"} {
		if err := unix.Mount(kind, target, kind, 0, ""); err != nil {
			fmt.Printf("mount %s: %v\n", target, err)
		}
	}
	fmt.Printf("\n%s %d\n", guestVerdict, m.Run())
	os.Stdout.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// String writes the machine as a word for the kernel's command line: the threads of a core, then the rows of distances.
func (m machine) String() string {
	text := strconv.Itoa(m.threads)
	for _, row := range m.distances {
		cells := make([]string, len(row))
		for i, d := range row {
			cells[i] = strconv.Itoa(d)
		}
		text += "/" + strings.Join(cells, ",")
	}
	return text
}

// TestGuest runs in the guest.
func TestGuest(t *testing.T) {
	if os.Getpid() != 1 {
		t.Skip("runs on the machines that TestNodes boots")
	}
	m, err := parseMachine(os.Getenv(guestVariable))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range guestTests {
		t.Run(name, func(t *testing.T) { test(t, m) })
	}
}

var guestTests = map[string]func(*testing.T, machine){
	"TopologyIsThatOfTheMachine":         topologyIsThatOfTheMachine,
	"WorkersRunWhereTheyArePinned":       workersRunWhereTheyArePinned,
	"ScratchIsOnItsWorkersNode":          scratchIsOnItsWorkersNode,
	"MemoryIsOnTheNodesOfItsWorkers":     memoryIsOnTheNodesOfItsWorkers,
	"ThievesTakeFromTheNearestNodeFirst": thievesTakeFromTheNearestNodeFirst,
	"AccountsAddUp":                      accountsAddUp,
}

// parseMachine reads what machine.String writes.
func parseMachine(text string) (m machine, err error) {
	for i, part := range strings.Split(text, "/") {
		var row []int
		for cell := range strings.SplitSeq(part, ",") {
			n, err := strconv.Atoi(cell)
			if err != nil {
				return m, err
			}
			row = append(row, n)
		}
		if i == 0 {
			m.threads = row[0]
		} else {
			m.distances = append(m.distances, row)
		}
	}
	return m, nil
}

// here returns the machine, and reads it once, because that takes a while under emulation.
var here = sync.OnceValue(numa.Describe)

func nodeOf(cpu int) int {
	n, ok := here().Node(cpu)
	if !ok {
		return -1
	}
	return n.ID
}

// places returns all CPUs, one node after the other.
func places(t *testing.T) []int {
	t.Helper()
	allowed, err := numa.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := here().Places("close", allowed, true)
	if err != nil || len(cpus) != 8 {
		t.Fatalf("places %v (%v), want 8 CPUs", cpus, err)
	}
	return cpus
}

func topologyIsThatOfTheMachine(t *testing.T, want machine) {
	m := numa.Describe()
	t.Logf("\n%v", m)
	nodes := len(want.distances)
	if len(m.Nodes) != nodes || len(m.Packages) != nodes || len(m.CPUs) != 8 || len(m.Cores) != 8/want.threads {
		t.Fatalf("%d nodes, %d packages, %d CPUs, %d cores", len(m.Nodes), len(m.Packages), len(m.CPUs), len(m.Cores))
	}
	for i, n := range m.Nodes {
		if len(n.CPUs) != 8/nodes || n.CPUs[0] != i*8/nodes {
			t.Errorf("node %d has CPUs %v", n.ID, n.CPUs)
		}
		if n.Memory < nodeMemory<<20/2 || n.Memory > nodeMemory<<20 {
			t.Errorf("node %d has %d bytes of memory, want somewhat less than %d MiB", n.ID, n.Memory, nodeMemory)
		}
		for k := range m.Nodes {
			if got := m.Distance(i, k); got != want.distances[i][k] {
				t.Errorf("distance from node %d to %d is %d, want %d", i, k, got, want.distances[i][k])
			}
		}
	}
	for i, c := range m.Complexes {
		if len(m.Complexes) != nodes || c.Node != i {
			t.Errorf("complex %d of %d is in node %d", i, len(m.Complexes), c.Node)
		}
	}
}

func workersRunWhereTheyArePinned(t *testing.T, _ machine) {
	cpus := places(t)
	for _, pin := range []sched.Pinning{sched.PinCore, sched.PinNode} {
		plan := sched.Plan{Voxels: 4000, VoxelsPerChunk: 10, Workers: 8, CPUs: cpus, Pin: pin}
		_, err := sched.Run(context.Background(), plan, func(worker int, _ sched.Range) error {
			got, want := numa.CurrentCPU(), cpus[worker]
			if pin == sched.PinCore && got != want || nodeOf(got) != nodeOf(want) {
				return fmt.Errorf("worker %d of CPU %d runs on %d", worker, want, got)
			}
			return nil
		})
		if err != nil {
			t.Errorf("pinning %v: %v", pin, err)
		}
	}
}

func scratchIsOnItsWorkersNode(t *testing.T, _ machine) {
	cpus := places(t)
	plan := sched.Plan{Voxels: 8, Workers: 8, CPUs: cpus, Pin: sched.PinCore, Start: func(worker int) error {
		scratch, err := numa.NewPages(3 << 20)
		if err != nil {
			return err
		}
		defer scratch.Free()
		for i := 0; i < len(scratch.Bytes()); i += 4096 {
			scratch.Bytes()[i] = 1
		}
		return wholly(scratch.Bytes(), nodeOf(cpus[worker]))
	}}
	if _, err := sched.Run(context.Background(), plan, func(int, sched.Range) error { return nil }); err != nil {
		t.Error(err)
	}
}

// wholly returns an error unless the kernel says that every page is on the node.
func wholly(memory []byte, node int) error {
	pages, err := numa.PagesOn(memory)
	if err == nil && (pages[node] == 0 || len(pages) > 1) {
		err = fmt.Errorf("pages by node %v, want all on node %d", pages, node)
	}
	return err
}

const measurements = 1000 // 4000 bytes a voxel

// roomFor fills a room by a plan, and asks the kernel whether its memory is where the plan wants it.
func roomFor(t *testing.T, plan sched.Plan, room *fit.Room) {
	t.Helper()
	all := sched.Range{End: room.Voxels()}
	plan, err := room.Place(plan, nil, all)
	if err != nil || !plan.Placed {
		t.Fatalf("placed: %v (%v)", plan.Placed, err)
	}
	for i := range room.Signal {
		room.Signal[i] = 1
	}
	homes, err := plan.Homes()
	if err != nil {
		t.Fatal(err)
	}
	end := 0
	for _, h := range homes {
		if h.Range.Begin != end {
			t.Errorf("homes %v leave a gap", homes)
		}
		end = h.Range.End
		// The page at a border between shares belongs to one of the two nodes.
		inside := room.Signal[(h.Range.Begin+2)*measurements : (h.Range.End-2)*measurements]
		if err := wholly(numa.BytesOf(inside), h.Node); err != nil {
			t.Errorf("home %+v: %v", h, err)
		}
	}
	if end != room.Voxels() {
		t.Errorf("homes %v end before voxel %d", homes, room.Voxels())
	}
}

func memoryIsOnTheNodesOfItsWorkers(t *testing.T, m machine) {
	cpus := places(t)
	room, err := fit.NewRoom(6000, measurements, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer room.Free()
	all := sched.Plan{Workers: 8, CPUs: cpus, Pin: sched.PinCore}
	roomFor(t, all, room)
	// Then the room serves workers on the last node alone, and all workers again: pages move.
	last := sched.Plan{Workers: 2, CPUs: cpus[len(cpus)-2:], Pin: sched.PinNode}
	roomFor(t, last, room)
	if err := wholly(numa.BytesOf(room.Signal), len(m.distances)-1); err != nil {
		t.Error(err)
	}
	roomFor(t, all, room)
}

func thievesTakeFromTheNearestNodeFirst(t *testing.T, m machine) {
	cpus := places(t)
	for thief := range cpus {
		own := nodeOf(cpus[thief])
		plan := sched.Plan{Voxels: 800, VoxelsPerChunk: 1, Workers: 8, CPUs: cpus, Pin: sched.PinCore, Placed: true, VoxelBytes: 4}
		homes, err := plan.Homes()
		if err != nil {
			t.Fatal(err)
		}
		// All others are held up in their first chunk until the thief has run everything that was left.
		held := make(chan struct{})
		var waiting, done atomic.Int32
		var ready sync.WaitGroup
		ready.Add(7)
		var visited []int
		a, err := sched.Run(context.Background(), plan, func(worker int, r sched.Range) error {
			if worker != thief {
				if waiting.Add(1) <= 7 {
					ready.Done()
				}
				<-held
				return nil
			}
			ready.Wait()
			for _, h := range homes {
				if h.Range.Begin <= r.Begin && r.Begin < h.Range.End && !slices.Contains(visited, h.Node) {
					visited = append(visited, h.Node)
				}
			}
			if done.Add(1) == 800-7 {
				close(held)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int, len(m.distances))
		for node := range want {
			want[node] = node
		}
		slices.SortFunc(want, func(a, b int) int { return m.distances[own][a] - m.distances[own][b] })
		if !slices.Equal(visited, want) {
			t.Errorf("worker %d on node %d took from nodes %v, want %v", thief, own, visited, want)
		}
		w := a.Workers[thief]
		local := int64(4 * (800/len(m.distances) - 8/len(m.distances) + 1))
		if w.Stolen != 800-7-100 || w.LocalBytes != local || w.FarBytes != 4*(800-7)-local {
			t.Errorf("worker %d stole %d chunks, %d bytes local and %d far; want %d, %d and %d",
				thief, w.Stolen, w.LocalBytes, w.FarBytes, 800-7-100, local, 4*(800-7)-local)
		}
	}
}

func accountsAddUp(t *testing.T, _ machine) {
	for _, policy := range []sched.Policy{sched.NUMA, sched.Dynamic, sched.Static} {
		plan := sched.Plan{Voxels: 20000, VoxelsPerChunk: 1, Workers: 8, CPUs: places(t), Pin: sched.PinCore, Policy: policy}
		a, err := sched.Run(context.Background(), plan, func(int, sched.Range) error { return nil })
		if err != nil || a.Sum().Total() != 8*a.Wall || a.Sum().Chunks != 20000 {
			t.Errorf("%v: %d chunks, parts of %v, 8 workers x %v (%v)", policy, a.Sum().Chunks, a.Sum().Total(), a.Wall, err)
		}
	}
}

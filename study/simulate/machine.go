package simulate

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/lock"
)

// A Machine describes a machine to predict for. Each of its cores is taken to be as fast as the core on which the chunk
// times were measured. A prediction therefore says how a fit scales on the machine, and not how fast its cores are.
type Machine struct {
	Name string `json:"name"`
	// Nodes is the number of NUMA nodes, NodesPerSocket how many of them share a socket.
	Nodes          int `json:"nodes"`
	NodesPerSocket int `json:"nodes_per_socket"`
	// CoresPerNode counts physical cores; ComplexCores of them share a last-level cache.
	CoresPerNode int `json:"cores_per_node"`
	ComplexCores int `json:"complex_cores"`
	// NodeGBs is the memory bandwidth of a node that can be sustained, in 1e9 bytes a second. CoreGBs is how much of it
	// one core alone can use.
	NodeGBs float64 `json:"node_gb_per_s"`
	CoreGBs float64 `json:"core_gb_per_s"`
	// NearDistance and FarDistance are the distances (10 is a node's own memory, as in ACPI's SLIT) of
	// another node of the socket and of another socket.
	NearDistance int `json:"near_distance"`
	FarDistance  int `json:"far_distance"`
	// AllCoreClock is the clock rate with all cores busy, divided by that with one busy core.
	AllCoreClock float64 `json:"all_core_clock"`
	// Source says where the numbers are from.
	Source string `json:"source"`
}

//go:embed machines.json
var machinesText []byte

// Machines returns the machines that are known by name. Their figures are the makers'. The sustained bandwidth is taken
// as 80% of the memory's nominal one.
func Machines() []Machine {
	var machines []Machine
	if err := json.Unmarshal(machinesText, &machines); err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return machines
}

// FindMachine returns the machine of that name. Where there is none, it reads the JSON file at that path.
func FindMachine(name string) (Machine, error) {
	var names []string
	for _, m := range Machines() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	text, err := lock.ReadFile(name)
	if err != nil {
		return Machine{}, fmt.Errorf("machine %q: neither one of %s nor a file that can be read: %w", name,
			strings.Join(names, ", "), err)
	}
	m := Machine{Name: name}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(&m); err != nil {
		return m, fmt.Errorf("%s: found no JSON object with the fields of a machine: %w", name, err)
	}
	if err := m.check(); err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// mostCores is more than any machine with shared memory has.
const mostCores = 1 << 16

func (m Machine) check() error {
	for _, f := range []struct {
		name   string
		value  float64
		lowest float64
	}{
		{"nodes", float64(m.Nodes), 1}, {"nodes_per_socket", float64(m.NodesPerSocket), 1},
		{"cores_per_node", float64(m.CoresPerNode), 1}, {"complex_cores", float64(m.ComplexCores), 1},
		{"node_gb_per_s", m.NodeGBs, 0.001}, {"core_gb_per_s", m.CoreGBs, 0.001},
		{"near_distance", float64(m.NearDistance), 10}, {"far_distance", float64(m.FarDistance), 10}, {"all_core_clock", m.AllCoreClock, 0.01},
	} {
		if !(f.value >= f.lowest) || f.value > 1e6 {
			return fmt.Errorf("%s is %v, want %v to 1000000", f.name, f.value, f.lowest)
		}
	}
	if m.cores() > mostCores {
		return fmt.Errorf("%s of %s, want at most %s", plural.Count(m.Nodes, "node"), plural.Count(m.CoresPerNode, "core"), plural.Count(mostCores, "core"))
	}
	return nil
}

// cores is the number of physical cores.
func (m Machine) cores() int { return m.Nodes * m.CoresPerNode }

// distance is the distance between two nodes, 10 for the same node.
func (m Machine) distance(from, to int) int {
	switch {
	case from == to:
		return 10
	case from/m.NodesPerSocket == to/m.NodesPerSocket:
		return m.NearDistance
	}
	return m.FarDistance
}

// placements returns the numbers of nodes over which so many cores can be spread: powers of two, and all nodes.
func (m Machine) placements(cores int) []int {
	var nodes []int
	for n := 1; n <= min(m.Nodes, cores); n++ {
		if power := n&(n-1) == 0; (power || n == m.Nodes) && cores <= n*m.CoresPerNode {
			nodes = append(nodes, n)
		}
	}
	return slices.Compact(nodes)
}

package study

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/study/internal/words"
)

// Cores says how many physical cores a run's CPUs are. A CPU of the records is a hardware thread, and two of them may
// belong to one core.
type Cores struct {
	Physical int // physical cores that the CPUs belong to
	Sockets  int // packages that these are spread over
}

// Machines says which cores the CPU counts of records stand for.
type Machines struct {
	// Given is what the caller says of CPU counts. It holds for every record.
	Given map[int]Cores
	// Local is the same for the machine that is named Host, whose topology is known.
	Host  string
	Local map[int]Cores
}

// GuessedCores is how Machines.Of knows the cores of which nothing is known.
const GuessedCores = "a core each, for want of knowledge"

// publishedCores are the machines of the published CSV file: AWS c5 instances of each size, whose
// cores have two hyperthreads each (8, 16, 36 and 72 vCPUs; the largest has two sockets).
var publishedCores = map[int]Cores{8: {4, 1}, 16: {8, 1}, 36: {18, 1}, 72: {36, 2}}

// ParseCores reads what CPU counts stand for, such as "8=4,72=36/2": 8 CPUs are 4 cores; 72 CPUs are
// 36 cores in two sockets.
func ParseCores(text string) (map[int]Cores, error) {
	table := map[int]Cores{}
	for _, entry := range strings.Split(text, ",") {
		left, right, found := strings.Cut(entry, "=")
		cores, sockets, several := strings.Cut(right, "/")
		if !several {
			sockets = "1"
		}
		cpus, err1 := strconv.Atoi(strings.TrimSpace(left))
		n, err2 := strconv.Atoi(strings.TrimSpace(cores))
		m, err3 := strconv.Atoi(strings.TrimSpace(sockets))
		if !found || err1 != nil || err2 != nil || err3 != nil || m < 1 || n < m || cpus < n {
			return nil, fmt.Errorf("cores %q: %q is not CPUs=cores or CPUs=cores/sockets, such as 72=36/2", text, entry)
		}
		if _, twice := table[cpus]; twice {
			return nil, fmt.Errorf("cores %q: %s stands there twice", text, words.Count(cpus, "CPU"))
		}
		table[cpus] = Cores{n, m}
	}
	return table, nil
}

// Of returns the cores of a record's CPUs and, in words, how this is known.
func (m Machines) Of(r Record) (Cores, string) {
	if c, ok := m.Given[r.CPUCount]; ok {
		return c, "as given"
	}
	if c, ok := publishedCores[r.CPUCount]; ok && r.Published() {
		return c, "AWS c5, two hyperthreads a core"
	}
	sockets := max(1, min(r.Nodes, r.CPUCount)) // nothing better is known: a node is taken for a socket
	if r.Cores > 0 {
		return Cores{r.Cores, min(sockets, r.Cores)}, "as recorded"
	}
	if c, ok := m.Local[r.CPUCount]; ok && r.Host == m.Host {
		return c, "this machine's topology"
	}
	return Cores{r.CPUCount, sockets}, GuessedCores
}

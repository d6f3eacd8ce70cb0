package kit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/metg"
)

// Format is the number of the form of a study's files. A form that earlier programs cannot read gets a higher one.
const Format = 1

// A Plan says what a study will measure. It is made once; a study that was stopped goes on with the same plan.
type Plan struct {
	Format    int       `json:"format"`  // of the study's files: Format; 0 in the first archives
	Version   string    `json:"version"` // of voxfit
	Host      string    `json:"host"`
	Budget    string    `json:"budget"` // as it was given
	Made      time.Time `json:"made"`
	Models    []string  `json:"models"`
	Voxels    int       `json:"voxels"` // of the phantom
	Chunks    int       `json:"chunks"`
	Runs      int       `json:"runs"` // of each setting: repetitions
	Sweeps    []Sweep   `json:"sweeps"`
	Opponents []string  `json:"opponents"` // whose METG is measured
	Rounds    int       `json:"rounds"`    // in which the METG of each is measured
}

// A Sweep is a series of fits over numbers of CPUs, with one way to place the workers and one schedule.
type Sweep struct {
	Name     string `json:"name"`
	Places   string `json:"places"`
	SMT      bool   `json:"smt"`
	Schedule string `json:"schedule"`
	CPUs     []int  `json:"cpus"`  // numbers of CPUs
	Cores    []int  `json:"cores"` // the physical cores that these CPUs belong to, for each entry of CPUs
}

// A Fact is one property of the machine: its name and its value, in words.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Bandwidth says how fast nodes read memory, in 1e9 bytes a second: all CPUs of one node at a time, each from one
// node's memory.
type Bandwidth struct {
	Nodes []int `json:"nodes"`
	// Read has a row for each node whose CPUs read, and a column for each node whose memory they read. It is 0 in the
	// row of a node that has no CPU which the study might use.
	Read [][]float64 `json:"read_gb_per_s"`
	// OneCore is what the first CPU alone reads from its own node.
	OneCore float64 `json:"one_core_gb_per_s"`
	// Disturbed says that other programs took the CPUs meanwhile.
	Disturbed bool `json:"disturbed"`
}

// A Prediction is the time of one setting of a sweep, computed before it was measured.
type Prediction struct {
	Model   string         `json:"model"` // the class, as in the CSV
	Sweep   string         `json:"sweep"`
	CPUs    int            `json:"cpus"`
	Seconds study.Estimate `json:"seconds"`
}

// Predictions are the contents of predictions.json: all predictions, when they were made, how, and from which
// description of the machine.
type Predictions struct {
	Made    time.Time       `json:"made"`
	How     string          `json:"how"`
	Machine json.RawMessage `json:"machine"`
	// Taken is the share of the core that other programs had while the chunks were timed from which the predictions
	// were made.
	Taken       float64      `json:"share_taken_by_others"`
	Predictions []Prediction `json:"predictions"`
}

// Hash returns the SHA-256 of the text of predictions.json, in hexadecimal.
func Hash(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text)) }

// SweepFolder returns the name of the folder that holds the measured times: "sweep-" and the first twelve digits of the
// hash of the predictions that were made before.
func SweepFolder(predictions []byte) string { return "sweep-" + Hash(predictions)[:12] }

// A Study is what an archive holds.
type Study struct {
	Plan        Plan
	Facts       []Fact // of the machine
	Bandwidth   Bandwidth
	METG        metg.Study
	Predictions Predictions
	Hash        string // of predictions.json, in hexadecimal
	// Records has the rows of each sweep's CSV file, under the sweep's name.
	Records map[string][]study.Record
}

// checkFormat refuses the files of a later program.
func (s Study) checkFormat() error {
	if s.Plan.Format > Format {
		return fmt.Errorf("%s in it has format %d, and this kbench reads up to %d: use the version that wrote it, %s, or a later one", PlanFile, s.Plan.Format,
			Format, s.Plan.Version)
	}
	return nil
}

// check refuses what no study of a machine has: pages take each for granted.
func (s Study) check() error {
	if s.Plan.Host == "" || len(s.Plan.Sweeps) == 0 {
		return fmt.Errorf("%s in it names no machine or no sweeps", PlanFile)
	}
	for _, sweep := range s.Plan.Sweeps {
		if len(sweep.CPUs) == 0 || len(sweep.Cores) != len(sweep.CPUs) {
			return fmt.Errorf("%s in it has %d numbers of CPUs and %d of cores in the sweep %q", PlanFile, len(sweep.CPUs), len(sweep.Cores), sweep.Name)
		}
		for i, n := range sweep.CPUs {
			if cores := sweep.Cores[i]; cores < 1 || cores > n {
				return fmt.Errorf("%s in it has %d CPUs in %d cores in the sweep %q", PlanFile, n, cores, sweep.Name)
			}
		}
	}
	nodes := len(s.Bandwidth.Nodes)
	if nodes == 0 || len(s.Bandwidth.Read) != nodes {
		return fmt.Errorf("%s in it has %d nodes and %d rows", BandwidthFile, nodes, len(s.Bandwidth.Read))
	}
	for _, row := range s.Bandwidth.Read {
		if len(row) != nodes {
			return fmt.Errorf("%s in it has a row of %d nodes, want %d", BandwidthFile, len(row), nodes)
		}
		if slices.Min(row) < 0 {
			return fmt.Errorf("%s in it has a bandwidth of %g", BandwidthFile, slices.Min(row))
		}
	}
	return nil
}

// Missing returns how many of the planned runs have not been made.
func (s Study) Missing() int {
	missing := 0
	for _, sweep := range s.Plan.Sweeps {
		missing += s.Plan.RunsOf(sweep) - len(s.Records[sweep.Name])
	}
	return missing
}

// RunsOf returns the number of runs of one sweep, the serial ones included.
func (p Plan) RunsOf(s Sweep) int { return p.Runs * len(p.Models) * (len(s.CPUs) + 1) }

// Disturbed says whether other programs took the core while the chunks were timed from which the predictions were made.
func (p Predictions) Disturbed() bool { return calm.Disturbs(p.Taken) }

// Found returns the predicted time of a setting; false where there is none.
func (p Predictions) Found(model, sweep string, cpus int) (study.Estimate, bool) {
	for _, q := range p.Predictions {
		if q.Model == model && q.Sweep == sweep && q.CPUs == cpus {
			return q.Seconds, true
		}
	}
	return study.Estimate{}, false
}

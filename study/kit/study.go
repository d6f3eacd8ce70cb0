package kit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/metg"
)

// A Plan is what a study will measure. It is made once, and a study that goes on keeps it.
type Plan struct {
	Version   string    `json:"version"` // of voxfit
	Host      string    `json:"host"`
	Budget    string    `json:"budget"` // as it was given
	Made      time.Time `json:"made"`
	Models    []string  `json:"models"`
	Voxels    int       `json:"voxels"` // of the phantom
	Chunks    int       `json:"chunks"`
	Runs      int       `json:"runs"` // of each setting
	Sweeps    []Sweep   `json:"sweeps"`
	Opponents []string  `json:"opponents"` // of the METG study
	Rounds    int       `json:"rounds"`    // of it
}

// A Sweep is one way to place and to schedule workers, over numbers of CPUs.
type Sweep struct {
	Name     string `json:"name"`
	Places   string `json:"places"`
	SMT      bool   `json:"smt"`
	Schedule string `json:"schedule"`
	CPUs     []int  `json:"cpus"`  // numbers of CPUs
	Cores    []int  `json:"cores"` // the physical cores that each of them are
}

// A Fact is a name and what is to be said of it.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Bandwidth is how fast all CPUs of a node read memory of a node, in 1e9 bytes a second.
type Bandwidth struct {
	Nodes []int `json:"nodes"`
	// Read has a row for each node whose CPUs read, and a column for each node whose memory they read.
	Read [][]float64 `json:"read_gb_per_s"`
	// OneCore is what the first CPU alone reads from its own node.
	OneCore float64 `json:"one_core_gb_per_s"`
	// Disturbed says that other programs took the CPUs meanwhile.
	Disturbed bool `json:"disturbed"`
}

// A Prediction is the time of one setting of the sweep, before it was measured.
type Prediction struct {
	Model   string         `json:"model"` // the class, as in the CSV
	Sweep   string         `json:"sweep"`
	CPUs    int            `json:"cpus"`
	Seconds study.Estimate `json:"seconds"`
}

// Predictions are all of them, with what they were made from.
type Predictions struct {
	Made        time.Time       `json:"made"`
	How         string          `json:"how"`
	Machine     json.RawMessage `json:"machine"`
	Predictions []Prediction    `json:"predictions"`
}

// Hash is that of the predictions' file.
func Hash(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text)) }

// SweepFolder is the folder of the sweep's rows, named by the hash of the predictions that were there before.
func SweepFolder(predictions []byte) string { return "sweep-" + Hash(predictions)[:12] }

// A Study is all that an archive has.
type Study struct {
	Plan        Plan
	Facts       []Fact // of the machine
	Bandwidth   Bandwidth
	METG        metg.Study
	Predictions Predictions
	Hash        string // of the predictions' file
	// Records are the rows of each sweep, by its name.
	Records map[string][]study.Record
}

// Missing are the runs that the plan has and the study has not.
func (s Study) Missing() int {
	missing := 0
	for _, sweep := range s.Plan.Sweeps {
		missing += s.Plan.RunsOf(sweep) - len(s.Records[sweep.Name])
	}
	return missing
}

// RunsOf is the number of runs of one sweep: on each number of CPUs, and the serial ones.
func (p Plan) RunsOf(s Sweep) int { return p.Runs * len(p.Models) * (len(s.CPUs) + 1) }

// Found is the prediction of a setting.
func (p Predictions) Found(model, sweep string, cpus int) (study.Estimate, bool) {
	for _, q := range p.Predictions {
		if q.Model == model && q.Sweep == sweep && q.CPUs == cpus {
			return q.Seconds, true
		}
	}
	return study.Estimate{}, false
}

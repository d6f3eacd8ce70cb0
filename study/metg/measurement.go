package metg

import (
	"fmt"
	"slices"
	"time"
)

// A Study is what was measured of several schedulers in one run.
type Study struct {
	Version   string     `json:"version"` // of voxfit
	Host      string     `json:"host"`
	Processor string     `json:"processor"`
	CPUs      []int      `json:"cpus"` // one worker on each
	Cores     int        `json:"cores"`
	Rounds    int        `json:"rounds"`
	Made      time.Time  `json:"made"`
	Command   string     `json:"command"`
	Opponents []Opponent `json:"opponents"`
}

// Workers is how many workers each scheduler had.
func (s Study) Workers() int { return len(s.CPUs) }

// An Opponent is one scheduler.
type Opponent struct {
	Name    string `json:"name"`
	What    string `json:"what"` // what one task is to it, in a line
	Version string `json:"version,omitempty"`
	// Missing says why it was not measured; empty where it was.
	Missing  string        `json:"missing,omitempty"`
	Measured []Measurement `json:"measured,omitempty"`
	Steals   []Steals      `json:"steals,omitempty"` // of those whose workers steal
}

// A Measurement is one run of equal tasks.
type Measurement struct {
	Round      int    `json:"round"`
	Tasks      int    `json:"tasks"`
	Iterations uint64 `json:"iterations"` // of the kernel, in each task
	// Seconds is the time from before the first task is handed out until all are done.
	Seconds float64 `json:"seconds"`
	// Alone is the seconds that one such task takes in a plain loop over tasks on one of the workers' CPUs, measured just before
	// and after.
	Alone float64 `json:"task_s"`
}

// worker is the seconds of a worker for each task.
func (m Measurement) worker(workers int) float64 {
	return m.Seconds * float64(workers) / float64(m.Tasks)
}

// Task is the seconds of the work of one task: what it takes in the loop, or by the workers themselves where that is less.
// No scheduler makes work shorter, so a loop that took longer was disturbed.
func (m Measurement) Task(workers int) float64 { return min(m.Alone, m.worker(workers)) }

// Efficiency is the time of the work over that of all workers, at most 1.
func (m Measurement) Efficiency(workers int) float64 {
	return m.Task(workers) / m.worker(workers)
}

// Cost is the seconds of a worker that a task took besides its work.
func (m Measurement) Cost(workers int) float64 {
	return m.worker(workers) - m.Task(workers)
}

// Steals are the waits of workers whose own tasks were used up, in seconds: from the end of the last task before a steal
// to the beginning of the task that was stolen.
type Steals struct {
	Round int       `json:"round"`
	Waits []float64 `json:"waits_s"`
}

// check refuses what no measurement can be.
func (s Study) check() error {
	if len(s.CPUs) == 0 {
		return fmt.Errorf("it names no CPUs")
	}
	for _, o := range s.Opponents {
		for _, m := range o.Measured {
			if !(m.Seconds > 0) || !(m.Alone > 0) || m.Tasks < 1 {
				return fmt.Errorf("%s has a measurement of %d tasks in %g s, of which one takes %g s alone; expected more than 0 of each (files of earlier versions lack task_s: measure again)",
					o.Name, m.Tasks, m.Seconds, m.Alone)
			}
		}
	}
	return nil
}

// RoundsKept is the number of rounds of which there are measurements.
func (s Study) RoundsKept() int {
	rounds := 0
	for _, o := range s.Opponents {
		for _, m := range o.Measured {
			rounds = max(rounds, m.Round)
		}
	}
	return rounds
}

// Found is the opponent of a name.
func (s Study) Found(name string) (Opponent, bool) {
	i := slices.IndexFunc(s.Opponents, func(o Opponent) bool { return o.Name == name })
	if i < 0 {
		return Opponent{}, false
	}
	return s.Opponents[i], true
}

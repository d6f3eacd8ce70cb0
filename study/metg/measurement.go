package metg

import (
	"fmt"
	"slices"
	"time"
)

// A Study holds what was measured of several schedulers in one run, on the same CPUs.
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

// Workers returns how many workers each scheduler had.
func (s Study) Workers() int { return len(s.CPUs) }

// An Opponent is one scheduler.
type Opponent struct {
	Name    string `json:"name"`
	What    string `json:"what"` // in one line, what it takes for a task
	Version string `json:"version,omitempty"`
	// Missing says why it was not measured; empty where it was.
	Missing  string        `json:"missing,omitempty"`
	Measured []Measurement `json:"measured,omitempty"`
	Steals   []Steals      `json:"steals,omitempty"` // of schedulers whose workers steal
}

// A Measurement is one run of equal tasks.
type Measurement struct {
	Round      int    `json:"round"`
	Tasks      int    `json:"tasks"`
	Iterations uint64 `json:"iterations"` // of the kernel, in each task
	// Seconds is the time from before the first task is handed out until all are done.
	Seconds float64 `json:"seconds"`
	// Alone is the seconds that one such task takes in a plain loop over tasks on one of the workers' CPUs, measured just
	// before and after.
	Alone float64 `json:"task_s"`
}

// worker returns the seconds of a worker for each task.
func (m Measurement) worker(workers int) float64 {
	return m.Seconds * float64(workers) / float64(m.Tasks)
}

// Task returns the seconds of work in one task: what it takes in the loop, or what the workers took for it where that is
// less. No scheduler makes work shorter, so a loop that took longer was disturbed.
func (m Measurement) Task(workers int) float64 { return min(m.Alone, m.worker(workers)) }

// Efficiency returns the time of the work divided by the time that all workers had, from 0 to 1.
func (m Measurement) Efficiency(workers int) float64 {
	return m.Task(workers) / m.worker(workers)
}

// Cost returns for how many seconds each task occupied a worker beyond the time of its work.
func (m Measurement) Cost(workers int) float64 {
	return m.worker(workers) - m.Task(workers)
}

// Steals are the times, in seconds, for which workers waited for stolen tasks: from the end of a worker's last own task
// to the beginning of the task that it stole.
type Steals struct {
	Round int       `json:"round"`
	Waits []float64 `json:"waits_s"`
}

// check refuses values that no measurement can have.
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

// RoundsKept returns how many rounds have measurements.
func (s Study) RoundsKept() int {
	rounds := 0
	for _, o := range s.Opponents {
		for _, m := range o.Measured {
			rounds = max(rounds, m.Round)
		}
	}
	return rounds
}

// Found returns the scheduler with this name; false where there is none.
func (s Study) Found(name string) (Opponent, bool) {
	i := slices.IndexFunc(s.Opponents, func(o Opponent) bool { return o.Name == name })
	if i < 0 {
		return Opponent{}, false
	}
	return s.Opponents[i], true
}

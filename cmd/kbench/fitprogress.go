package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// A fitProgress is one bar over all stages of a fit. It shows which part of the whole time has passed. The time of a
// stage is a guess before the stage begins, and is computed from its pace afterwards.
type fitProgress struct {
	w   io.Writer
	bar progress
	now func() time.Time

	mu      sync.Mutex
	begin   time.Time
	stages  []fitStage
	current int
	shown   int
}

// A fitStage is one of the stages of a fit, which follow one another.
type fitStage struct {
	name, unit string
	total      int
	takes      time.Duration // a guess first, later measured
	begin      time.Time
	done       int
	given      int // work that an earlier start of the command did
}

// barParts is the length of the bar.
const barParts = 1000

// The stages, in their order.
const (
	stageRead = iota
	stageFit
	stageWrite
)

func newFitProgress(w io.Writer, stages ...fitStage) *fitProgress {
	return &fitProgress{w: w, bar: newBar(w, "", barParts), now: time.Now, begin: time.Now(), stages: stages}
}

// stage begins a stage, or continues it.
func (p *fitProgress) stage(number int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = number
	if s := &p.stages[number]; s.begin.IsZero() {
		s.begin = p.now()
	}
}

// give adds work that an earlier start of the command did in a stage. It does not count for the stage's pace.
func (p *fitProgress) give(number, done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.stages[number]
	s.takes = time.Duration(float64(s.takes) * float64(s.total-done) / float64(max(1, s.total-s.given)))
	s.done, s.given = done, done
}

// more returns a function that sets how much more of a stage is done. total is the stage's new total, if it is known by
// now.
func (p *fitProgress) more(number, total int) (set func(done int)) {
	p.stage(number)
	if total > 0 {
		p.stages[number].total = total
	}
	before := p.stages[number].done
	return func(done int) { p.set(number, before+done) }
}

// set says how much of a stage is done.
func (p *fitProgress) set(number, done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, passed := &p.stages[number], p.now().Sub(p.stages[number].begin)
	s.done, s.total = max(s.done, done), max(s.total, done)
	const trusted = 50 // the pace of a stage is known once it has done one part in this many
	own := s.done - s.given
	if trusted*own >= s.total && own > 0 {
		s.takes = time.Duration(float64(passed) * float64(s.total-s.given) / float64(own))
	}
	if number != p.current {
		return
	}
	p.shown = max(p.shown, min(p.part(), barParts-1))
	rate := float64(own) / max(passed.Seconds(), 1e-3)
	p.bar.describe(fmt.Sprintf("%s, %.*f %s/s", s.name, decimals(rate), rate, s.unit))
	p.bar.set(p.shown)
}

// decimals returns the number of decimals for a rate: one for a small rate.
func decimals(rate float64) int {
	if rate < 10 {
		return 1
	}
	return 0
}

// part returns the part of the whole time that has passed, in units of the bar.
func (p *fitProgress) part() int {
	now := p.now()
	passed, left := now.Sub(p.begin), time.Duration(0)
	for _, s := range p.stages {
		spent := time.Duration(0)
		if !s.begin.IsZero() {
			spent = time.Duration(float64(s.takes) * float64(s.done-s.given) / float64(max(1, s.total-s.given)))
		}
		left += s.takes - spent
	}
	return int(barParts * float64(passed) / float64(max(1, passed+left)))
}

// hide removes the bar. It comes back, with all that is known of the stages, when more work is done.
func (p *fitProgress) hide() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bar.finish()
	p.bar = newBar(p.w, "", barParts)
}

// guess returns how long some threads take for work. each is the time of one thread for a unit of work, in seconds.
func guess(work, each float64, threads int) time.Duration {
	return time.Duration(work * each / float64(max(1, threads)) * float64(time.Second))
}

// showProgress makes the bar of a fit, unless there is one. The guessed times of a byte and of a voxel were measured on
// cores of 2026. On other machines they are wrong, but only in the first moments of a stage.
func (j *fitJob) showProgress() *fitProgress {
	if j.progress != nil {
		return j.progress
	}
	const readByte, fitVoxel, writeByte = 2.5e-9, 15e-6, 6e-9
	h, threads, maps, components := j.image.Header, profiledCPUs(j.threads), 6, 60
	if j.model != nil { // otherwise these numbers are typical of most fits
		maps, components = 0, 0
		for _, m := range j.wantedMaps {
			maps, components = maps+1, components+m.Components
		}
	}
	inflated := 0.0
	if j.image.VolumesBytes() > 0 {
		inflated = float64(h.Voxels()) * float64(h.Volumes()) * float64(h.Datatype.Size())
	}
	voxels := len(j.index)
	j.progress = newFitProgress(j.stderr,
		fitStage{name: "reading", unit: "volumes", total: h.Volumes(), takes: guess(inflated, readByte, threads)},
		fitStage{name: "fitting", unit: "voxels", total: voxels, takes: guess(float64(voxels), fitVoxel, threads)},
		fitStage{name: "writing", unit: "maps", total: maps, takes: guess(4*float64(components)*float64(voxels), writeByte, threads)})
	return j.progress
}

// hideProgress removes the bar, if there is one, for lines that are printed.
func (j *fitJob) hideProgress() {
	if j.progress != nil {
		j.progress.hide()
	}
}

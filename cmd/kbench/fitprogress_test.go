package main

import (
	"testing"
	"time"
)

// A fit that takes as long as guessed and one that takes ten times as long both show a tenth after a tenth of their
// time.
func TestTheBarOfAFitShowsThePartOfTheTimeThatHasPassed(t *testing.T) {
	for _, slower := range []int{1, 10} {
		now := time.Unix(0, 0)
		p := newFitProgress(nil, fitStage{name: "reading", total: 100, takes: 2 * time.Second},
			fitStage{name: "fitting", total: 1000, takes: 7 * time.Second}, fitStage{name: "writing", total: 5, takes: time.Second})
		p.now, p.begin = func() time.Time { return now }, now
		shown, passed := -1, 0
		for number, stage := range p.stages {
			p.stage(number)
			pace := time.Duration(slower) * stage.takes / time.Duration(stage.total)
			for done := 1; done <= stage.total; done++ {
				now = now.Add(pace)
				p.set(number, done)
				if p.shown < shown {
					t.Fatalf("%d times slower: the bar went back from %d to %d", slower, shown, p.shown)
				}
				shown = p.shown
			}
			passed += int(stage.takes / time.Second)
			if near := 100 * passed; slower == 1 && (shown < near-20 || shown > near+20) {
				t.Errorf("after %s the bar is at %d of 1000, expected %d", stage.name, shown, near)
			}
		}
		if shown != barParts-1 {
			t.Errorf("%d times slower: the bar ends at %d", slower, shown)
		}
	}
}

func TestTheBarGoesOnOverTheReadingsOfSeveralPasses(t *testing.T) {
	p := newFitProgress(nil, fitStage{name: "reading", total: 4, takes: time.Second})
	for range 3 {
		read := p.more(stageRead, 0)
		for done := range 4 {
			read(done + 1)
		}
	}
	if s := p.stages[stageRead]; s.done != 12 || s.total != 12 {
		t.Errorf("%d of %d volumes are read, expected 12 of 12", s.done, s.total)
	}
}

func TestBlocksOfAnEarlierStartDoNotCountForThePace(t *testing.T) {
	now := time.Unix(0, 0)
	p := newFitProgress(nil, fitStage{name: "reading", total: 1}, fitStage{name: "fitting", total: 1000, takes: 10 * time.Second}, fitStage{name: "writing", total: 1})
	p.now, p.begin = func() time.Time { return now }, now
	p.give(stageFit, 900)
	p.stage(stageFit)
	now = now.Add(time.Second)
	p.set(stageFit, 950) // 50 voxels took a second, and 50 are left
	if p.shown < 450 || p.shown > 550 {
		t.Errorf("the bar is at %d of 1000, expected half", p.shown)
	}
}

package calm_test

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
)

func ExampleUse() {
	quiet := calm.Use{Wall: 200 * time.Millisecond, Busy: 198 * time.Millisecond}
	shared := calm.Use{Wall: 200 * time.Millisecond, Busy: 110 * time.Millisecond}
	fmt.Println(quiet.Disturbed(), shared.Disturbed(), quiet.Plus(shared).Busy)
	// Output: false true 308ms
}

func TestWhatTheSystemDoesNotSayCountsAsCalm(t *testing.T) {
	if u := (calm.Use{Wall: time.Second}); u.Disturbed() || u.Share() != 1 {
		t.Errorf("share %v", u.Share())
	}
}

func TestAProgramThatSleepsHadLittleOfItsCPU(t *testing.T) {
	begin := time.Now()
	sleep := exec.Command("sleep", "0.2")
	if err := sleep.Run(); err != nil {
		t.Skip(err)
	}
	if u := calm.OfProcess(begin, sleep.ProcessState); !u.Disturbed() {
		t.Errorf("a program that slept had %.2f of its CPU", u.Share())
	}
}

func TestAThreadThatSleepsHadLittleOfItsCPU(t *testing.T) {
	u := calm.OfThread(func() { time.Sleep(50 * time.Millisecond) })
	if u.Busy > 0 && !u.Disturbed() {
		t.Errorf("a thread that slept had %.2f of its CPU", u.Share())
	}
}

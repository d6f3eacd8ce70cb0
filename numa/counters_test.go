package numa

import (
	"runtime"
	"testing"
)

func TestCountersCountThisThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := OpenCounters()
	if err != nil {
		t.Skip("needs the processor's counters: ", err)
	}
	defer c.Close()
	before, err := c.Read()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i := range 1_000_000 {
		sum += i ^ sum
	}
	after, err := c.Read()
	if err != nil {
		t.Fatal(err)
	}
	if n := after.Instructions - before.Instructions; n < 1_000_000 || sum == 1 {
		t.Errorf("%d instructions in a loop of a million turns", n)
	}
}

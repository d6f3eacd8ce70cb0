package fit_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
)

// mapped says whether the kernel has an address among the process's mappings.
func mapped(t *testing.T, address uintptr) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var begin, end uintptr
		if _, err := fmt.Sscanf(line, "%x-%x", &begin, &end); err == nil && begin <= address && address < end {
			return true
		}
	}
	return false
}

func TestCancelledFitLeavesNoGoroutineAndItsRoomNoMapping(t *testing.T) {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 300, SNR: 30, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewTensor(p.Gradients, model.TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	room, err := fit.NewRoom(300, m.Fitter().Measurements(), m.Fitter().Parameters())
	if err != nil {
		t.Fatal(err)
	}
	address := uintptr(unsafe.Pointer(&room.Signal[0]))
	if !mapped(t, address) {
		t.Fatal("the room's signal is in no mapping")
	}
	copy(room.Signal, p.Signal)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a, err := fit.Block(ctx, m.Fitter(), room.Signal, room.Result(m.Fitter(), 300), sched.Plan{Workers: 3, Pin: sched.PinCore})
	if err != context.Canceled || a.Done != 0 {
		t.Errorf("error %v with %d voxels done, want a cancellation", err, a.Done)
	}
	if err := room.Free(); err != nil {
		t.Fatal(err)
	}
	if mapped(t, address) {
		t.Error("the room's signal is still mapped")
	}
	for range 60_000 { // a goroutine that has ended may still be counted for a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

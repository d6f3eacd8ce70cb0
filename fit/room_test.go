package fit_test

import (
	"context"
	"testing"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
)

// pinning is the pinning that this system supports.
var pinning = map[bool]sched.Pinning{true: sched.PinCore, false: sched.PinNone}

func TestFitInARoomIsTheSameAsOnTheHeap(t *testing.T) {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 700, SNR: 30, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewTensor(p.Gradients, model.TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := m.Fitter()
	want := fitBlock(t, f, p.Signal, sched.Plan{})
	room, err := fit.NewRoom(700, f.Measurements(), f.Parameters()+5) // as for a larger model
	if err != nil {
		t.Fatal(err)
	}
	copy(room.Signal, p.Signal)
	for _, policy := range []sched.Policy{sched.NUMA, sched.Dynamic, sched.Static} {
		plan := sched.Plan{Chunks: 100, Workers: 2, Policy: policy, Pin: pinning[numa.CanPin]}
		plan, err := room.Place(plan, f, sched.Range{End: room.Voxels()})
		if err != nil {
			t.Fatal(err)
		}
		if plan.Placed != numa.CanPlace {
			t.Errorf("placed %v, though this system can place: %v", plan.Placed, numa.CanPlace)
		}
		got := room.Result(f, 700)
		clear(got.Parameters)
		a, err := fit.Block(context.Background(), f, room.Signal, got, plan)
		if err != nil {
			t.Fatal(err)
		}
		for v := range 700 {
			if !same(f, got, v, want, v) {
				t.Fatalf("%v: voxel %d differs from the fit on the heap", policy, v)
			}
		}
		sum := a.Sum()
		if bytes := int64(700 * (4*f.Measurements() + 8*f.Parameters() + 4)); len(numa.Describe().Nodes) == 1 && (sum.LocalBytes != bytes || sum.FarBytes != 0) {
			t.Errorf("%d local bytes and %d far ones on one node, want %d and none", sum.LocalBytes, sum.FarBytes, bytes)
		}
	}
	for range 2 {
		if err := room.Free(); err != nil {
			t.Fatal(err)
		}
	}
}

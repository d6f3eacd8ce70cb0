package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
)

// blockVoxels is how many voxels are fitted before the checkpoint is saved: about a second of work on a few cores. It
// is a variable so that tests can stop a small fit in the middle.
var blockVoxels = 1 << 15

// fit fills the maps, block after block. It makes one pass over the image if memory allows, and else several.
func (j *fitJob) fit(ctx context.Context) error {
	perPass, err := j.passVoxels()
	if err != nil {
		return err
	}
	if err := j.makeMaps(); err != nil {
		return err
	}
	if perPass < len(j.index) {
		j.freeVolumes()
	}
	if j.checkpoints() {
		if _, err := os.Lstat(j.checkpointPath(j.names)); err == nil {
			if err := j.openCheckpoint(ctx); err != nil {
				return err
			}
		}
	}
	for begin := 0; begin < len(j.index); begin += perPass {
		pass := sched.Range{Begin: begin, End: min(begin+perPass, len(j.index))}
		if err := j.fitPass(ctx, pass); err != nil {
			return j.keep(err)
		}
	}
	return nil
}

// makeMaps allocates the maps in huge pages, because each small page would cost a page fault.
func (j *fitJob) makeMaps() (err error) {
	components := 0
	for _, m := range j.wantedMaps {
		components += m.Components
	}
	voxels := len(j.index)
	if j.mapPages, err = numa.NewPages(4 * voxels * components); err != nil {
		return fmt.Errorf("the maps of %s: %w", plural.Count(voxels, "voxel"), lessMemory(err))
	}
	room := numa.SliceOf[float32](j.mapPages, voxels*components)
	j.maps = make([][]float32, len(j.wanted))
	for i, m := range j.wantedMaps {
		n := voxels * m.Components
		j.maps[i], room = room[:n:n], room[n:]
	}
	return nil
}

// freeMaps frees the memory of the maps, if there is any.
func (j *fitJob) freeMaps() {
	if j.mapPages != nil {
		_ = j.mapPages.Free() // what cannot be given back ends with the process
		j.maps, j.mapPages = nil, nil
	}
}

// checkpoints says whether finished blocks are kept. They are not if one block is the whole fit, or if the fit writes
// nothing.
func (j *fitJob) checkpoints() bool { return j.out != nil && len(j.index) > blockVoxels }

func (o *fitOptions) checkpointPath(names bidsName) string {
	return filepath.Join(o.out, "."+o.fileName(names, "checkpoint", "")+".partial")
}

// openCheckpoint opens the hidden file with the finished blocks of an earlier, stopped fit, or creates it. It waits for
// the hashes of the inputs, because they are part of the checkpoint's key.
func (j *fitJob) openCheckpoint(ctx context.Context) error {
	if err := j.hashInputs(ctx); err != nil {
		return err
	}
	if err := j.out.check(); err != nil { // computing the hashes may have taken long
		return err
	}
	key, err := json.Marshal(j.description())
	if err != nil {
		return err
	}
	path := j.checkpointPath(j.names)
	j.checkpoint, err = fit.OpenCheckpoint(path, string(key), j.model.Fitter().Parameters())
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s is in the way and cannot be opened (%w): a fit of another user that was stopped left it; let that user start the same command again, remove it, or write to another folder", path, rootCause(err))
	}
	if err != nil {
		return err
	}
	j.hideProgress()
	if anew := j.checkpoint.Anew(); anew != "" {
		fmt.Fprintln(j.stderr, "kbench:", anew)
		keeps(ctx, "nothing was written")
	}
	if n := j.checkpoint.Blocks(); n > 0 {
		j.resumed = true
		fmt.Fprintf(j.stderr, "kbench: going on after %s of %s\n", plural.Count(n, "finished block"), plural.Count(blockVoxels, "voxel"))
		keeps(ctx, "%s", j.kept())
	}
	return nil
}

// kept says what a stopped fit keeps.
func (j *fitJob) kept() string {
	return fmt.Sprintf("%s kept in %s; the same command goes on", plural.Count(j.checkpoint.Blocks(), "finished block"), j.fitOptions.out)
}

// keep closes the checkpoint of a fit that ended early, and says how to go on.
func (j *fitJob) keep(err error) error {
	if j.checkpoint == nil {
		return err
	}
	if j.out.check() != nil { // the folder, with the blocks, was moved or removed
		return errors.Join(err, j.checkpoint.Close())
	}
	if j.checkpoint.Blocks() == 0 || errors.Is(err, nifti.ErrChanged) {
		return errors.Join(err, j.checkpoint.Remove())
	}
	if closing := j.checkpoint.Close(); closing != nil {
		return errors.Join(err, closing)
	}
	return fmt.Errorf("%w (%s)", err, j.kept())
}

// fitPass reads the signal of a pass, unless the checkpoint has all of it, and fits its blocks. While a block is being saved,
// its maps are derived and the next block is read.
func (j *fitJob) fitPass(ctx context.Context, pass sched.Range) (err error) {
	room, err := newRoom(min(blockVoxels, pass.Len()), j.image.Header.Volumes(), j.model.Fitter().Parameters())
	if err != nil {
		return err
	}
	defer room.Free()
	defer j.freeVolumes()
	defer func() { err = errors.Join(err, j.saved()) }() // saving still reads the room
	for begin := pass.Begin; begin < pass.End; begin += blockVoxels {
		block := sched.Range{Begin: begin, End: min(begin+blockVoxels, pass.End)}
		own := room.Result(j.model.Fitter(), block.Len())
		if err := j.fitBlock(ctx, pass, block, room); err != nil {
			return err
		}
		if err := j.derive(ctx, block, own); err != nil {
			return err
		}
	}
	return nil
}

// fitBlock takes a block's result from the checkpoint, or fits it and begins to save it there.
func (j *fitJob) fitBlock(ctx context.Context, pass, block sched.Range, room *fit.Room) error {
	f := j.model.Fitter()
	result := room.Result(f, block.Len())
	if j.resumed {
		if err := j.saved(); err != nil {
			return err
		}
		if done, err := j.checkpoint.Load(block, result); done || err != nil {
			j.showProgress().give(stageFit, block.End)
			return err
		}
	}
	plan, err := j.readBlock(ctx, pass, block, room)
	if err != nil {
		return err
	}
	j.hash(ctx) // after the first pass has read the image, so that the hash shows whether the file changed meanwhile
	if j.taken != nil {
		<-j.taken
	}
	plan.VoxelsPerChunk = j.voxelsPerChunk
	plan.Progress = func(done, _ int) { j.fitted(block.Begin + done) }
	j.fitted(block.Begin)
	signal := room.Signal[:block.Len()*f.Measurements()]
	if _, err = fit.Block(ctx, f, signal, result, plan); err != nil {
		return err
	}
	return j.save(ctx, block, result)
}

// fitted sets the progress to the number of fitted voxels.
func (j *fitJob) fitted(voxels int) {
	p := j.showProgress()
	p.stage(stageFit)
	p.set(stageFit, voxels)
}

// readBlock reads the signal of a block into the room, and returns a plan for the fit. The signal comes to lie on the
// nodes that fit it by this plan.
func (j *fitJob) readBlock(ctx context.Context, pass, block sched.Range, room *fit.Room) (sched.Plan, error) {
	defer j.profile.enter(phaseRead)()
	plan := j.placement.plan(j.places, j.threads)
	if j.volumes == nil {
		if err := j.readVolumes(ctx, j.index[pass.Begin:pass.End]); err != nil {
			return plan, err
		}
	}
	f := j.model.Fitter()
	plan, err := room.Place(plan, f, sched.Range{End: block.Len()})
	if err != nil {
		return plan, err
	}
	return plan, j.volumes.Rows(ctx, room.Signal[:block.Len()*f.Measurements()], j.index[block.Begin:block.End])
}

// save waits until the last block is saved, and then begins to save a finished block. Before that it checks that the
// folder is still there and that no input has changed. The result must not change until taken is closed. The next block
// is fitted while this one is synced to the disk.
func (j *fitJob) save(ctx context.Context, block sched.Range, result fit.Result) error {
	if err := j.saved(); err != nil {
		return err
	}
	if err := j.hashing.failed(); err != nil || j.out == nil {
		return err
	}
	if err := j.out.check(); err != nil || !j.checkpoints() {
		return err
	}
	if j.checkpoint == nil {
		if err := j.openCheckpoint(ctx); err != nil {
			return err
		}
	}
	j.saving, j.taken = make(chan error, 1), make(chan struct{})
	ended := j.taken
	taken := sync.OnceFunc(func() { close(ended) })
	go func() {
		defer taken() // closed even after an error
		err := j.checkpoint.Save(block, result, taken)
		if err == nil {
			keeps(ctx, "%s", j.kept())
		}
		j.saving <- err
	}()
	return nil
}

// saved waits until the last block is saved.
func (j *fitJob) saved() error {
	if j.saving == nil {
		return nil
	}
	err := <-j.saving
	<-j.taken
	j.saving, j.taken = nil, nil
	return err
}

// readVolumes prepares the signal of some voxels to be read block by block. The signal of a .nii.gz file is
// decompressed into memory, in the type of the file.
func (j *fitJob) readVolumes(ctx context.Context, index []int) error {
	defer j.profile.enter(phaseRead)()
	memory, err := numa.NewPages(len(index) * j.image.VolumesBytes())
	if err != nil {
		return fmt.Errorf("%s: the volumes of %s: %w", j.image.Path, plural.Count(len(index), "voxel"), lessMemory(err))
	}
	j.memory = memory
	o, read := j.readOptions(), j.showProgress().more(stageRead, 0)
	o.Progress = func(done, _ int) { read(done) }
	j.volumes, err = j.image.Volumes(ctx, index, memory.Bytes(), o)
	return err
}

// newRoom calls fit.NewRoom. Its error says what to do if the system gives less memory than it reported as free.
func newRoom(voxels, measurements, parameters int) (*fit.Room, error) {
	room, err := fit.NewRoom(voxels, measurements, parameters)
	if err != nil {
		err = lessMemory(err)
	}
	return room, err
}

// lessMemory adds to an error what to do if the system gives less memory than it reported as free.
func lessMemory(err error) error {
	return fmt.Errorf("%w: a limit of this process (ulimit -v) may be lower than what is free; give less with --max-memory, or fit parts with --shard", err)
}

// freeVolumes ends the reading of the volumes, if it began, and frees their memory.
func (j *fitJob) freeVolumes() {
	if j.volumes != nil {
		_ = j.volumes.Close() // it was only read
		j.volumes = nil
	}
	if j.memory != nil {
		_ = j.memory.Free() // what cannot be given back ends with the process
		j.memory = nil
	}
}

// derive turns a block's parameters into maps and applies the NaN policy.
func (j *fitJob) derive(ctx context.Context, block sched.Range, result fit.Result) error {
	plan := j.placement.plan(j.places, j.threads)
	plan.Voxels, plan.Elastic = block.Len(), true
	_, err := fit.PerWorker(ctx, plan, j.model.NewDeriver, func(d model.Deriver, part sched.Range) {
		own := result.Slice(j.model.Fitter(), part)
		out := make([][]float32, len(j.maps))
		for i, m := range j.wantedMaps {
			out[i] = j.maps[i][(block.Begin+part.Begin)*m.Components : (block.Begin+part.End)*m.Components]
		}
		d.Derive(out, own.Parameters, own.Status)
	})
	if err != nil {
		return err
	}
	size, weights := j.model.Fitter().Parameters(), j.weights()
	for v, s := range result.Status {
		j.codes[s.Code]++
		if s.Code == kernel.OK && weights.Len() > 0 && allZero(result.Parameters[v*size:][weights.Begin:weights.End]) {
			j.withoutFascicle++
		}
		if s.Code != kernel.NonFinite || j.nanPolicy == "zero" {
			continue
		}
		if j.nanPolicy == "error" {
			x, y, z := j.coordinates(block.Begin + v)
			return fmt.Errorf("%s: voxel (%d, %d, %d) has a value that is NaN or infinite; --nan-policy zero or nan fits the others", j.data.dwi, x, y, z)
		}
		j.setNaN(block.Begin + v)
	}
	return nil
}

// weights returns the range of parameters that are weights of fascicles. It is empty for most models.
func (j *fitJob) weights() (r sched.Range) {
	for _, m := range j.model.Parameters() {
		r.Begin, r.End = r.End, r.End+m.Components
		if m.Name == "weights" {
			return r
		}
	}
	return sched.Range{}
}

func allZero(values []float64) bool {
	return !slices.ContainsFunc(values, func(x float64) bool { return x != 0 })
}

// setNaN writes NaN into a voxel of every map except status and iterations.
func (j *fitJob) setNaN(voxel int) {
	for i, m := range j.wantedMaps {
		if m.Name == "status" || m.Name == "iterations" {
			continue
		}
		values := j.maps[i][voxel*m.Components:][:m.Components]
		for k := range values {
			values[k] = float32(math.NaN())
		}
	}
}

// coordinates returns a fitted voxel's place in the image, counted from 0.
func (j *fitJob) coordinates(voxel int) (x, y, z int) {
	return coordinates(j.image.Header, j.index[voxel])
}

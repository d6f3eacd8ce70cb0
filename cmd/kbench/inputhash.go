package main

import (
	"context"
	"encoding/hex"
	"os"

	"github.com/voxfit/voxfit/nifti"
)

// An inputFile records which file was read, for the sidecars.
type inputFile struct {
	Path   string `json:"Path"`
	Bytes  int64  `json:"Bytes"`
	SHA256 string `json:"SHA256"`
}

// An inputImage is an image that is read in passes, and how its file looked before the first.
type inputImage struct {
	*nifti.Image
	before os.FileInfo
}

// openImage opens an image that will be hashed.
func openImage(path string) (inputImage, error) {
	before, err := os.Stat(path)
	if err != nil {
		return inputImage{}, err
	}
	image, err := nifti.Open(path)
	return inputImage{image, before}, err
}

// hash reads the file once more. It must be what every pass saw.
func (m inputImage) hash(ctx context.Context) (inputFile, error) {
	sum, size, err := m.SHA256(ctx)
	return inputFile{Path: m.Path, Bytes: size, SHA256: hex.EncodeToString(sum[:])}, err
}

// confirm reads the file again where it was touched since it was opened: a program that wrote it while it was hashed may
// have left no two readings different, but then this one is.
func (m inputImage) confirm(ctx context.Context) error {
	now, err := os.Stat(m.Path)
	if err != nil {
		return err
	}
	if os.SameFile(now, m.before) && now.ModTime().Equal(m.before.ModTime()) && now.Size() == m.before.Size() {
		return nil
	}
	_, _, err = m.SHA256(ctx)
	return err
}

// A hashing takes the hashes of all inputs beside other work.
type hashing struct {
	cancel context.CancelFunc
	done   chan struct{}
	files  []inputFile
	err    error
}

// startHashing begins with images, whose bytes are read once more, each of which must agree with what was read before
// or will be read later.
func startHashing(ctx context.Context, images []inputImage) *hashing {
	ctx, cancel := context.WithCancel(ctx)
	h := &hashing{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		for _, m := range images {
			file, err := m.hash(ctx)
			if err != nil {
				h.err = err
				return
			}
			h.files = append(h.files, file)
		}
	}()
	return h
}

// wait returns the hashes when all are there.
func (h *hashing) wait() ([]inputFile, error) {
	<-h.done
	return h.files, h.err
}

// failed is the error that it ended with already, if it did.
func (h *hashing) failed() error {
	select {
	case <-h.done:
		return h.err
	default:
		return nil
	}
}

// stop ends it early.
func (h *hashing) stop() {
	h.cancel()
	<-h.done
}

// hash begins to take the hashes of the inputs, unless that began before.
func (j *fitJob) hash(ctx context.Context) {
	if j.hashing == nil {
		j.hashing = startHashing(ctx, j.images)
	}
}

// hashInputs waits for the hashes of all inputs, in the order in which they were read.
func (j *fitJob) hashInputs(ctx context.Context) error {
	if j.inputFiles != nil {
		return nil
	}
	j.hash(ctx)
	images, err := j.hashing.wait()
	if err != nil {
		return err
	}
	for _, path := range j.files {
		file, err := hashed(path, images)
		if err != nil {
			return err
		}
		j.inputFiles = append(j.inputFiles, file)
	}
	return nil
}

// stopHashing ends it where the fit ended early.
func (j *fitJob) stopHashing() {
	if j.hashing != nil {
		j.hashing.stop()
	}
}

// confirmInputs is the last look at the images, before maps are moved to their places.
func (j *fitJob) confirmInputs(ctx context.Context) error {
	for _, m := range j.images {
		if err := m.confirm(ctx); err != nil {
			return err
		}
	}
	return nil
}

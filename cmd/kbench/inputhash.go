package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/nifti"
)

// An inputFile records which file was read, for the sidecars.
type inputFile struct {
	Path   string `json:"Path"`
	Bytes  int64  `json:"Bytes"`
	SHA256 string `json:"SHA256"`
}

// An input is a file that the maps depend on. All readings of it must have seen the same bytes.
type input interface {
	// hash returns the name and the hash of the bytes that were or will be read.
	hash(ctx context.Context) (inputFile, error)
	// confirm checks the file a last time, before the maps are moved to their places. It returns nifti.ErrChanged if
	// the file may have been different when it was read.
	confirm(ctx context.Context) error
}

// An inputImage is an image that is read in passes, with the state of its file before the first pass.
type inputImage struct {
	*nifti.Image
	before os.FileInfo
}

// openImage opens an image, which will be hashed.
func openImage(path string) (inputImage, error) {
	before, unseen := os.Stat(path)
	image, err := nifti.Open(path)
	if err == nil {
		err = unseen
	}
	return inputImage{image, before}, err
}

// hash reads the file once more. Every pass must have seen these bytes.
func (m inputImage) hash(ctx context.Context) (inputFile, error) {
	sum, size, err := m.SHA256(ctx)
	return inputFile{Path: m.Path, Bytes: size, SHA256: hex.EncodeToString(sum[:])}, err
}

// confirm reads the file again if it was touched since it was opened. A program may have written it while it was
// hashed, so that all earlier readings agree. This one then differs.
func (m inputImage) confirm(ctx context.Context) error {
	same, err := nifti.Untouched(m.Path, m.before)
	if same || err != nil {
		return err
	}
	_, _, err = m.SHA256(ctx)
	return err
}

// An inputText is a small file that is read as a whole, with a table, a response or directions. It is hashed before it
// is read, and must not be touched until the end.
type inputText struct {
	file   inputFile
	before os.FileInfo
}

// watch hashes a small file that is about to be read.
func watch(path string) (t inputText, err error) {
	f, err := lock.OpenToRead(path)
	if err != nil {
		return t, err
	}
	defer f.Close()
	if t.before, err = f.Stat(); err != nil {
		return t, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	t.file = inputFile{Path: path, Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}
	return t, err
}

// watchSidecar hashes the JSON beside an image that is about to be read, if there is one.
func watchSidecar(image string) ([]input, error) {
	text, err := watch(stemOf(image) + ".json")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []input{text}, nil
}

func (t inputText) hash(context.Context) (inputFile, error) { return t.file, nil }

func (t inputText) confirm(context.Context) error {
	now, err := watch(t.file.Path)
	if err != nil {
		return err
	}
	if same, err := nifti.Untouched(t.file.Path, t.before); !same || err != nil || now.file != t.file {
		return fmt.Errorf("%s %w", t.file.Path, nifti.ErrChanged)
	}
	return nil
}

// A hashing computes the hashes of all inputs while other work goes on.
type hashing struct {
	cancel context.CancelFunc
	done   chan struct{}
	files  []inputFile
	err    error
}

// startHashing begins to hash inputs. It reads images once more. This reading must agree with all earlier and later
// ones.
func startHashing(ctx context.Context, inputs []input) *hashing {
	ctx, cancel := context.WithCancel(ctx)
	h := &hashing{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		for _, in := range inputs {
			file, err := in.hash(ctx)
			if err != nil {
				h.err = err
				return
			}
			h.files = append(h.files, file)
		}
	}()
	return h
}

// wait waits for all hashes and returns them.
func (h *hashing) wait() ([]inputFile, error) {
	<-h.done
	return h.files, h.err
}

// failed returns the error of a hashing that has ended with one.
func (h *hashing) failed() error {
	select {
	case <-h.done:
		return h.err
	default:
		return nil
	}
}

// stop ends the hashing early.
func (h *hashing) stop() {
	h.cancel()
	<-h.done
}

// hash begins to hash the inputs, unless that began before.
func (j *fitJob) hash(ctx context.Context) {
	if j.hashing == nil {
		j.hashing = startHashing(ctx, j.inputs)
	}
}

// hashInputs waits for the hashes of all inputs, in the order in which they were read.
func (j *fitJob) hashInputs(ctx context.Context) (err error) {
	j.hash(ctx)
	j.inputFiles, err = j.hashing.wait()
	return err
}

// watch hashes small files that are about to be read, and adds them to the acquisition's inputs.
func (j *fitJob) watch(paths ...string) error {
	for _, path := range paths {
		text, err := watch(path)
		if err != nil {
			return err
		}
		j.inputs = append(j.inputs, text)
	}
	return nil
}

// stopHashing ends the hashing of a fit that ended early.
func (j *fitJob) stopHashing() {
	if j.hashing != nil {
		j.hashing.stop()
	}
}

// confirmInputs checks all inputs a last time, before maps are moved to their places.
func (j *fitJob) confirmInputs(ctx context.Context) error { return confirmAll(ctx, j.inputs) }

// nothingWritten adds to the error of a changed input that nothing was written.
func nothingWritten(err error) error {
	if errors.Is(err, nifti.ErrChanged) {
		return fmt.Errorf("%w: nothing was written", err)
	}
	return err
}

func confirmAll(ctx context.Context, inputs []input) error {
	for _, in := range inputs {
		if err := in.confirm(ctx); err != nil {
			return err
		}
	}
	return nil
}

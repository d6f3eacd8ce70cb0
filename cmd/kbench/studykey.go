package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/model"
)

// A studyKey is what the rows of a study have in common: the data and how they are fitted. A study of another key is
// another study, and is not gone on with.
type studyKey struct {
	Version  string         `json:"SoftwareVersion"`
	Phantom  map[string]any `json:"Phantom,omitempty"`
	Inputs   []inputFile    `json:"Inputs,omitempty"`
	Response map[string]any `json:"Response,omitempty"`
	Tissues  map[string]any `json:"Tissues,omitempty"`
	Scales   map[string]any `json:"Scales,omitempty"` // how images above scale 1 get their masks
	Options  map[string]any `json:"Options"`          // of each model

	Instruction string `json:"InstructionSet"`
}

// key is that of a study on the block.
func (o *runOptions) key(ctx context.Context, b studyBlock, models map[string]model.Model) (studyKey, error) {
	isa, _ := kernel.ChosenISA(kernel.WithISA(o.isa))
	k := studyKey{Version: version(), Options: map[string]any{}, Instruction: isa}
	if o.data.dwi == "" {
		k.Phantom = map[string]any{"Voxels": o.voxels, "SNR": o.snr, "Seed": o.seed}
	}
	for _, in := range b.inputs {
		file, err := in.hash(ctx)
		if err == nil {
			err = in.confirm(ctx)
		}
		if err != nil {
			return k, err
		}
		k.Inputs = append(k.Inputs, file)
	}
	if needsResponse(o.models) {
		k.Response = describeResponse(b.response)
	}
	if needsTissues(o.models) {
		k.Tissues = describeTissues(b.tissues)
	}
	if o.scaleMask != maskAligned {
		k.Scales = map[string]any{"Mask": o.scaleMask}
	}
	for name, m := range models {
		k.Options[name] = model.ValuesInForce(m)
	}
	return k, nil
}

// keyPath is the file that keeps a study's key, beside its CSV.
func (o *runOptions) keyPath() string { return strings.TrimSuffix(o.filename, ".csv") + ".study.json" }

// checkKey writes the key of a study without rows. Rows that are there must be of the same key, which is refused by
// what differs.
func (o *runOptions) checkKey(k studyKey, rows int) error {
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	if rows == 0 {
		return disk.Replace(o.keyPath(), append(text, '\n'))
	}
	kept, err := lock.ReadFile(o.keyPath())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has rows, but %s, which says what they were measured on, is missing: start another study with -o or --filename", o.filename, o.keyPath())
	}
	if err != nil {
		return err
	}
	found, err := differenceFromText(kept, k)
	if err != nil {
		return fmt.Errorf("%s: %w; start another study with -o or --filename", o.keyPath(), err)
	}
	if found != nil {
		return fmt.Errorf("%s is of another study than this command's: %s; start another one with -o or --filename", o.filename, found.between("there", "now"))
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/sh"
)

// fileName names a map as BIDS derivatives do: sub-01_model-csd_param-fod_dwimap, with the entities of the image.
func (j *fitJob) fileName(param, suffix string) string {
	name := j.names.prefix() + "model-" + j.model.Kind().Entity + "_param-" + param
	if desc := j.names.desc + j.shard.label(); desc != "" {
		name += "_desc-" + desc
	}
	if suffix != "" {
		name += "_" + suffix
	}
	return name
}

// setName is the set of maps that the fit writes, one process at a time, in the names of its lock and its other hidden
// files.
func (o *fitOptions) setName(names bidsName) string {
	set := names.prefix() + "model-" + o.kind.Entity
	if desc := names.desc + o.shard.label(); desc != "" {
		set += "_desc-" + desc
	}
	return set
}

// claim says which files the fit will make. Where a map exists, the error says what it was made from.
func (j *fitJob) claim() error {
	if needsDescription(j.names, j.fitOptions.out) {
		j.out.shared = []string{descriptionFile}
	}
	err := j.out.claim(j.fileNames(), j.force)
	var exists *existsError
	if errors.As(err, &exists) {
		if source := sourceOf(stemOf(exists.path) + ".json"); source != "" && source != j.data.dwi {
			return fmt.Errorf("%s exists, and was made from %s: give another output folder, or --force to replace it", exists.path, source)
		}
	}
	return err
}

// fileNames are the maps and sidecars that the fit writes.
func (j *fitJob) fileNames() []string {
	var names []string
	for _, m := range j.wantedMaps {
		name := j.fileName(m.Name, m.Suffix)
		names = append(names, name+".nii.gz", name+".json")
	}
	return names
}

// replaceOtherFits says of maps of the same set that this fit does not make, but one with other options or inputs did,
// that they go when the new maps come: the two would be mixed.
func (j *fitJob) replaceOtherFits() error {
	now, err := asJSON(j.description())
	if err != nil {
		return err
	}
	sets, err := readMapSets(j.fitOptions.out)
	if err != nil {
		return err
	}
	for _, s := range sets {
		if s.stem != j.names.prefix()+"model-"+j.kind.Entity || s.desc != j.names.desc || s.shard != j.shard {
			continue
		}
		for _, m := range s.maps {
			fit, err := asJSON(m.Fit)
			if err != nil {
				return err
			}
			image := filepath.Base(m.path)
			if difference("", fit, now) == "" || slices.Contains(j.out.names, image) {
				continue
			}
			j.removed = append(j.removed, image)
			j.out.old = append(j.out.old, image, strings.TrimSuffix(image, ".nii.gz")+".json")
		}
	}
	return nil
}

// write makes every map and its sidecar in the staging folder.
func (j *fitJob) write(ctx context.Context) error {
	if err := j.hashInputs(ctx); err != nil {
		return err
	}
	if j.force {
		if err := j.replaceOtherFits(); err != nil {
			return err
		}
	}
	if err := j.out.begin(); err != nil {
		return err
	}
	bar := newProgress(j.stderr, "write", "maps", len(j.fileNames())/2)
	defer bar.finish()
	done := 0
	for i, m := range j.wantedMaps {
		name := j.fileName(m.Name, m.Suffix)
		o := nifti.WriteOptions{Description: "voxfit " + j.model.Kind().Name + " " + m.Name, Context: ctx}
		if m.Basis != sh.DefaultBasis {
			o.Description += "; " + j.harmonicForm().String()
		}
		index, values := j.index, j.maps[i]
		if m.Name == "status" {
			o.Fill = float32(kernel.OutsideMask)
			index, values = j.mask.Index, j.shard.statusOfMask(len(j.mask.Index), values)
		}
		if err := nifti.WriteMap(j.out.path(name+".nii.gz"), j.image.Header, index, m.Components, values, o); err != nil {
			return err
		}
		text, err := json.MarshalIndent(j.sidecar(m), "", "  ")
		if err != nil {
			return err
		}
		if err := j.out.write(name+".json", append(text, '\n')); err != nil {
			return err
		}
		done++
		bar.set(done)
	}
	if !slices.Contains(j.out.shared, descriptionFile) {
		return nil
	}
	text, err := datasetDescription()
	if err != nil {
		return err
	}
	return j.out.write(descriptionFile, text)
}

// A description says what was fitted, with what, from what: all that the results depend on.
type description struct {
	Model     string         `json:"Model"`
	Options   any            `json:"Options"` // as on the command line, with underscores
	Response  map[string]any `json:"Response,omitempty"`
	Gradients any            `json:"GradientTable"` // how it was read
	measurements
	Frame       string      `json:"Frame"`
	NaNPolicy   string      `json:"NaNPolicy"`
	Shard       string      `json:"Shard,omitempty"`
	Voxels      int         `json:"Voxels"`
	Inputs      []inputFile `json:"Inputs"`
	Version     string      `json:"SoftwareVersion"`
	Instruction string      `json:"InstructionSet"`
}

// measurements say what the fit made of the gradient table.
type measurements struct {
	ScaledBvals int           `json:"ScaledBvals"` // how many were multiplied by the squared length of their vector
	Shells      []fittedShell `json:"FittedShells,omitempty"`
	LeftOut     []int         `json:"VolumesLeftOut"` // of the fit, counted from 0
}

// A fittedShell is what a fit takes of a shell.
type fittedShell struct {
	Bval    float64 `json:"Bval"` // s/mm2, the mean
	Volumes int     `json:"Volumes"`
}

// measurements are those of the fit: all volumes, but where the model takes some. Tables without shells have none.
func (j *fitJob) measurements() measurements {
	m := measurements{ScaledBvals: j.gradients.ScaledBvals, LeftOut: []int{}}
	fitted := make([]bool, j.gradients.Len())
	chooser, chooses := j.model.(interface{ Volumes() []int })
	if chooses {
		for _, v := range chooser.Volumes() {
			fitted[v] = true
		}
	}
	for v := range fitted {
		if fitted[v] = fitted[v] || !chooses; !fitted[v] {
			m.LeftOut = append(m.LeftOut, v)
		}
	}
	shells, _, err := j.gradients.ChooseShells(nil)
	if err != nil {
		return m
	}
	for _, s := range shells {
		volumes := slices.DeleteFunc(slices.Clone(s.Volumes), func(v int) bool { return !fitted[v] })
		if len(volumes) > 0 {
			m.Shells = append(m.Shells, fittedShell{s.Bval, len(volumes)})
		}
	}
	return m
}

// A sidecar is the JSON beside a map.
type sidecar struct {
	Parameter   string `json:"Parameter"`
	Description string `json:"Description"`
	Units       string `json:"Units"`
	Components  int    `json:"Components"`
	harmonicSidecar
	TensorOrder string            `json:"TensorOrder,omitempty"`
	Directions  [][3]float64      `json:"Directions,omitempty"` // of the components
	StatusCodes map[string]string `json:"StatusCodes,omitempty"`
	GeneratedBy map[string]string `json:"GeneratedBy"`
	Fit         description       `json:"Fit"`
}

func (j *fitJob) description() description {
	isa, _ := kernel.ChosenISA(kernel.WithISA(j.settings.ISA()))
	d := description{
		Model: j.model.Kind().Class, Options: j.valuesInForce(j.model), Gradients: j.settings.GradientValues(), Frame: j.frame, NaNPolicy: j.nanPolicy,
		measurements: j.measurements(), Shard: j.shard.String(), Voxels: len(j.index), Inputs: j.inputFiles, Version: version(), Instruction: isa,
	}
	switch need := j.kind.Needs; {
	case need.Response:
		d.Response = describeResponse(j.response)
	case need.Tissues:
		d.Response = describeTissues(j.tissues)
	}
	return d
}

// degreeOf is the highest degree of as many coefficients.
func degreeOf(coefficients int) int {
	lmax := 0
	for sh.Count(lmax) < coefficients {
		lmax += 2
	}
	return lmax
}

// unitsOf are the units in a map's sidecar.
func unitsOf(m model.Map) string {
	switch {
	case m.Unit != "":
		return m.Unit
	case m.Arbitrary:
		return "arbitrary"
	}
	return "dimensionless"
}

func (j *fitJob) sidecar(m model.Map) sidecar {
	s := sidecar{
		Parameter: m.Name, Description: strings.ReplaceAll(m.Description, model.GivenFrame, frameWords[j.frame]), Units: unitsOf(m), Components: m.Components,
		GeneratedBy: map[string]string{"Name": generator, "Version": version(), "Command": j.command},
		Fit:         j.description(),
	}
	s.TensorOrder, s.Directions = strings.Join(m.Elements, ", "), m.Directions
	if m.Basis != sh.DefaultBasis {
		s.harmonicSidecar = j.harmonicForm().sidecar(m.Components)
	}
	if s.Description != m.Description || s.Axes != "" {
		s.Axes = bidsAxes[j.frame]
	}
	if m.Name == "status" {
		s.StatusCodes = map[string]string{}
		for _, c := range kernel.Codes() {
			s.StatusCodes[strconv.Itoa(int(c))] = c.String()
		}
	}
	return s
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/sh"
	"golang.org/x/sync/errgroup"
)

// fileName returns the name of a map as in BIDS derivatives, with the entities of the image:
// sub-01_model-csd_param-fod_dwimap.
func (j *fitJob) fileName(param, suffix string) string {
	return j.fitOptions.fileName(j.names, param, suffix)
}

func (o *fitOptions) fileName(names bidsName, param, suffix string) string {
	name := names.prefix + "model-" + o.kind.Entity + "_param-" + param
	if desc := names.desc + o.shard.label(); desc != "" {
		name += "_desc-" + desc
	}
	if suffix != "" {
		name += "_" + suffix
	}
	return name
}

// setName returns the name of the set of maps that the fit writes. The names of its lock and its other hidden files
// have it. One process at a time writes a set.
func (o *fitOptions) setName(names bidsName) string {
	set := names.prefix + "model-" + o.kind.Entity
	if desc := names.desc + o.shard.label(); desc != "" {
		set += "_desc-" + desc
	}
	return set
}

// claim says which files the fit will make. If a map exists, the error says what it was made from. If there are maps of
// the same set that this fit does not make, the inputs are hashed now, to see whether the maps are of another fit.
func (j *fitJob) claim(ctx context.Context) error {
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
	if err != nil {
		return err
	}
	return j.out.claimSet(j.mapSet(), j.force, func() (description, error) { return j.hashedDescription(ctx) })
}

// hashedDescription waits for the hashes of the inputs, and returns the description with them.
func (j *fitJob) hashedDescription(ctx context.Context) (description, error) {
	err := j.hashInputs(ctx)
	return j.description(), err
}

// finished says whether the same command was stopped after its maps were moved to their places. If so, it prints that.
func (j *fitJob) finished(ctx context.Context, stdout io.Writer) (bool, error) {
	done, err := j.out.finished(j.fileNames(), func() (description, error) { return j.hashedDescription(ctx) })
	if !done || err != nil {
		return false, err
	}
	if err := j.confirmInputs(ctx); err != nil {
		return false, err
	}
	sayDone(stdout, j.stderr, "all maps are in "+j.fitOptions.out, func(w io.Writer) { sayWhole(w, j.fitOptions.out) })
	return true, nil
}

// sayWhole prints that there was nothing left to do.
func sayWhole(w io.Writer, out string) {
	fmt.Fprintf(w, "%s: the maps are whole, of the same command, which was stopped at its very end\n", out)
}

// mapSet returns the set that the maps belong to, without the maps.
func (j *fitJob) mapSet() mapSet {
	return mapSet{folder: j.fitOptions.out, stem: j.names.prefix + "model-" + j.kind.Entity, desc: j.names.desc, shard: j.shard}
}

// fileNames lists the maps and sidecars that the fit writes.
func (j *fitJob) fileNames() []string {
	var names []string
	for _, m := range j.wantedMaps {
		name := j.fileName(m.Name, m.Suffix)
		names = append(names, name+".nii.gz", name+".json")
	}
	return names
}

// write writes every map and its sidecar into the staging folder.
func (j *fitJob) write(ctx context.Context) error {
	if err := j.hashInputs(ctx); err != nil {
		return err
	}
	if err := j.out.begin(); err != nil {
		return err
	}
	if err := j.writeMaps(ctx); err != nil {
		return err
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

// mapsAtOnce is how many maps are written at the same time. One is compressed while another is flushed to the disk.
const mapsAtOnce = 2

// writeMaps writes the files of every map.
func (j *fitJob) writeMaps(ctx context.Context) error {
	wrote := j.showProgress().more(stageWrite, len(j.fileNames())/2)
	writers, ctx := errgroup.WithContext(ctx)
	writers.SetLimit(mapsAtOnce)
	var done atomic.Int64
	for i, m := range j.wantedMaps {
		writers.Go(func() error {
			if err := j.writeMap(ctx, m, j.maps[i]); err != nil {
				return err
			}
			wrote(int(done.Add(1)))
			return nil
		})
	}
	return writers.Wait()
}

// writeMap writes a map and its sidecar.
func (j *fitJob) writeMap(ctx context.Context, m model.Map, values []float32) error {
	name := j.fileName(m.Name, m.Suffix)
	o := nifti.WriteOptions{Description: j.headerText(m), Context: ctx}
	index := j.index
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
	return j.out.write(name+".json", append(text, '\n'))
}

// headerText returns the free text for the header of a map.
func (j *fitJob) headerText(m model.Map) string {
	text := "voxfit " + j.model.Kind().Name + " " + m.Name
	if m.Basis != sh.DefaultBasis {
		text += "; " + j.harmonicForm().String()
	}
	return text
}

// A description says what was fitted, with which options and from which files. It has all that the results depend on.
type description struct {
	Model     string         `json:"Model"`
	Options   any            `json:"Options"` // the names are those of the command line, with underscores
	Response  map[string]any `json:"Response,omitempty"`
	Gradients any            `json:"GradientTable"` // how the table was read
	measurements
	Frame       string      `json:"Frame"`
	NaNPolicy   string      `json:"NaNPolicy"`
	Shard       string      `json:"Shard,omitempty"`
	Voxels      int         `json:"Voxels"`
	Inputs      []inputFile `json:"Inputs"`
	Version     string      `json:"SoftwareVersion"`
	Instruction string      `json:"InstructionSet"`
}

// measurements says how the fit used the gradient table.
type measurements struct {
	ScaledBvals int           `json:"ScaledBvals"` // how many were multiplied by the squared lengths of their vectors
	Shells      []fittedShell `json:"FittedShells,omitempty"`
	LeftOut     []int         `json:"VolumesLeftOut"` // the volumes that the fit did not use, counted from 0
}

// A fittedShell is the part of a shell that a fit uses.
type fittedShell struct {
	Bval    float64 `json:"Bval"` // s/mm2, the mean
	Volumes int     `json:"Volumes"`
}

// measurements returns the measurements of the fit: all volumes, unless the model uses only some. A table without
// shells has no FittedShells.
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
	Directions  [][3]float64      `json:"Directions,omitempty"` // the directions of the components
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

// degreeOf returns the highest degree of a number of coefficients.
func degreeOf(coefficients int) int {
	lmax := 0
	for sh.Count(lmax) < coefficients {
		lmax += 2
	}
	return lmax
}

// exponent finds the exponents in a unit.
var exponent = regexp.MustCompile(`([a-z])([0-9])`)

// unitsOf returns the units for a map's sidecar, in the form of CMIXF-12, which BIDS recommends: mm^2/s.
func unitsOf(m model.Map) string {
	switch {
	case m.Unit != "":
		return exponent.ReplaceAllString(m.Unit, "$1^$2")
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

package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/sh"
)

// fileName names a map as BIDS derivatives do: model-csd_param-fod_dwimap.
func (j *fitJob) fileName(param, suffix string) string {
	name := "model-" + j.model.Kind().Entity + "_param-" + param + j.shard.entity()
	if suffix != "" {
		name += "_" + suffix
	}
	return name
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

// write makes every map and its sidecar in the staging folder.
func (j *fitJob) write(ctx context.Context, out *staging) error {
	if err := out.begin(); err != nil {
		return err
	}
	bar := newProgress(j.stderr, "write", "maps", len(j.fileNames())/2)
	defer bar.finish()
	done := 0
	for i, m := range j.wantedMaps {
		name := j.fileName(m.Name, m.Suffix)
		o := nifti.WriteOptions{Description: "voxfit " + j.model.Kind().Name + " " + m.Name, Context: ctx}
		if m.Name == "status" {
			o.Fill = float32(kernel.OutsideMask)
		}
		if err := nifti.WriteMap(out.path(name+".nii.gz"), j.image.Header, j.index, m.Components, j.maps[i], o); err != nil {
			return err
		}
		text, err := json.MarshalIndent(j.sidecar(m), "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(out.path(name+".json"), append(text, '\n'), 0o666); err != nil {
			return err
		}
		done++
		bar.set(done)
	}
	return nil
}

// A description says what was fitted, with what, from what: all that the results depend on.
type description struct {
	Model       string         `json:"Model"`
	Options     any            `json:"Options"` // as on the command line, with underscores
	Response    map[string]any `json:"Response,omitempty"`
	Frame       string         `json:"Frame"`
	NaNPolicy   string         `json:"NaNPolicy"`
	Shard       string         `json:"Shard,omitempty"`
	Voxels      int            `json:"Voxels"`
	Inputs      []inputFile    `json:"Inputs"`
	Version     string         `json:"SoftwareVersion"`
	Instruction string         `json:"InstructionSet"`
}

// A sidecar is the JSON beside a map.
type sidecar struct {
	Parameter   string            `json:"Parameter"`
	Description string            `json:"Description"`
	Units       string            `json:"Units"`
	Components  int               `json:"Components"`
	Harmonics   map[string]any    `json:"SphericalHarmonics,omitempty"`
	TensorOrder string            `json:"TensorOrder,omitempty"`
	Directions  [][3]float64      `json:"Directions,omitempty"` // of the components
	StatusCodes map[string]string `json:"StatusCodes,omitempty"`
	GeneratedBy map[string]string `json:"GeneratedBy"`
	Fit         description       `json:"Fit"`
}

func (j *fitJob) description() description {
	isa, _ := kernel.ChosenISA(kernel.WithISA(j.settings.ISA()))
	d := description{
		Model: j.model.Kind().Class, Options: j.valuesInForce(j.model), Frame: j.frame, NaNPolicy: j.nanPolicy,
		Shard: j.shard.String(), Voxels: len(j.index), Inputs: j.inputFiles, Version: version(), Instruction: isa,
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

func (j *fitJob) sidecar(m model.Map) sidecar {
	units := m.Unit
	if units == "" {
		units = "arbitrary"
	}
	s := sidecar{
		Parameter: m.Name, Description: m.Description, Units: units, Components: m.Components,
		GeneratedBy: map[string]string{"Name": "voxfit kbench", "Version": version(), "Command": j.command},
		Fit:         j.description(),
	}
	s.TensorOrder, s.Directions = strings.Join(m.Elements, ", "), m.Directions
	if m.Basis != sh.DefaultBasis {
		s.Harmonics = map[string]any{
			"Basis": m.Basis.String(), "Order": degreeOf(m.Components), "Coefficients": m.Components,
			"Storage": "l ascending (even), m = -l .. l", "Frame": j.frame,
		}
	}
	if m.Name == "status" {
		s.StatusCodes = map[string]string{}
		for _, c := range kernel.Codes() {
			s.StatusCodes[string(rune('0'+c))] = c.String()
		}
	}
	return s
}

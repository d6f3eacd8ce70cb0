package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

// tissueSample is the largest number of voxels from which automatic tissue responses are estimated.
const tissueSample = 50000

// phantomTissues returns the tissues that the phantom is made of.
func phantomTissues() []model.Tissue {
	wm, gm, csf := phantom.Tissues()
	return model.NameTissues([]acq.Response{wm, gm, csf})
}

// phantomInputs returns the inputs for models of a phantom.
func phantomInputs(p *phantom.Phantom) model.Inputs {
	return model.Inputs{Gradients: p.Gradients, Response: phantom.Response(), Tissues: phantomTissues()}
}

// tissueFiles returns the files that --response names for several tissues.
func tissueFiles(flag string) []string {
	files := strings.Split(flag, ",")
	for i, file := range files {
		files[i] = strings.TrimSpace(file)
	}
	return files
}

// checkResponse refuses empty names, which come from variables that a script did not set.
func checkResponse(flag string) error {
	if slices.Contains(tissueFiles(flag), "") {
		return fmt.Errorf("--response %q: found an empty name, expected auto, e1,e2,e3,S0 or files, as WM.txt,GM.txt,CSF.txt", flag)
	}
	return nil
}

// fibreFile returns the first of these files, which has the response of a single fibre.
func fibreFile(flag string) string {
	if first := tissueFiles(flag)[0]; first != flag {
		if _, err := os.Stat(first); err == nil {
			return first
		}
	}
	return flag
}

// findTissues returns the tissues for msmt, as the flag --response says. auto estimates the responses from the signal.
func findTissues(flag string, signal []float32, g *acq.GradientTable, shells ...float64) ([]model.Tissue, error) {
	if err := checkResponse(flag); err != nil {
		return nil, err
	}
	if flag == "auto" {
		found, err := acq.AutoTissues(signal, g, shells...)
		if err != nil {
			return nil, err
		}
		return model.NameTissues([]acq.Response{found.WM, found.GM, found.CSF}), nil
	}
	if model.IsTissues(flag) {
		return model.ParseTissues(flag)
	}
	if model.IsNumbers(flag) {
		return nil, fmt.Errorf("--response %s is numbers, of a single tensor; a model of several tissues takes auto or a file for each tissue, WM.txt,GM.txt,CSF.txt", flag)
	}
	var responses []acq.Response
	for _, file := range tissueFiles(flag) {
		r, err := acq.ReadResponse(file)
		if err != nil {
			return nil, err
		}
		responses = append(responses, r)
	}
	return model.NameTissues(responses), nil
}

// estimateTissues sets the tissues of a fit of msmt, as the flag --response says. For auto it reads voxels that are
// spread evenly over the mask.
func (j *fitJob) estimateTissues(ctx context.Context) (err error) {
	flag := j.fitOptions.response
	if flag != "auto" {
		if err := checkResponse(flag); err != nil {
			return err
		}
		if !model.IsNumbers(flag) {
			if err := j.watch(tissueFiles(flag)...); err != nil {
				return err
			}
		}
		j.tissues, err = findTissues(flag, nil, j.gradients)
		return err
	}
	index := acq.Spread(j.mask.Index, 1, tissueSample)
	if err := checkMemory("--response auto", len(index), j.image.Header.Volumes(), 1); err != nil {
		return err
	}
	signal, err := j.signalOf(ctx, index)
	if err != nil {
		return err
	}
	j.tissues, err = findTissues("auto", signal, j.gradients, j.settings.Shells()...)
	return fromImage(err, "auto", j.image.Path)
}

// describeTissues describes the responses for sidecars.
func describeTissues(tissues []model.Tissue) map[string]any {
	d := map[string]any{}
	for _, t := range tissues {
		d[t.Name] = describeResponse(t.Response)
	}
	return d
}

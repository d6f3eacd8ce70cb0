package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/sh"
)

// The frames that vectors and functions on the sphere are written in.
const (
	imageFrame = "image" // the axes of b-vectors as given: the image's, x turned around where its affine is right-handed
	worldFrame = "world" // the scanner's
)

// frameWords say in descriptions of maps what the frames are.
var frameWords = map[string]string{
	imageFrame: "in the axes of the image, b-vectors as given",
	worldFrame: "in the axes of the scanner",
}

// A harmonicForm is what must be known to read coefficients of spherical harmonics. What is not known is empty.
type harmonicForm struct{ basis, frame string }

// String is how the form stands in the header of an image (descrip), behind what the image is.
func (f harmonicForm) String() string { return "SH basis " + f.basis + ", " + f.frame + " axes" }

var harmonicText = regexp.MustCompile(`SH basis (\w+), (\w+) axes`)

// harmonicFormOf reads what String wrote into a header.
func harmonicFormOf(description string) (f harmonicForm) {
	if found := harmonicText.FindStringSubmatch(description); found != nil {
		f.basis, f.frame = found[1], found[2]
	}
	return f
}

var basisText = regexp.MustCompile(`\bbasis (descoteaux07|tournier07)\b`)

// describing is the description of a map in a sidecar with the basis of this form, where it names one.
func (f harmonicForm) describing(text string) string {
	return basisText.ReplaceAllLiteralString(text, "basis "+f.basis)
}

// The words of BIDS' proposal for diffusion derivatives (BEP016) for our frames and bases. Its "bvec" axes are the image's,
// the first turned around where they are right-handed.
var (
	bidsAxes  = map[string]string{imageFrame: "bvec", worldFrame: "xyz"}
	bidsBases = map[string]string{sh.Descoteaux07.String(): "descoteaux", sh.Tournier07.String(): "mrtrix3"}
)

// A harmonicSidecar is the part of a sidecar that says how to read coefficients: this project's own description, and
// beside it the fields of BEP016.
type harmonicSidecar struct {
	Harmonics      map[string]any `json:"SphericalHarmonics,omitempty"`
	Representation string         `json:"OrientationRepresentation,omitempty"`
	Axes           string         `json:"ReferenceAxes,omitempty"`
	Basis          string         `json:"SphericalHarmonicBasis,omitempty"`
	Degree         *int           `json:"SphericalHarmonicDegree,omitempty"`
}

// sidecar describes an image of so many coefficients.
func (f harmonicForm) sidecar(coefficients int) harmonicSidecar {
	degree := degreeOf(coefficients)
	return harmonicSidecar{
		Harmonics: map[string]any{
			"Basis": f.basis, "Order": degree, "Coefficients": coefficients,
			"Storage": "l ascending (even), m = -l .. l", "Frame": f.frame,
		},
		Representation: "sh", Axes: bidsAxes[f.frame], Basis: bidsBases[f.basis], Degree: &degree,
	}
}

// forms are what a sidecar says: in this project's words, and in BEP016's.
func (s harmonicSidecar) forms() []harmonicForm {
	text := func(key string) string { t, _ := s.Harmonics[key].(string); return t }
	bids := harmonicForm{}
	for ours, theirs := range bidsBases {
		if strings.EqualFold(s.Basis, theirs) {
			bids.basis = ours
		}
	}
	for ours, theirs := range bidsAxes {
		if strings.EqualFold(s.Axes, theirs) {
			bids.frame = ours
		}
	}
	return []harmonicForm{{text("Basis"), text("Frame")}, bids}
}

// readSidecar reads the JSON beside an image, all of it and the part on harmonics; there is none where the file is missing.
func readSidecar(image string) (all map[string]json.RawMessage, part harmonicSidecar, err error) {
	path := stemOf(image) + ".json"
	text, err := lock.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, part, nil
	}
	if err != nil {
		return nil, part, err
	}
	if err = json.Unmarshal(text, &all); err == nil {
		err = json.Unmarshal(text, &part)
	}
	if err != nil {
		return nil, part, fmt.Errorf("%s: %w", path, err)
	}
	return all, part, nil
}

// stemOf is an image's path without the endings of NIfTI.
func stemOf(image string) string { return strings.TrimSuffix(strings.TrimSuffix(image, ".gz"), ".nii") }

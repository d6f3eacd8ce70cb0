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

// The frames in which vectors and functions on the sphere are written.
const (
	// The axes of b-vectors as given: those of the image, with x reversed if its affine is right-handed.
	imageFrame = "image"
	worldFrame = "world" // the scanner's
)

// frameWords has the words for the frames in descriptions of maps.
var frameWords = map[string]string{
	imageFrame: "in the axes of the image, b-vectors as given",
	worldFrame: "in the axes of the scanner",
}

// A harmonicForm is what a reader of coefficients of spherical harmonics must know. An unknown part is empty.
type harmonicForm struct{ basis, frame string }

// String writes the form as the header of an image has it (descrip), after the name of the map.
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

// describing returns a map's description for a sidecar. If the text names a basis, it is replaced by the basis of this
// form.
func (f harmonicForm) describing(text string) string {
	return basisText.ReplaceAllLiteralString(text, "basis "+f.basis)
}

// The words of BIDS' proposal for diffusion derivatives (BEP016) for the frames and bases here. Its "bvec" axes are
// those of the image, with the first reversed if they are right-handed.
var (
	bidsAxes  = map[string]string{imageFrame: "bvec", worldFrame: "xyz"}
	bidsBases = map[string]string{sh.Descoteaux07.String(): "descoteaux", sh.Tournier07.String(): "mrtrix3"}
)

// A harmonicSidecar is the part of a sidecar that says how to read coefficients. It has this project's own fields and
// those of BEP016.
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

// forms returns the forms that a sidecar states, in this project's words and in those of BEP016.
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

// readSidecar reads the JSON beside an image, as a whole and the part on harmonics. Both are empty if the file is
// missing.
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

// stemOf returns an image's path without the endings of NIfTI.
func stemOf(image string) string { return strings.TrimSuffix(strings.TrimSuffix(image, ".gz"), ".nii") }

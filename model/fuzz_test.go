package model

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/cases"
)

// Options of any form are accepted, or refused in one line. If they are accepted, the options of the model can be
// written as JSON, and this text makes the same model again.
func FuzzOptionsAreReadOrRefused(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"method": "nls"}`, `{"lmax": 8, "response": {"evals": [0.0017, 3e-4, 3e-4], "s0": 100}}`,
		`{"lmax": 1e400}`, `{"tau": "NaN", "lambda": -0}`, `{"directions": [[0, 0, 1], [1, 0]]}`, `{"isa": "generic", "bvalue_scaling": null}`,
		`{"response": [{"name": "WM", "zonal": [[350, 0], [170, -60]]}, {"name": "CSF", "zonal": [[350], [20]]}]}`, `{"lmax": 8} {}`, "[", `{"a": {"b": [[[]]]}}`,
	} {
		for i := range Kinds {
			f.Add(uint8(i), seed)
		}
	}
	gradients := cases.Spiral(f)
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		k := Kinds[int(kind)%len(Kinds)]
		s, err := k.ParseJSON(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		m, err := s.Model(gradients)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		values, err := json.Marshal(ValuesInForce(m))
		if err != nil {
			t.Fatalf("%s made a model of %v, which JSON cannot write: %v", text, ValuesInForce(m), err)
		}
		s, err = k.ParseJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		if m, err = s.Model(gradients); err != nil {
			t.Fatalf("%s makes a model once, and not again: %v", text, err)
		}
		if again, err := json.Marshal(ValuesInForce(m)); err != nil || string(again) != string(values) {
			t.Errorf("%s makes a model of %s, and one of %s (%v)", text, values, again, err)
		}
	})
}

func FuzzTissuesOfTheCommandLineAreReadOrRefused(f *testing.F) {
	f.Add("0.0017,0.0003,0.0003,100;0.001,0.001,0.001,80;0.003,0.003,0.003,70")
	f.Add(";,;")
	f.Add("1e400,nan,0x1p3,1")
	f.Fuzz(func(t *testing.T, text string) {
		tissues, err := ParseTissues(text)
		if err != nil {
			return
		}
		for _, tissue := range tissues {
			if r := tissue.Response; !(r.Evals[0] > 0) || !(r.S0 > 0) || math.IsInf(r.S0, 0) || reflect.DeepEqual(tissue, Tissue{}) {
				t.Errorf("%q was read as %+v", text, tissue)
			}
		}
	})
}

package model_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
)

const wrongSettingsFile = "testdata/wrong_settings.json"

// A wrongSetting is a row of a table that the tests of kbench, the C library and Python also use. It has options of a
// model, and the error, or null if the options are right.
type wrongSetting struct {
	Model    string          `json:"model"`
	Settings json.RawMessage `json:"settings"`
	Error    *string         `json:"error"`
}

func readWrongSettings(t *testing.T, path string) []wrongSetting {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []wrongSetting
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestWrongSettingsAreRefusedInTheWordsOfTheTable(t *testing.T) {
	a := phantomAcquisition(t, 1)
	for _, row := range readWrongSettings(t, wrongSettingsFile) {
		got := makeFromJSON(a.gradients, row)
		switch {
		case got == nil && row.Error != nil:
			t.Errorf("%s %s was accepted, expected: %s", row.Model, row.Settings, *row.Error)
		case got != nil && row.Error == nil:
			t.Errorf("%s %s was refused: %v", row.Model, row.Settings, got)
		case got != nil && got.Error() != *row.Error:
			t.Errorf("%s %s:\ngot  %v\nwant %s", row.Model, row.Settings, got, *row.Error)
		}
	}
}

// makeFromJSON makes the model, with tissues if the row has none.
func makeFromJSON(g *acq.GradientTable, row wrongSetting) error {
	kind, err := model.Find(row.Model)
	if err != nil {
		return err
	}
	s, err := kind.ParseJSON(string(row.Settings))
	if err == nil && kind.Needs.Tissues && !s.Given("response") {
		white := acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}
		err = s.SetTissues(model.NameTissues([]acq.Response{white}))
	}
	if err == nil {
		_, err = s.Model(g)
	}
	return err
}

// Python's json reads such a number as infinity, so the table cannot have it.
func TestANumberBeyondDoublePrecisionIsShownAsItWasWritten(t *testing.T) {
	kind, err := model.Find("dti")
	if err != nil {
		t.Fatal(err)
	}
	_, fromJSON := kind.ParseJSON(`{"min_signal": 1e400}`)
	fromText := kind.NewFlagSettings().SetTexts(map[string]string{"min_signal": "1e400"})
	for got, want := range map[error]string{
		fromJSON: "dti: min_signal is 1e400, expected a number above 0",
		fromText: "dti: --min-signal is 1e400, expected a number above 0",
	} {
		if got == nil || got.Error() != want {
			t.Errorf("the error is %v, want %s", got, want)
		}
	}
}

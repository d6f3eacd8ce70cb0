package native

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/model"
)

// The verdict and the words are those of kbench and of Python, except for the spelling of an option's name.
func TestWrongSettingsAreRefusedInTheWordsOfTheTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "model", "testdata", "wrong_settings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Model    string          `json:"model"`
		Settings json.RawMessage `json:"settings"`
		Error    *string         `json:"error"`
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	bvals, bvecs := acquisition()
	for _, row := range rows {
		settings := string(row.Settings)
		if kind, err := model.Find(row.Model); err == nil && kind.Needs.Tissues && !strings.Contains(settings, "response") {
			settings = strings.Replace(settings, "{", `{"response": [{"name": "WM", "evals": [0.0017, 0.0003, 0.0003], "s0": 1000}], `, 1)
		}
		h, err := New(row.Model, bvals, bvecs, settings)
		switch {
		case err == nil && row.Error != nil:
			t.Errorf("%s %s was accepted, expected: %s", row.Model, settings, *row.Error)
		case err != nil && row.Error == nil:
			t.Errorf("%s %s was refused: %v", row.Model, settings, err)
		case err != nil && err.Error() != *row.Error:
			t.Errorf("%s %s:\ngot  %v\nwant %s", row.Model, settings, err, *row.Error)
		}
		if err == nil {
			_ = Free(h)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/model"
)

// A wrongSetting is a row of model/testdata/wrong_settings.json.
type wrongSetting struct {
	Model       string         `json:"model"`
	Settings    map[string]any `json:"settings"`
	Error       *string        `json:"error"`
	CommandLine *string        `json:"command_line"` // the error on the command line if it differs; "" if there is none
}

// words returns the words of the error on the command line, or nil if the setting is accepted.
func (w wrongSetting) words() *string {
	switch {
	case w.CommandLine == nil:
		return w.Error
	case *w.CommandLine == "":
		return nil
	}
	return w.CommandLine
}

// The verdict and the words are those of the C library and of Python. The exceptions are the spelling of an option's
// name, and strings that are numbers or booleans without their quotes.
func TestWrongSettingsAreRefusedInTheWordsOfTheTable(t *testing.T) {
	d := json.NewDecoder(bytes.NewReader(read(t, filepath.Join("..", "..", "model", "testdata", "wrong_settings.json"))))
	d.UseNumber()
	var rows []wrongSetting
	if err := d.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		args := []string{"fit", row.Model, "absent.nii", "-o", filepath.Join(t.TempDir(), "maps")}
		for name, value := range row.Settings {
			args = append(args, "--"+model.FlagName(name)+"="+argument(value))
		}
		var stdout, stderr bytes.Buffer
		// With right options the error is about the image.
		code, want := run(context.Background(), args, &stdout, &stderr), "absent.nii"
		got := strings.TrimSpace(strings.TrimPrefix(stderr.String(), "kbench: "))
		words := row.words()
		if words != nil {
			want, got = *words, withoutDashes(got)
		}
		if code == 0 || got != want && !(words == nil && strings.Contains(got, want)) {
			t.Errorf("kbench %v:\ngot  %s\nwant %s", args, got, want)
		}
	}
}

var flagName = regexp.MustCompile(`--([A-Za-z0-9-]+)`)

// withoutDashes spells names of options as JSON does.
func withoutDashes(text string) string {
	return flagName.ReplaceAllStringFunc(text, func(flag string) string {
		return strings.ReplaceAll(strings.TrimPrefix(flag, "--"), "-", "_")
	})
}

// argument writes a JSON value as a user types it.
func argument(value any) string {
	switch v := value.(type) {
	case map[string]any: // a response
		list := argument(v["evals"])
		if v["s0"] != nil {
			list += "," + argument(v["s0"])
		}
		return list
	case []any:
		var words []string
		separator := ","
		for _, item := range v {
			switch item.(type) {
			case []any, map[string]any: // a vector, a tissue
				separator = ";"
			}
			words = append(words, argument(item))
		}
		return strings.Join(words, separator)
	}
	return fmt.Sprint(value)
}

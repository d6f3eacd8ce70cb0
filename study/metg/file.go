package metg

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/lock"
)

// Kind is the word by which a file says that it is a study of this package.
const Kind = "voxfit METG study"

// file is the form of a study's JSON file.
type file struct {
	Kind string `json:"kind"`
	Study
}

// Write writes a study to a JSON file. After an error, an older file at the path is as it was.
func (s Study) Write(path string) error {
	text, err := json.MarshalIndent(file{Kind, s}, "", " ")
	if err != nil {
		return err
	}
	return disk.Replace(path, append(text, '\n'))
}

// Read reads a study that Write wrote.
func Read(path string) (Study, error) {
	text, err := lock.ReadFile(path)
	if err != nil {
		return Study{}, err
	}
	s, err := Parse(text)
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Parse reads a study from the text of a file.
func Parse(text []byte) (Study, error) {
	var f file
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&f); err != nil {
		return Study{}, fmt.Errorf("found no JSON of a METG study (%w), expected a file that kbench metg wrote", err)
	}
	if f.Kind != Kind {
		return Study{}, fmt.Errorf("found the kind %q, expected %q: a file that kbench metg wrote", f.Kind, Kind)
	}
	return f.Study, f.check()
}

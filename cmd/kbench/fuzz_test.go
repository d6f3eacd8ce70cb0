package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An accepted journal moves files only inside its folder, and stays the same when it is written and read again.
func FuzzJournalsAreReadOrRefused(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"Files":[{"Name":"a","Size":1,"Changed":2}],"Old":["b"],"Shared":["c"],"Spent":[".d"]}`,
		`{"Old":["../b"]}`, `{"Old":["/b"]}`, `{"Old":[".."]}`, `{"Old":["."]}`, `{"Old":[""]}`, `{"Files":[{"Name":"a\\b"}]}`, `{"Spent":["a/"]}`, `{"Spent":["a\u0000"]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		j, err := parseJournal([]byte(text))
		if err != nil {
			return
		}
		names := slices.Concat(j.Old, j.Shared, j.Spent)
		for _, file := range j.Files {
			names = append(names, file.Name)
		}
		for _, name := range names {
			if name == "." || name == ".." || name == "" || filepath.Dir(filepath.Join("folder", name)) != "folder" {
				t.Errorf("%q names %q", text, name)
			}
		}
		again, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseJournal(again); err != nil {
			t.Errorf("%q was taken, and %q is refused: %v", text, again, err)
		}
	})
}

// Every reader of sidecars accepts any file in the place of a sidecar, or refuses it in one line.
func FuzzSidecarsAreReadOrRefused(f *testing.F) {
	path := filepath.Join(f.TempDir(), "model-csd_param-fod_dwimap.json")
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"Parameter":"fod","Components":45,"Basis":"descoteaux07","Fit":{"Model":"x","Shard":"2/8","Inputs":[{"Path":"a"}]}}`,
		`{"Fit":{"Shard":"9/8"}}`, `{"Fit":{"Inputs":[]}}`, `{"GeneratedBy":{"Command":"kbench fit 'a b'"}}`, `{"Components":-1}`, `{"Harmonics":{"Basis":1}}`,
		`{"Fit":{"Options":{"lmax":8}},"ConvertedBy":{}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, part, err := readMap(path); err != nil {
			wantLine(t, err)
		} else if part.of != 0 && (part.part < 1 || part.part > part.of) {
			t.Errorf("%q is of the shard %v", text, part)
		}
		image := stemOf(path) + ".nii.gz"
		if _, part, err := readSidecar(strings.TrimSuffix(image, ".json.nii.gz") + ".nii.gz"); err != nil {
			wantLine(t, err)
		} else {
			part.forms()
		}
		sourceOf(path)
		if _, err := readMapSets(filepath.Dir(path), ""); err != nil {
			wantLine(t, err)
		}
	})
}

func wantLine(t *testing.T, err error) {
	t.Helper()
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("an error of several lines: %q", err)
	}
}

// The names of maps never leave their folder.
func FuzzNamesOfImagesGiveNamesOfMaps(f *testing.F) {
	for _, seed := range []string{"sub-01_dir-AP_dwi", "sub-01_desc-preproc_dwi", "dwi", "_dwi", "sub-_dwi", "a-b_c-d_../x", "sub-01_desc-a_desc-b_dwi", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stem string) {
		n := readBIDSName(stem)
		name := n.prefix + "model-x_dwimap"
		if filepath.Base(name) != name {
			t.Errorf("%q gives %q", stem, name)
		}
		if n.prefix != "" && !strings.HasSuffix(n.prefix, "_") || n.prefix == "" && n.desc == "" && n.subject {
			t.Errorf("%q is read as %+v", stem, n)
		}
	})
}

// A sidecar has the command in one line, which `kbench verify` splits again.
func FuzzCommandsComeBackFromTheirLine(f *testing.F) {
	for _, seed := range []string{"fit\ncsdm\na b.nii.gz", "it's\n", "\\\n'\n\"", "a\x00b\n-o\n..", "é ß\n$HOME;rm"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, "\n")
		words, err := commandWords(commandLine(args))
		if err != nil || !slices.Equal(words, append([]string{"kbench"}, args...)) {
			t.Errorf("%q came back as %q (%v)", args, words, err)
		}
		if words, err := commandWords(text); err == nil && len(words) == 0 {
			t.Errorf("%q was taken apart into nothing", text)
		}
	})
}

// Values of flags with a special form are read or refused.
func FuzzValuesOfFlagsAreReadOrRefused(f *testing.F) {
	for _, seed := range []string{"8G", "500M", "1.5kb", "nan", "inf", "1e300T", "2/8", "0/1", "9/8", "1/1 .", "0x10/0x20", "2 8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var size byteSize
		if err := size.Set(text); err == nil && size < 1 {
			t.Errorf("%q was read as %d bytes", text, size)
		}
		var part shard
		if err := part.Set(text); err == nil {
			if again := (shard{}); again.Set(part.String()) != nil || again != part || part.part < 1 || part.part > part.of {
				t.Errorf("%q was read as part %d of %d", text, part.part, part.of)
			}
		}
		if form := harmonicFormOf(text); form.basis == "" && form.frame != "" {
			t.Errorf("%q was read as %+v", text, form)
		}
	})
}

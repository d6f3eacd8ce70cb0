package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/voxfit/voxfit/lock"
)

// A bidsName is what the name of an image says by BIDS's entities, as sub-01 and dir-AP.
type bidsName struct {
	prefix  string // what the names of its maps begin with: "sub-01_dir-AP_"
	desc    string // the value of desc, or ""
	subject bool   // whether it is of a dataset's subject
}

var (
	entityText = regexp.MustCompile(`^[a-zA-Z]+-[a-zA-Z0-9+]+$`)
	suffixText = regexp.MustCompile(`^[a-zA-Z0-9]+$`)
)

// readBIDSName reads the name of an image, without folder and ending. A name without entities gives the zero value. If
// the name is of entities and a suffix, as BIDS has it, names of maps begin with the entities, desc left out. A name
// that has entities beside other parts, as data_sub-05_dwi and sub-01_dwi_v2, is kept whole, so that no two subjects
// share a name.
func readBIDSName(stem string) (n bidsName) {
	stem = filepath.Base(stem)
	parts := strings.Split(stem, "_")
	last := len(parts) - 1
	isBIDS := suffixText.MatchString(parts[last])
	var entities, kept []string
	for i, part := range parts {
		if !entityText.MatchString(part) {
			isBIDS = isBIDS && i == last
			continue
		}
		entities = append(entities, part)
		n.subject = n.subject || strings.HasPrefix(part, "sub-")
		if value, is := strings.CutPrefix(part, "desc-"); is {
			n.desc = value
			continue
		}
		kept = append(kept, part+"_")
	}
	switch {
	case len(entities) == 0:
		return bidsName{}
	case isBIDS:
		n.prefix = strings.Join(kept, "")
	default:
		n.prefix, n.desc = stem+"_", ""
	}
	return n
}

// differsInDescAlone reports whether another image's maps would have the same names but for desc.
func (n bidsName) differsInDescAlone(other bidsName) bool {
	return n.prefix == other.prefix && n.desc != other.desc
}

// keptDesc is the value of desc that the names of maps keep: none, unless there is another image whose name differs in desc
// alone, beside this one or among the sources of what the output folder holds.
func keptDesc(image, out string) string {
	own := readBIDSName(stemOf(image))
	if own.desc == "" {
		return ""
	}
	others, _ := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(image)), "*.nii*"))
	others = append(others, sourcesIn(out, own.prefix)...)
	for _, other := range others {
		if own.differsInDescAlone(readBIDSName(stemOf(other))) && suffixOf(other) == suffixOf(image) {
			return own.desc
		}
	}
	return ""
}

// suffixOf is the last part of an image's name: "dwi".
func suffixOf(image string) string {
	stem := stemOf(image)
	return stem[strings.LastIndex(stem, "_")+1:]
}

var globText = regexp.MustCompile(`[\[\]*?\\]`)

func escapeGlob(path string) string { return globText.ReplaceAllString(path, `\$0`) }

// sourcesIn are the images that the maps of a folder were made from, of those whose names have the prefix and do not keep desc.
func sourcesIn(dir, prefix string) []string {
	sidecars, _ := filepath.Glob(filepath.Join(escapeGlob(dir), prefix+"model-*.json"))
	var sources []string
	for _, path := range sidecars {
		if desc := descOf(filepath.Base(path)); desc != "" && !strings.HasPrefix(desc, "shard") {
			continue // these names tell their sources apart
		}
		if source := sourceOf(path); source != "" {
			sources = append(sources, source)
		}
	}
	return sources
}

// sourceOf is the image that a map was made from, by its sidecar; "" where that does not say.
func sourceOf(sidecar string) string {
	text, err := lock.ReadFile(sidecar)
	if err != nil {
		return ""
	}
	var content struct {
		Fit struct{ Inputs []inputFile }
	}
	if json.Unmarshal(text, &content) != nil || len(content.Fit.Inputs) == 0 {
		return ""
	}
	return content.Fit.Inputs[0].Path
}

// descriptionFile is what each BIDS dataset has at its top.
const descriptionFile = "dataset_description.json"

// needsDescription reports whether the output folder is to get a dataset_description.json: the input is of a subject, and
// neither the folder nor, where it is that of a subject, the dataset's top has one.
func needsDescription(n bidsName, out string) bool {
	if !n.subject {
		return false
	}
	for dir := filepath.Clean(out); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, descriptionFile)); err == nil {
			return false
		}
		name := filepath.Base(dir)
		if !strings.HasPrefix(name, "sub-") && !strings.HasPrefix(name, "ses-") && name != "dwi" {
			return true
		}
	}
}

// datasetDescription is the text of that file.
func datasetDescription() ([]byte, error) {
	text, err := json.MarshalIndent(struct {
		Name        string
		BIDSVersion string
		DatasetType string
		GeneratedBy []map[string]string
	}{"Diffusion models fitted by voxfit", "1.9.0", "derivative", []map[string]string{{"Name": "voxfit kbench", "Version": version()}}}, "", "  ")
	return append(text, '\n'), err
}

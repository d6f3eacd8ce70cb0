package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/voxfit/voxfit/lock"
)

// A bidsName is what the BIDS entities in the name of an image say, such as sub-01 and dir-AP.
type bidsName struct {
	prefix  string // the beginning of the names of its maps: "sub-01_dir-AP_"
	desc    string // the value of desc, or ""
	subject bool   // whether the image is of a subject of a dataset
}

var (
	entityText = regexp.MustCompile(`^[a-zA-Z]+-[a-zA-Z0-9+]+$`)
	suffixText = regexp.MustCompile(`^[a-zA-Z0-9]+$`)
)

// readBIDSName reads the name of an image, without folder and ending. A name without entities gives the zero value. If
// the name consists of entities and a suffix, as in BIDS, names of maps begin with the entities without desc. A name
// that also has other parts, such as data_sub-05_dwi and sub-01_dwi_v2, is kept whole, so that no two subjects share a
// name.
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

// differsInDescAlone reports whether the maps of another image would have the same names except for desc.
func (n bidsName) differsInDescAlone(other bidsName) bool {
	return n.prefix == other.prefix && n.desc != other.desc
}

// keptDesc returns the value of desc that the names of maps keep. It is empty unless there is another image whose name
// differs in desc alone, beside this one or among the sources of the maps in the output folder.
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

// suffixOf returns the last part of an image's name, such as "dwi".
func suffixOf(image string) string {
	stem := stemOf(image)
	return stem[strings.LastIndex(stem, "_")+1:]
}

var globText = regexp.MustCompile(`[\[\]*?\\]`)

func escapeGlob(path string) string { return globText.ReplaceAllString(path, `\$0`) }

// sourcesIn returns the images that the maps of a folder were made from. It looks at maps whose names have the prefix
// and no desc.
func sourcesIn(dir, prefix string) []string {
	sidecars, _ := filepath.Glob(filepath.Join(escapeGlob(dir), prefix+"model-*.json"))
	var sources []string
	for _, path := range sidecars {
		if desc := descOf(filepath.Base(path)); desc != "" && !strings.HasPrefix(desc, "shard") {
			continue // the names of such maps have desc already
		}
		if source := sourceOf(path); source != "" {
			sources = append(sources, source)
		}
	}
	return sources
}

// sourceOf returns the image that a map was made from, by its sidecar, or "" if that does not say.
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

// descriptionFile is the name of the file that each BIDS dataset has in its top folder.
const descriptionFile = "dataset_description.json"

// needsDescription reports whether the output folder must get a dataset_description.json. It must if the input is of a
// subject and no folder from out up to the dataset's top has one.
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

// datasetDescription returns the text of that file.
func datasetDescription() ([]byte, error) {
	text, err := json.MarshalIndent(struct {
		Name        string
		BIDSVersion string
		DatasetType string
		GeneratedBy []map[string]string
	}{"Diffusion models fitted by voxfit", "1.9.0", "derivative", []map[string]string{{"Name": "voxfit kbench", "Version": version()}}}, "", "  ")
	return append(text, '\n'), err
}

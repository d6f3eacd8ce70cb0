package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/nifti"
)

// A mapSet is the maps that one fit, or one shard of it, wrote into a folder.
type mapSet struct {
	folder string
	stem   string // the beginning of their names, before the parameter: "sub-01_model-csd"
	desc   string // the value of desc in their names, without the shard
	shard  shard
	maps   []savedMap
}

// A savedMap is one map with its sidecar.
type savedMap struct {
	sidecar
	conversion
	path  string      // the path of the image
	text  []byte      // the text of the sidecar
	seen  os.FileInfo // the state of the sidecar when it was read
	image inputImage  // set by watch
}

// watch opens the image. From now on all readings of it must see the same bytes.
func (m *savedMap) watch() (err error) {
	m.image, err = openImage(m.path)
	return err
}

// open returns the watched image, if there is one, or else opens the image.
func (m *savedMap) open() (*nifti.Image, error) {
	if m.image.Image != nil {
		return m.image.Image, nil
	}
	return nifti.Open(m.path)
}

// confirm checks the map and its sidecar once more. Both must be as they were when they were read.
func (m *savedMap) confirm() error {
	name := stemOf(m.path) + ".json"
	again, _, err := readMap(name)
	if err != nil {
		return err
	}
	if same, err := nifti.Untouched(name, m.seen); !same || err != nil || !bytes.Equal(again.text, m.text) {
		return fmt.Errorf("%s %w", name, nifti.ErrChanged)
	}
	if same, err := nifti.Untouched(m.path, m.image.before); !same || err != nil {
		return fmt.Errorf("%s %w", m.path, nifti.ErrChanged)
	}
	return nil
}

// A conversion is the part of a sidecar that marks a map as the output of kbench convert.
type conversion struct{ ConvertedBy map[string]string }

// generator is the name of this program in sidecars.
const generator = "voxfit kbench"

// readMapSets finds the sets of maps in a folder by their sidecars. It returns those of one stem, or all if the stem is
// "".
func readMapSets(folder, of string) ([]mapSet, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var sets []mapSet
	for _, e := range entries {
		stem, _, isMap := cutParameter(e.Name())
		if !isMap || of != "" && stem != of || strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".json" {
			continue
		}
		m, part, err := readMap(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		if m.GeneratedBy["Name"] != generator || m.ConvertedBy != nil {
			continue
		}
		desc := strings.TrimSuffix(descOf(e.Name()), part.label())
		i := slices.IndexFunc(sets, func(s mapSet) bool { return s.stem == stem && s.desc == desc && s.shard == part })
		if i < 0 {
			i = len(sets)
			sets = append(sets, mapSet{folder: folder, stem: stem, desc: desc, shard: part})
		}
		sets[i].maps = append(sets[i].maps, m)
	}
	return sets, nil
}

// cutParameter splits a map's name before its parameter, into "sub-01_model-csd" and "fod_dwimap". It splits at the
// last parameter, because the image's name in the first part may have a param of its own.
func cutParameter(name string) (stem, rest string, isMap bool) {
	if i := strings.LastIndex(name, parameterEntity); i >= 0 {
		return name[:i], name[i+len(parameterEntity):], true
	}
	return name, "", false
}

const parameterEntity = "_param-"

// descOf returns the value of the entity desc in a map's name, or "".
func descOf(name string) string {
	_, rest, _ := cutParameter(name)
	_, after, _ := strings.Cut(rest, "_desc-")
	value, _, _ := strings.Cut(after, "_")
	return value
}

// readMap reads the JSON beside a map. Options keep the form in which they are written.
func readMap(path string) (m savedMap, part shard, err error) {
	f, err := lock.OpenToRead(path)
	if err != nil {
		return m, part, err
	}
	defer f.Close()
	if m.seen, err = f.Stat(); err != nil {
		return m, part, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return m, part, err
	}
	m.text = text
	m.Fit.Options = new(json.RawMessage)
	err = json.Unmarshal(text, &m.sidecar)
	if err == nil {
		err = json.Unmarshal(text, &m.conversion)
	}
	if err != nil {
		return m, part, fmt.Errorf("%s: not a sidecar of this program: %w", path, err)
	}
	if m.Fit.Shard != "" {
		if err := part.Set(m.Fit.Shard); err != nil {
			return m, part, fmt.Errorf("%s: Shard is %q: %w", path, m.Fit.Shard, err)
		}
	}
	m.path = strings.TrimSuffix(path, ".json") + ".nii.gz"
	return m, part, nil
}

// find returns the map of a parameter.
func (s *mapSet) find(parameter string) (savedMap, error) {
	for _, m := range s.maps {
		if m.Parameter == parameter {
			return m, nil
		}
	}
	return savedMap{}, fmt.Errorf("%s: no map of %s of %s", s.folder, parameter, s)
}

// name returns the name of the whole set, without its shard.
func (s *mapSet) name() string {
	if s.desc == "" {
		return s.stem
	}
	return s.stem + "_desc-" + s.desc
}

// lockName returns the name of the set in the names of its lock and its other hidden files, as kbench fit writes them.
func (s *mapSet) lockName() string {
	if desc := s.desc + s.shard.label(); desc != "" {
		return s.stem + "_desc-" + desc
	}
	return s.stem
}

// String names the set in messages.
func (s *mapSet) String() string { return strings.TrimSpace(s.name() + " " + s.shard.String()) }

// ofOneFit returns an error unless the sidecars of all maps describe the same fit.
func (s *mapSet) ofOneFit() error {
	first, err := asJSON(s.maps[0].Fit)
	if err != nil {
		return err
	}
	for _, m := range s.maps[1:] {
		fit, err := asJSON(m.Fit)
		if err != nil {
			return err
		}
		if found := difference("Fit", first, fit); found != nil {
			return fmt.Errorf("%s and %s are of different fits: %s", s.maps[0].path, m.path, found.between("in the first", "in the second"))
		}
	}
	return nil
}

// parameters returns the names of the maps, sorted.
func (s *mapSet) parameters() []string {
	var names []string
	for _, m := range s.maps {
		names = append(names, m.Parameter)
	}
	slices.Sort(names)
	return names
}

// inMask returns the voxels of the fit's mask, and those of them that the set itself has.
func (s *mapSet) inMask(read func(image *nifti.Image, index []int, components int) ([]float32, error)) (mask, own []int, err error) {
	m, err := s.find("status")
	if err != nil {
		return nil, nil, err
	}
	image, err := m.open()
	if err != nil {
		return nil, nil, err
	}
	codes, err := read(image, nifti.FullMask(image.Header).Index, 1)
	if err != nil {
		return nil, nil, err
	}
	for v, x := range codes {
		code := kernel.Code(x)
		if float32(code) != x || code.String() == "Unknown" {
			x, y, z := coordinates(image.Header, v)
			return nil, nil, fmt.Errorf("%s: voxel (%d, %d, %d) holds %g, which is not a status", m.path, x, y, z, codes[v])
		}
		if code == kernel.OutsideMask {
			continue
		}
		mask = append(mask, v)
		if code != kernel.NotInShard {
			own = append(own, v)
		}
	}
	return mask, own, nil
}

// coordinates returns a voxel's place in an image, counted from 0.
func coordinates(h *nifti.Header, voxel int) (x, y, z int) {
	at := place(voxel, h.SpatialShape())
	return at[0], at[1], at[2]
}

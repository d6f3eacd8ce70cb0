package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/model"
)

const mapsHelp = "maps to write, by their names, or all (default: all but those that kbench options lists after \"with --maps\")"

// chooseMaps decides for each of the model's maps whether it is made and written.
func (j *fitJob) chooseMaps() error {
	maps := j.model.Maps()
	j.wanted = make([]bool, len(maps))
	names := make([]string, len(maps))
	for i, m := range maps {
		names[i] = m.Name
	}
	j.mapNames = knownNames(j.mapNames, append(names, "all")...)
	all := len(j.mapNames) == 1 && j.mapNames[0] == "all"
	for i, m := range maps {
		j.wanted[i] = all || len(j.mapNames) == 0 && !m.OnRequest || slices.Contains(j.mapNames, m.Name)
	}
	if all {
		return nil
	}
	for _, name := range j.mapNames {
		if slices.Contains(names, name) {
			continue
		}
		if slices.ContainsFunc(j.kind.OptionList(), func(o model.Option) bool {
			return o.Kind == model.BooleanOption && strings.EqualFold(o.Name, name) // it adds the map of its name
		}) {
			return fmt.Errorf("--maps: %s has the map %s only with the flag --%s; add it", j.kind.Name, name, strings.ToLower(name))
		}
		return fmt.Errorf("--maps: %s has no map %q; it has %s, or say all", j.kind.Name, name, strings.Join(names, ", "))
	}
	return nil
}

// wantedMaps iterates over the maps that are made and written, with their numbers among the model's maps.
func (j *fitJob) wantedMaps(yield func(int, model.Map) bool) {
	for i, m := range j.model.Maps() {
		if j.wanted[i] && !yield(i, m) {
			return
		}
	}
}

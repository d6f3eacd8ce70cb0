package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/sh"
)

func TestPeaksAreVerticesOfTheSphereThatTheSidecarNames(t *testing.T) {
	image := small(t, 64)
	for _, c := range []struct {
		sphere string
		peaks  int
		flags  []string
		want   map[string]any
	}{
		{"repulsion724", 5, nil, map[string]any{"sphere": "repulsion724", "peaks": 5.0, "peak_threshold": 0.5, "peak_separation": 25.0}},
		{"symmetric642", 2, []string{"--sphere", "Symmetric642", "--peaks", "2", "--peak-threshold", "0", "--peak-separation", "40"},
			map[string]any{"sphere": "symmetric642", "peaks": 2.0, "peak_threshold": 0.0, "peak_separation": 40.0}},
	} {
		out := t.TempDir()
		succeed(t, append([]string{"fit", "csdm", image, "--response", "0.0017,0.0003,0.0003,1000", "-o", out}, c.flags...)...)
		options := sidecarOptions(t, filepath.Join(out, "model-csd_param-peaks_dwimap.json"))
		for name, want := range c.want {
			if options[name] != want {
				t.Errorf("%s: the sidecar's option %s is %v, want %v", c.sphere, name, options[name], want)
			}
		}
		sphere, err := sh.Hemisphere(c.sphere)
		if err != nil {
			t.Fatal(err)
		}
		peaks := values(t, filepath.Join(out, "model-csd_param-peaks_dwimap.nii.gz"))
		found := 0
		for i := 0; i < len(peaks); i += 3 {
			peak := [3]float32(peaks[i:])
			if peak == [3]float32{} {
				continue
			}
			found++
			if !slices.ContainsFunc(sphere.Vertices, func(v [3]float64) bool {
				return peak == [3]float32{float32(v[0]), float32(v[1]), float32(v[2])}
			}) {
				t.Fatalf("%s: peak %v is not a vertex", c.sphere, peak)
			}
		}
		if voxels := len(peaks) / 3 / c.peaks; found < voxels || voxels < 64 {
			t.Errorf("%s: %d peaks of %d voxels", c.sphere, found, voxels)
		}
	}
}

func TestUnknownSphereIsAnErrorThatNamesThoseThereAre(t *testing.T) {
	refuse(t, []string{"fit", "csdm", small(t, 8), "--sphere", "repulsion362", "-o", t.TempDir()}, "--sphere", "repulsion362", "symmetric362")
}

package release_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/release"
)

// The version is written in Go, for kbench and the library, and in Python, from where pyproject.toml takes it.
func TestTheVersionIsTheSameEverywhere(t *testing.T) {
	for file, line := range map[string]string{
		"python/voxfit/__init__.py":   `__version__ = "` + release.Version + `"`,
		"python/pyproject.toml":       `version = { attr = "voxfit.__version__" }`,
		"CHANGELOG.md":                "## " + release.Version,
		"packaging/conda/recipe.yaml": `version: "` + release.Version + `"`,
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", file))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(text), line) {
			t.Errorf("%s has no line with %s", file, line)
		}
	}
}

func TestEachLibraryOfAReleaseHasATagThatNamesItAlone(t *testing.T) {
	for _, p := range release.Libraries {
		tag, err := p.WheelTag("2_17")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := release.PlatformOfTag(tag); got != p || err != nil {
			t.Errorf("%s is the tag of %v (%v), want %v", tag, got, err, p)
		}
	}
	for _, tag := range []string{"", "musllinux_1_2_x86_64", "linux_x86_64"} {
		if p, err := release.PlatformOfTag(tag); err == nil {
			t.Errorf("%q is the tag of %v", tag, p)
		}
	}
}

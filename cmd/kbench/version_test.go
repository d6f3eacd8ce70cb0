package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/release"
)

func TestTheVersionSaysWhatTheProgramWasBuiltFrom(t *testing.T) {
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	clean, changed := debug.BuildSetting{Key: "vcs.modified", Value: "false"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, c := range []struct {
		settings []debug.BuildSetting
		sources  string
		want     string
	}{
		{[]debug.BuildSetting{commit, clean}, "", "+0123456789ab.go1.26"},
		{[]debug.BuildSetting{commit, clean}, "feedfeedfeed", "+0123456789ab.go1.26"},
		{[]debug.BuildSetting{commit, changed}, "", "+0123456789ab.dirty.go1.26"},
		{[]debug.BuildSetting{commit, changed}, "feedfeedfeed", "+0123456789ab.dirty.feedfeedfeed.go1.26"},
		{nil, "feedfeedfeed", "+sources.feedfeedfeed.go1.26"},
		{nil, "", "+unknown.go1.26"},
	} {
		if got := versionOf(c.settings, c.sources, "go1.26"); got != release.Version+c.want {
			t.Errorf("found %s, want %s", got, release.Version+c.want)
		}
	}
	if text := succeed(t, "version"); text != succeed(t, "--version") || !strings.Contains(text, version()) {
		t.Errorf("kbench version says %q", text)
	}
	if !strings.HasSuffix(version(), "."+runtime.Version()) {
		t.Errorf("%s does not end in the version of Go", version())
	}
}

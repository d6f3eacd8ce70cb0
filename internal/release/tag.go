package release

import (
	"fmt"
	"strings"
)

// wheelTags are how the platform tags of wheels begin and end (PEP 425, PEP 600). Between them is the oldest glibc or
// macOS on which the library loads, as 2_17 or 12_0; for Windows there is nothing between.
var wheelTags = map[Platform]struct{ begin, end string }{
	{"linux", "amd64"}:   {"manylinux_", "_x86_64"},
	{"linux", "arm64"}:   {"manylinux_", "_aarch64"},
	{"darwin", "amd64"}:  {"macosx_", "_x86_64"},
	{"darwin", "arm64"}:  {"macosx_", "_arm64"},
	{"windows", "amd64"}: {"win_", "amd64"},
	{"windows", "arm64"}: {"win_", "arm64"},
}

// WheelTag is the platform tag of a wheel whose library loads from a version of glibc or macOS on, as 2_17 or 12_0.
// For Windows the version is empty. A platform for which there are no wheels is an error.
func (p Platform) WheelTag(oldest string) (string, error) {
	tag, known := wheelTags[p]
	if !known {
		return "", fmt.Errorf("no wheels are made for %s", p)
	}
	return tag.begin + oldest + tag.end, nil
}

// PlatformOfTag is the platform of a wheel with this tag.
func PlatformOfTag(tag string) (Platform, error) {
	for p, known := range wheelTags {
		if strings.HasPrefix(tag, known.begin) && strings.HasSuffix(tag, known.end) {
			return p, nil
		}
	}
	return Platform{}, fmt.Errorf("no platform is known with the tag %s of a wheel", tag)
}

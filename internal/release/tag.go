package release

import (
	"fmt"
	"strings"
)

// wheelTags has the beginning and the end of each platform tag of wheels (PEP 425, PEP 600). Between them stands the
// oldest glibc or macOS on which the library loads, such as 2_17 or 12_0. For Windows nothing stands between.
var wheelTags = map[Platform]struct{ begin, end string }{
	{"linux", "amd64"}:   {"manylinux_", "_x86_64"},
	{"linux", "arm64"}:   {"manylinux_", "_aarch64"},
	{"darwin", "amd64"}:  {"macosx_", "_x86_64"},
	{"darwin", "arm64"}:  {"macosx_", "_arm64"},
	{"windows", "amd64"}: {"win_", "amd64"},
	{"windows", "arm64"}: {"win_", "arm64"},
}

// WheelTag returns the platform tag of a wheel. oldest is the first version of glibc or macOS on which its library
// loads, such as 2_17 or 12_0, and is empty for Windows. A platform without wheels is an error.
func (p Platform) WheelTag(oldest string) (string, error) {
	tag, known := wheelTags[p]
	if !known {
		return "", fmt.Errorf("no wheels are made for %s", p)
	}
	return tag.begin + oldest + tag.end, nil
}

// PlatformOfTag returns the platform of a wheel with this tag.
func PlatformOfTag(tag string) (Platform, error) {
	for p, known := range wheelTags {
		if strings.HasPrefix(tag, known.begin) && strings.HasSuffix(tag, known.end) {
			return p, nil
		}
	}
	return Platform{}, fmt.Errorf("no platform has wheels with the tag %s", tag)
}

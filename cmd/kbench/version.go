package main

import "runtime/debug"

// release is the version of the next or current release, as CHANGELOG.md lists it.
const release = "0.1.0"

// version is the release, with the commit when the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return release + "+" + s.Value[:12]
		}
	}
	return release
}

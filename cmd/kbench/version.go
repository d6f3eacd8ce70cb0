package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/voxfit/voxfit/internal/release"
)

// newVersionCommand makes a command that prints the same as --version, for those who look for it among the commands.
func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which release this is, and what it was built from: the commit or a hash of the sources, and Go's version",
		Args:  cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			fmt.Fprintf(c.OutOrStdout(), "kbench version %s\n", version())
		},
	}
}

// sources is a hash of all files that the program was built from, as scripts/hash-sources makes it. `make build` sets it
// through the linker; it is empty in other builds.
var sources string

// version returns the release, what the program was built from, and the version of Go. It was built from a commit
// ("dirty" if files had been changed since), or from sources with a hash. Two builds that may fit differently have
// different versions, except builds of changed files without `make build`.
func version() string {
	var settings []debug.BuildSetting
	if info, ok := debug.ReadBuildInfo(); ok {
		settings = info.Settings
	}
	return versionOf(settings, sources, runtime.Version())
}

func versionOf(settings []debug.BuildSetting, sources, goVersion string) string {
	commit, dirty := "", false
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			commit = s.Value[:12]
		case s.Key == "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	built := commit
	switch {
	case commit == "" && sources == "":
		built = "unknown"
	case commit == "":
		built = "sources." + sources
	case dirty && sources == "":
		built += ".dirty"
	case dirty:
		built += ".dirty." + sources
	}
	return release.Version + "+" + built + "." + goVersion
}

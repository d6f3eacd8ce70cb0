// Packaging makes what a release has beside the wheels of `make wheels`, into the folder that they are in:
//
//	cd packaging && go run . -dist ../dist
//
// These are kbench for six platforms; the C library out of each wheel, with its header and pkg-config file; an image
// for containers with kbench alone; a list of all that is linked (CycloneDX); and SHA256SUMS. Archives have the time
// $SOURCE_DATE_EPOCH, so that the same sources give the same bytes. `make release` runs this program. It is a module of
// its own, because nothing else in voxfit needs the library that makes images.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/voxfit/voxfit/internal/release"
)

func main() {
	dist := flag.String("dist", "../dist", "the `folder` of the wheels, to write into")
	flag.Parse()
	if err := run("..", *dist); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(module, dist string) error {
	made, err := releaseTime()
	if err != nil {
		return err
	}
	if module, err = filepath.Abs(module); err != nil {
		return err
	}
	if dist, err = filepath.Abs(dist); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "voxfit-release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, step := range []func() error{
		func() error { return packPrograms(module, work, dist, made) },
		func() error { return packLibraries(module, work, dist, made) },
		func() error { return writeImages(module, work, dist, made) },
		func() error { return writeBillsOfMaterials(module, work, dist) },
		func() error { return checkVulnerabilities(module, work) },
		func() error { return writeChecksums(dist) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// releaseTime is $SOURCE_DATE_EPOCH, which scripts/make-release sets to the time of the commit.
func releaseTime() (time.Time, error) {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return time.Time{}, errors.New("SOURCE_DATE_EPOCH must be the time of the release in seconds since 1970 (`make release` sets it)")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// archiveName returns the beginning of a file's name in a release: what it is, the version and the platform.
func archiveName(what string, p platform) string {
	return fmt.Sprintf("%s-%s-%s-%s", what, release.Version, p.OS, p.Arch)
}

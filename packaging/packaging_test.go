package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/release"
)

var commitTime = time.Unix(1767225600, 0).UTC()

func this() platform { return platform{OS: runtime.GOOS, Arch: runtime.GOARCH} }

// copyModule copies what git has of the module, as far as this package can tell.
func copyModule(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && name[0] == '.' || name == "bin" || name == "dist" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), content, info.Mode())
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// module is the folder of go.mod of voxfit.
func module(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestKbenchHasTheSameBytesWhateverTheFolder(t *testing.T) {
	folders := []string{module(t), copyModule(t, module(t))}
	platforms := []platform{this()}
	if long.Asked() {
		platforms = release.Programs
	}
	for _, p := range platforms {
		var made [2][]byte
		for i, folder := range folders {
			if long.Asked() { // else packages come from Go's cache, where this does not depend on the folder
				t.Setenv("GOCACHE", t.TempDir())
			}
			path, err := buildProgram(folder, t.TempDir(), p)
			if err != nil {
				t.Fatal(err)
			}
			if made[i], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(made[0], made[1]) {
			t.Errorf("two folders gave different bytes for %v", p)
		}
		for _, folder := range folders {
			if bytes.Contains(made[0], []byte(folder)) {
				t.Errorf("kbench for %v contains the path %s", p, folder)
			}
		}
	}
}

// The image is written to a file, read again, unpacked, and its kbench is run with the unpacked folder as its root.
func TestTheImageHasAKbenchThatRunsWithNothingElse(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("images are for Linux")
	}
	dist, work := t.TempDir(), t.TempDir()
	for _, p := range release.Programs {
		if p == this() {
			if _, err := buildProgram(module(t), work, p); err != nil {
				t.Fatal(err)
			}
		} else if p.OS == "linux" { // not to be run here
			path := builtProgram(work, p)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("other"), 0o755)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var first []byte
	for range 2 {
		if err := writeImages(module(t), work, dist, commitTime); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dist, imageName(this())))
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(first, content) {
			t.Error("the same program gave two different images")
		}
		first = content
	}
	image, err := tarball.ImageFromPath(filepath.Join(dist, imageName(this())), nil)
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if configuration.OS != "linux" || configuration.Architecture != runtime.GOARCH {
		t.Errorf("the image is for %s/%s", configuration.OS, configuration.Architecture)
	}
	root := t.TempDir()
	files := mutate.Extract(image)
	defer files.Close()
	unpack(t, files, root)
	command := exec.Command(filepath.Join(root, configuration.Config.Entrypoint[0]), "version")
	if os.Getuid() == 0 {
		command.Path = configuration.Config.Entrypoint[0]
		command.Dir, command.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: root}
	}
	output, err := command.CombinedOutput()
	if want := "kbench version " + release.Version + "+sources."; err != nil || !strings.HasPrefix(string(output), want) {
		t.Errorf("printed %q (%v), expected %q ...", output, err, want)
	}
}

func unpack(t *testing.T, files io.Reader, root string) {
	t.Helper()
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, filepath.FromSlash(header.Name))
		content, err := io.ReadAll(archive)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, header.FileInfo().Mode())); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnArchiveDependsOnNothingButItsContent(t *testing.T) {
	source := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(source, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for p, extension := range map[platform]string{{OS: "linux", Arch: "amd64"}: ".tar.gz", {OS: "windows", Arch: "amd64"}: ".zip"} {
		var sums [2][sha256.Size]byte
		for i := range sums {
			path := filepath.Join(t.TempDir(), "archive")
			if err := pack(path, p, []entry{{name: "a/file", from: source, executable: true}}, commitTime); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path + extension)
			if err != nil {
				t.Fatal(err)
			}
			sums[i] = sha256.Sum256(content)
			later := commitTime.Add(time.Hour)
			if err := os.Chtimes(source, later, later); err != nil {
				t.Fatal(err)
			}
		}
		if sums[0] != sums[1] {
			t.Errorf("%s: the same content gave two different archives", extension)
		}
	}
}

func TestAnArchiveOfAMissingFileIsNotHalfWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive")
	if err := pack(path, this(), []entry{{name: "a", from: "no such file"}}, commitTime); err == nil {
		t.Error("a missing file was no error")
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("%s was left", left)
	}
}

func TestChecksumsAreThoseThatSha256sumChecks(t *testing.T) {
	dist := t.TempDir()
	if err := os.WriteFile(filepath.Join(dist, "a.whl"), []byte("wheel"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // SHA256SUMS itself is not in it
		if err := writeChecksums(dist); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(dist, checksums))
	if want := fmt.Sprintf("%x  a.whl\n", sha256.Sum256([]byte("wheel"))); err != nil || string(got) != want {
		t.Errorf("found %q (%v), want %q", got, err, want)
	}
}

func TestAWheelIsForThePlatformOfItsTag(t *testing.T) {
	for file, want := range map[string]platform{
		"voxfit-0.1.0-py3-none-manylinux_2_17_aarch64.whl": {OS: "linux", Arch: "arm64"},
		"voxfit-0.1.0-py3-none-macosx_12_0_arm64.whl":      {OS: "darwin", Arch: "arm64"},
		"voxfit-0.1.0-py3-none-win_amd64.whl":              {OS: "windows", Arch: "amd64"},
	} {
		if got, err := platformOfWheel(file); got != want || err != nil {
			t.Errorf("%s is for %v (%v), want %v", file, got, err, want)
		}
	}
	if _, err := platformOfWheel("voxfit-0.1.0-py3-none-musllinux_1_2_x86_64.whl"); err == nil {
		t.Error("a wheel for musl has a platform")
	}
	if _, err := wheelsOf(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make wheels") {
		t.Errorf("a folder without wheels gave %v", err)
	}
}

// $VOXFIT_DIST is a folder that `make release` filled.
func TestAReleaseIsWhole(t *testing.T) {
	dist := os.Getenv("VOXFIT_DIST")
	if dist == "" {
		if !long.Asked() {
			t.Skip("a release is made in make test-long")
		}
		dist = t.TempDir()
		command := exec.Command("make", "release")
		command.Dir, command.Env = "..", append(os.Environ(), "DIST="+dist)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	for pattern, want := range map[string]int{
		"voxfit-*.whl": 5, "voxfit-*.tar.gz": 1, "kbench-*.tar.gz": 4, "kbench-*.zip": 2, "libvoxfit-*.tar.gz": 4,
		"libvoxfit-*.zip": 1, "*-image-linux-*.tar": 2, "*.cdx.json": 11, checksums: 1,
	} {
		if found, _ := filepath.Glob(filepath.Join(dist, pattern)); len(found) != want {
			t.Errorf("%s: found %d, want %d", pattern, len(found), want)
		}
	}
	check := exec.Command("sha256sum", "--check", "--quiet", checksums)
	check.Dir = dist
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

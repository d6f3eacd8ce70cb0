package main

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/release"
)

// file writes a file that has only a header, as a linker would write it.
func file(t *testing.T, words ...any) string {
	t.Helper()
	var content bytes.Buffer
	for _, word := range words {
		if err := binary.Write(&content, binary.LittleEndian, word); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "library")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// machO is a library for macOS on arm64 that loads from version 12.0 on.
func machO(t *testing.T) string {
	const dylib, macOS, sdk = 6, 1, 14 << 16
	return file(t,
		[]uint32{macho.Magic64, uint32(macho.CpuArm64), 0, dylib, 1, 24, 0, 0},
		[]uint32{loadBuildVersion, 24, macOS, 12 << 16, sdk, 0})
}

// coff is the beginning of a file for Windows on amd64, which names the processor.
func coff(t *testing.T) string { return file(t, [60]uint16{0x8664}) }

func TestATagSaysTheOldestSystemThatTheLibraryLoadsOn(t *testing.T) {
	for _, c := range []struct {
		path string
		platform
		want string
	}{
		{machO(t), platform{OS: "darwin", Arch: "arm64"}, "macosx_12_0_arm64"},
		{coff(t), platform{OS: "windows", Arch: "amd64"}, "win_amd64"},
	} {
		if got, err := wheelTag(c.path, c.platform); got != c.want || err != nil {
			t.Errorf("found %s (%v), want %s", got, err, c.want)
		}
	}
}

func TestALibraryNeverGetsTheTagOfAnotherProcessorOrSystem(t *testing.T) {
	paths := map[platform]string{{OS: "darwin", Arch: "arm64"}: machO(t), {OS: "windows", Arch: "amd64"}: coff(t)}
	for built, path := range paths {
		for _, asked := range release.Libraries {
			if tag, err := wheelTag(path, asked); (err == nil) != (asked == built) {
				t.Errorf("a file for %s got the tag %q of %s (%v)", built, tag, asked, err)
			}
		}
	}
}

func TestZigHasATargetForEachLibraryOfARelease(t *testing.T) {
	for _, p := range release.Libraries {
		if targets[p] == "" {
			t.Errorf("there is no target for %s", p)
		}
	}
	if len(targets) != len(release.Libraries) {
		t.Errorf("there are %d targets for %d libraries", len(targets), len(release.Libraries))
	}
}

func TestAnUnknownPlatformIsAnError(t *testing.T) {
	for _, text := range []string{"", "linux", "/", "linux/"} {
		if p, err := parsePlatform(text); err == nil {
			t.Errorf("%q became %v", text, p)
		}
	}
	if _, err := wheelTag("none", platform{OS: "plan9", Arch: "amd64"}); err == nil || !strings.Contains(err.Error(), "plan9/amd64") {
		t.Errorf("plan9 gave %v", err)
	}
	if _, err := compiler(".", platform{OS: "linux", Arch: "riscv64"}, "zig"); err == nil {
		t.Error("zig has a target for riscv64")
	}
}

// The stubs name the functions of CoreFoundation that Go's runtime calls. If a release of Go calls more, this test
// says so before linking fails.
func TestTheStubForMacOSNamesAllThatGoCalls(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	stub, err := os.ReadFile("macos/CoreFoundation.framework/CoreFoundation.tbd")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/runtime/cgo/gcc_darwin_arm64.c"))
	if err != nil {
		t.Skip("this Go has no sources of runtime/cgo")
	}
	called := 0
	for _, call := range regexp.MustCompile(`\bCF[A-Z]\w*[a-z]\(`).FindAllString(string(source), -1) {
		called++
		if name := "_" + strings.TrimSuffix(call, "("); !strings.Contains(string(stub), name) {
			t.Errorf("the stub does not name %s", name)
		}
	}
	if called < 5 {
		t.Errorf("found no more than %d calls of CoreFoundation", called)
	}
}

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	folder, err := moduleFolder()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// The sdist is made of these.
func TestTheSourcesOfTheLibraryAreThoseOfEveryPlatform(t *testing.T) {
	files, err := sourcesOf(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"go.mod", "go.sum", "LICENSE", "NOTICE", "capi/shim.c", "capi/voxfit.h", "capi/build/main.go",
		"capi/build/macos/libresolv.tbd", "capi/build/macos/CoreFoundation.framework/CoreFoundation.tbd",
	} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, want := range []string{"_linux.go", "_windows.go", "_arm64.s", "_amd64.s"} {
		if !slices.ContainsFunc(files, func(name string) bool { return strings.HasSuffix(name, want) }) {
			t.Errorf("there is no file *%s", want)
		}
	}
	if i := slices.IndexFunc(files, func(name string) bool {
		return strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "cmd/")
	}); i >= 0 {
		t.Errorf("%s is not needed", files[i])
	}
}

func TestTheLibraryHasTheSameBytesWhateverTheFolder(t *testing.T) {
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("no C compiler: libvoxfit is the one part that needs cgo")
	}
	if os.Getenv("GOARCH") != "" || testing.Short() {
		t.Skip("the library is built and tested once, in the full run")
	}
	module, copied := root(t), t.TempDir()
	if err := copyFiles(module, copied); err != nil {
		t.Fatal(err)
	}
	var made [2][]byte
	for i, folder := range []string{module, copied} {
		if long.Asked() { // otherwise packages come from Go's cache, which hides an influence of the folder
			t.Setenv("GOCACHE", t.TempDir())
		}
		out, p := t.TempDir(), platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
		tag, err := build(folder, out, p, "")
		if err != nil {
			t.Fatal(err)
		}
		if tagged, err := release.PlatformOfTag(tag); tagged != p || err != nil {
			t.Fatalf("the tag %q is for %v (%v), want %v", tag, tagged, err, p)
		}
		if runtime.GOOS == "linux" {
			for _, other := range release.Libraries {
				if other.Arch != p.Arch || other.OS != p.OS {
					if tag, err := wheelTag(filepath.Join(out, libraryFile(p)), other); err == nil {
						t.Errorf("a library for %s got the tag %s of %s", p, tag, other)
					}
				}
			}
		}
		if made[i], err = os.ReadFile(filepath.Join(out, libraryFile(p))); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			checkInstalled(t, out)
		}
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("two folders gave different bytes")
	}
	for _, folder := range []string{module, copied} {
		if bytes.Contains(made[0], []byte(folder)) {
			t.Errorf("the library contains the path %s", folder)
		}
	}
}

// checkInstalled installs the files, as `make install` does, and links a program with the library as pkg-config says.
func checkInstalled(t *testing.T, out string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	prefix := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "kbench"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("../../scripts/install-files", prefix, out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	source := filepath.Join(prefix, "version.c")
	if err := os.WriteFile(source, []byte("#include <voxfit.h>\nint main(void) { return voxfit_abi_version() != VOXFIT_ABI_VERSION; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"-I" + prefix + "/include", "-L" + prefix + "/lib", "-lvoxfit"}
	if _, err := exec.LookPath("pkg-config"); err == nil {
		ask := exec.Command("pkg-config", "--cflags", "--libs", "voxfit")
		ask.Env = append(os.Environ(), "PKG_CONFIG_PATH="+prefix+"/lib/pkgconfig")
		output, err := ask.CombinedOutput()
		if err != nil {
			t.Fatalf("pkg-config: %v: %s", err, output)
		}
		flags = strings.Fields(string(output))
	}
	program := filepath.Join(prefix, "version")
	if output, err := exec.Command("cc", append([]string{source, "-o", program}, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	// The program asks for libvoxfit.so.1: without that name it does not start.
	command := exec.Command(program)
	command.Env = append(os.Environ(), "LD_LIBRARY_PATH="+prefix+"/lib")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
	if err := os.Remove(prefix + "/lib/libvoxfit.so.1"); err != nil {
		t.Fatal(err)
	}
	command = exec.Command(program)
	command.Env = append(os.Environ(), "LD_LIBRARY_PATH="+prefix+"/lib")
	if err := command.Run(); err == nil {
		t.Error("the program started without libvoxfit.so.1, the name that it should ask for")
	}
}

// Notice writes the file NOTICE. It lists the modules that are linked into kbench and into the library, on all
// platforms that they are built for, with their licences. The list is that of the build itself (`go list -deps`), so
// that no module is forgotten:
//
//	go generate ./internal/notice
package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/voxfit/voxfit/internal/release"
)

//go:generate go run . ../../NOTICE

func main() {
	text, err := notice("../..")
	if err == nil {
		err = os.WriteFile(os.Args[1], []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "notice:", err)
		os.Exit(1)
	}
}

// builds are the program and the library, with the platforms that `make release` builds them for.
var builds = []struct {
	name, folder string
	cgo          string
	platforms    []release.Platform
}{
	{"kbench", "./cmd/kbench", "0", release.Programs},
	{"libvoxfit", "./capi", "1", release.Libraries},
}

// A linked is a module of others, with the folder of its files and what it is linked into.
type linked struct {
	path, version, folder string
	into                  []string
}

// modules returns the modules of others that are linked, by path.
func modules(root string) (map[string]*linked, error) {
	found := map[string]*linked{}
	var lock sync.Mutex
	var failed error
	var group sync.WaitGroup
	for _, b := range builds {
		for _, p := range b.platforms {
			group.Go(func() {
				lines, err := listed(root, b.folder, p, b.cgo)
				lock.Lock()
				defer lock.Unlock()
				if err != nil {
					failed = err
				}
				for _, line := range lines {
					words := strings.Split(line, "\t")
					if found[words[0]] == nil {
						found[words[0]] = &linked{words[0], words[1], words[2], nil}
					}
					if m := found[words[0]]; !slices.Contains(m.into, b.name) {
						m.into = append(m.into, b.name)
						slices.Sort(m.into)
					}
				}
			})
		}
	}
	group.Wait()
	return found, failed
}

func listed(root, folder string, platform release.Platform, cgo string) ([]string, error) {
	command := exec.Command("go", "list", "-deps", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", folder)
	command.Dir = root
	command.Env = append(os.Environ(), "GOOS="+platform.OS, "GOARCH="+platform.Arch, "CGO_ENABLED="+cgo)
	command.Stderr = os.Stderr
	printed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s for %s: %w", folder, platform, err)
	}
	lines := strings.FieldsFunc(string(printed), func(r rune) bool { return r == '\n' })
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

// licence matches the names of files with a module's licences.
var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|third.party.licen[cs]es)`)

// terms returns the texts of a module's licences, from its folder and from subfolders with licences of third parties.
func terms(m *linked) (string, error) {
	var text strings.Builder
	err := filepath.WalkDir(m.folder, func(path string, entry os.DirEntry, err error) error {
		name, _ := filepath.Rel(m.folder, path)
		switch first, _, below := strings.Cut(filepath.ToSlash(name), "/"); {
		case err != nil:
			return err
		case entry.IsDir() && path != m.folder && !licence.MatchString(first):
			return filepath.SkipDir
		case entry.IsDir() || !below && !licence.MatchString(first):
			return nil
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(&text, "%s:\n\n%s\n\n", filepath.ToSlash(name), strings.TrimSpace(strings.ReplaceAll(utf8Text(content), "\r\n", "\n")))
		return err
	})
	if err == nil && text.Len() == 0 {
		err = fmt.Errorf("%s %s has no licence", m.path, m.version)
	}
	return text.String(), err
}

// utf8Text returns a text in UTF-8. A text that is not in UTF-8 is taken for Latin-1.
func utf8Text(content []byte) string {
	if utf8.Valid(content) {
		return string(content)
	}
	characters := make([]rune, len(content))
	for i, c := range content {
		characters[i] = rune(c)
	}
	return string(characters)
}

const line = "----------------------------------------------------------------------------------------"

// notice returns the text of the file NOTICE.
func notice(root string) (string, error) {
	found, err := modules(root)
	if err != nil {
		return "", err
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	found["Go"] = &linked{path: "Go", version: "runtime and standard library", folder: strings.TrimSpace(string(goroot)), into: []string{"kbench", "libvoxfit"}}
	zig, err := os.ReadFile(filepath.Join(root, "internal", "notice", "zig.txt"))
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("voxfit is under the licence in LICENSE. These are linked into its program kbench and its library libvoxfit:\n\n")
	order := slices.Sorted(maps.Keys(found))
	for _, path := range order {
		m := found[path]
		fmt.Fprintf(&text, "    %s %s (%s)\n", m.path, m.version, strings.Join(m.into, ", "))
	}
	text.WriteString("    what the C compiler adds (libvoxfit, where `make wheels` built it): last below\n\nTheir licences:\n")
	for _, path := range order {
		m := found[path]
		licences, err := terms(m)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "\n%s\n%s %s\n\n%s", line, m.path, m.version, licences)
	}
	fmt.Fprintf(&text, "\n%s\n%s", line, zig)
	return text.String(), nil
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/voxfit/voxfit/internal/release"
)

// tool returns MODULE@VERSION of a Go program, which the Makefile pins and exports.
func tool(variable string) (string, error) {
	pinned := os.Getenv(variable)
	if pinned == "" {
		return "", fmt.Errorf("%s is not set: `make release` sets it", variable)
	}
	return pinned, nil
}

// writeBillsOfMaterials lists what is linked into each kbench and each library, in the format of CycloneDX. It reads
// this from the files themselves.
func writeBillsOfMaterials(module, work, dist string) error {
	pinned, err := tool("CYCLONEDX")
	if err != nil {
		return err
	}
	for _, what := range []string{"kbench", "libvoxfit"} {
		for _, p := range release.Programs {
			path := builtProgram(work, p)
			if what == "libvoxfit" {
				found, err := filepath.Glob(filepath.Join(work, p.OS+"-"+p.Arch, "*voxfit.*"))
				if err != nil || len(found) != 1 {
					continue // no library is made for this platform
				}
				path = found[0]
			}
			target := filepath.Join(dist, archiveName(what, p)+".cdx.json")
			// The serial number would be random and the time today's, so both are left out.
			if _, err := command(module, []string{"CGO_ENABLED=0"}, "go", "run", pinned,
				"bin", "-json", "-noserial", "-notimestamp", "-std", "-version", "v"+release.Version, "-output", target, path); err != nil {
				return err
			}
			fmt.Println(filepath.Base(target))
		}
	}
	return nil
}

// checkVulnerabilities asks the database of Go's vulnerabilities about kbench. A vulnerability that it finds is an
// error. If the database cannot be reached, it says that nothing was checked.
func checkVulnerabilities(module, work string) error {
	pinned, err := tool("GOVULNCHECK")
	if err != nil {
		return err
	}
	check := exec.Command("go", "run", pinned, "-mode=binary", builtProgram(work, platform{OS: "linux", Arch: "amd64"}))
	var output bytes.Buffer
	check.Dir, check.Stdout, check.Stderr = module, &output, &output
	failed := check.Run()
	switch text := output.String(); {
	case failed == nil:
		fmt.Println("govulncheck: no known vulnerability is linked into kbench")
		return nil
	case strings.Contains(text, "fetching vulnerabilities") || strings.Contains(text, "vuln.go.dev"):
		fmt.Println("govulncheck: NOT CHECKED, its database could not be reached: run `make release` where it can be, before publishing")
		return nil
	default:
		return fmt.Errorf("govulncheck: %w\n%s", failed, text)
	}
}

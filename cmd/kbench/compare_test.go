package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestCompareRunsWithoutPeersAndKeepsItsNumbers(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	image := small(t, 12)
	out := t.TempDir()
	args := []string{"compare", image, "--mask", near(image, "mask.nii.gz"), "--models", "dti", "--voxels", "5",
		"--runs", "2", "--python", "no-such-python", "-o", out}
	text := succeed(t, args...)
	for _, want := range []string{"DIPY is not here", "MRtrix3 is not here", "dti iwls", "voxels: 12"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not say %q:\n%s", want, text)
		}
	}
	var document struct {
		Models []struct {
			Voxels int
			Times  []struct {
				Rounds []float64 `json:"us_per_voxel_rounds"`
			}
		}
		Data map[string]string
	}
	if err := json.Unmarshal(read(t, filepath.Join(out, "compare.json")), &document); err != nil {
		t.Fatal(err)
	}
	for _, m := range document.Models {
		if m.Voxels != 5 || len(m.Times[0].Rounds) != 2 || m.Times[0].Rounds[0] <= 0 {
			t.Errorf("compare.json has %+v, want two rounds on 5 voxels", m)
		}
	}
	if document.Data["data"] != image {
		t.Errorf("compare.json names the data %q", document.Data["data"])
	}
	if n := len(rows(t, filepath.Join(out, "compare.csv"))); n != 1+2*3 {
		t.Errorf("compare.csv has %d rows, want a header and two rounds of three models", n)
	}
	refuse(t, args, "compare.json", "--force")
}

func TestCompareRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{
		{"--models", "dki"}, {"--runs", "0"}, {"--voxels", "0"}, {"--cpu", "99999"}, {"--isa", "mmx"}, {"--engines", "voxfit"},
	} {
		refuse(t, append([]string{"compare"}, args...), args[1])
	}
}

// The test binary also serves as kbench when the test starts it.
func compareFile(t *testing.T, image string, args ...string) []string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stubs are shell scripts")
	}
	t.Setenv("VOXFIT_TEST_AS_KBENCH", "1")
	t.Setenv("TMPDIR", t.TempDir())
	return append([]string{"compare", image, "--mask", near(image, "mask.nii.gz"), "--from-file", "--response", phantomResponse,
		"--runs", "2", "--python", "no-such-python"}, args...)
}

func TestCompareFromFileTimesCommandsAndKeepsItsNumbers(t *testing.T) {
	image, out := small(t, 30), t.TempDir()
	t.Setenv("PATH", t.TempDir())
	args := compareFile(t, image, "--models", "dti,csdm", "--threads", "1", "--voxels", "20", "-o", out)
	text := succeed(t, args...)
	for _, want := range []string{"DIPY is not here", "MRtrix3 is not here", "csdm mrtrix", "kbench fit dti", "--threads 1", "wall s"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not say %q:\n%s", want, text)
		}
	}
	var document struct {
		Models []struct {
			Model  string
			Voxels int
			Times  []struct {
				Rounds []float64 `json:"wall_s_rounds"`
			}
		}
		Data map[string]string
	}
	if err := json.Unmarshal(read(t, filepath.Join(out, "compare.json")), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Models) != 2 || document.Data["data"] != image {
		t.Errorf("compare.json has %+v, want two lines", document)
	}
	for _, m := range document.Models {
		if m.Voxels != 20 || len(m.Times[0].Rounds) != 2 || m.Times[0].Rounds[0] <= 0 {
			t.Errorf("compare.json has %+v, want two rounds on 20 voxels", m)
		}
	}
	if len(rows(t, filepath.Join(out, "compare.csv"))) < 1+2*2*2 {
		t.Error("compare.csv has not wall and CPU time of two lines in two rounds")
	}
	if figure := string(read(t, filepath.Join(out, "compare.svg"))); !strings.Contains(figure, "csdm mrtrix, 20 voxels") {
		t.Errorf("compare.svg has no panel of csdm: %.200s", figure)
	}
}

func TestACommandThatFailsFailsTheComparison(t *testing.T) {
	image, out, programs := small(t, 12), t.TempDir(), t.TempDir()
	for _, name := range []string{"dwi2fod", "dwi2tensor", "tensor2metric", "sh2peaks"} {
		script := "#!/bin/sh\nif [ $1 = -version ]; then echo == $0 3.0.9 ==; exit; fi\necho no licence >&2; exit 3\n"
		if err := os.WriteFile(filepath.Join(programs, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", programs)
	args := compareFile(t, image, "--models", "dti", "--dipy-voxels", "0", "-o", out)
	refuse(t, args, "dti iwls, MRtrix3: dwi2tensor: exit status 3: no licence")
	nothingIn(t, out)
}

func TestCompareFromFileTakesNoMoreThreadsThanCPUs(t *testing.T) {
	refuse(t, []string{"compare", "dwi.nii.gz", "--from-file", "--threads", "100000"}, "--threads 100000", "expected at most")
}

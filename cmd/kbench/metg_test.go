package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study/metg"
)

func TestMETGMeasuresTheSchedulersOfGo(t *testing.T) {
	if testing.Short() {
		t.Skip("timing takes a second")
	}
	dir := t.TempDir()
	text := succeed(t, "metg", "--opponents", "voxfit,channel", "--rounds", "1", "--workers", "1", "-o", dir)
	s, err := metg.Read(filepath.Join(dir, "metg.json"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Workers() != 1 || s.Rounds != 1 || len(s.Opponents) != 2 || s.Processor == "" || !strings.HasPrefix(s.Command, "kbench metg --opponents") {
		t.Errorf("the study is %+v", s)
	}
	for _, want := range []string{"METG(50%)", "voxfit", "channel", filepath.Join(dir, "index.html")} {
		if !strings.Contains(text, want) {
			t.Errorf("the output lacks %q:\n%s", want, text)
		}
	}
}

func TestMETGRefusesWhatCannotBeMeasured(t *testing.T) {
	refuse(t, []string{"metg", "--opponents", "cats"}, "--opponents cats", "voxfit", "ray")
	refuse(t, []string{"metg", "--opponents", "tbb,tbb"}, "tbb is named twice")
	refuse(t, []string{"metg", "--rounds", "0"}, "--rounds 0", "at least 1")
	refuse(t, []string{"metg", "--workers", "9999"}, "--workers 9999", "expected 1 to")
	refuse(t, []string{"metg", "--places", "9999"}, "9999")
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	refuse(t, []string{"metg", "-o", file}, "output folder "+file+" is a file")
	refuse(t, []string{"metg", "--workers", "9999", "-o", file + ".d/page"}, "--workers 9999")
	nothingIn(t, file+".d")
}

func TestMETGThatMeasuresNobodyFails(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("XDG_CACHE_HOME", dir)
	page := filepath.Join(dir, "page")
	refuse(t, []string{"metg", "--opponents", "rayon,openmp-static", "--rounds", "1", "-o", page}, "none was measured", "rayon: not built", "openmp-static: not built")
	nothingIn(t, page)
}

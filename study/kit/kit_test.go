package kit

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
	"github.com/voxfit/voxfit/study/metg"
)

// folder is a study of one sweep, with a serial run and one on two CPUs.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, value any) {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		studytest.Write(t, filepath.Join(dir, name), string(text))
	}
	put(PlanFile, Plan{Host: "here", Models: []string{"csdm"}, Runs: 1, Sweeps: []Sweep{{Name: "numa-close", CPUs: []int{2}, Cores: []int{2}}}})
	put(FactsFile, []Fact{{"processor", "one"}})
	put(EnvironmentFile, map[string]any{})
	put(BandwidthFile, Bandwidth{Nodes: []int{0}, Read: [][]float64{{10}}, OneCore: 5})
	put(PredictionsFile, Predictions{Predictions: []Prediction{{Model: "M", Sweep: "numa-close", CPUs: 2, Seconds: study.Estimate{Value: 3}}}})
	if err := (metg.Study{CPUs: []int{0, 1}, Made: time.Unix(1, 0)}).Write(filepath.Join(dir, METGFile)); err != nil {
		t.Fatal(err)
	}
	predictions := []byte(studytest.Read(t, filepath.Join(dir, PredictionsFile)))
	studytest.Write(t, filepath.Join(dir, HashFile), Hash(predictions)+"  "+PredictionsFile+"\n")
	rows := filepath.Join(dir, SweepFolder(predictions))
	if err := os.Mkdir(rows, 0o755); err != nil {
		t.Fatal(err)
	}
	studytest.Write(t, filepath.Join(rows, "numa-close.csv"), "engine,model,time,cpu_count,num_chunks,num_vox\nserial,M,4,1,1,100\nvoxfit,M,2,2,8,100\n")
	return dir
}

func packed(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "here.tar.gz")
	if err := Pack(dir, to); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestAnArchiveHasAllOfItsStudy(t *testing.T) {
	s, err := Read(packed(t, folder(t)))
	if err != nil {
		t.Fatal(err)
	}
	p, found := s.Predictions.Found("M", "numa-close", 2)
	if s.Missing() != 0 || len(s.Records["numa-close"]) != 2 || s.Plan.Host != "here" || s.Facts[0].Value != "one" || !found || p.Value != 3 || s.METG.Workers() != 2 {
		t.Errorf("read %+v", s)
	}
	if _, found := s.Predictions.Found("M", "numa-close", 4); found {
		t.Error("found a prediction for 4 CPUs")
	}
}

func TestTheSameFolderGivesTheSameBytes(t *testing.T) {
	dir := folder(t)
	one, other := studytest.Read(t, packed(t, dir)), studytest.Read(t, packed(t, dir))
	if one != other {
		t.Error("two archives of one folder differ")
	}
}

func TestMissingRunsAreCounted(t *testing.T) {
	dir := folder(t)
	rows, _ := filepath.Glob(filepath.Join(dir, "sweep-*", "*.csv"))
	studytest.Write(t, rows[0], "engine,model,time,cpu_count,num_chunks,num_vox\nserial,M,4,1,1,100\n")
	if s, err := Read(packed(t, dir)); err != nil || s.Missing() != 1 {
		t.Errorf("%d missing (%v), want 1", s.Missing(), err)
	}
}

// Somebody removed the predictions, and the study made new ones. What was measured after the old ones is still there.
func TestTimesAfterOtherPredictionsStayOutOfTheArchive(t *testing.T) {
	dir := folder(t)
	old := filepath.Join(dir, SweepFolder([]byte("others")))
	if err := os.Mkdir(old, 0o755); err != nil {
		t.Fatal(err)
	}
	studytest.Write(t, filepath.Join(old, "numa-close.csv"), "engine,model,time,cpu_count,num_chunks,num_vox\nserial,M,9,1,1,100\n")
	s, err := Read(packed(t, dir))
	if err != nil || len(s.Records["numa-close"]) != 2 || s.Records["numa-close"][0].Time != 4 {
		t.Errorf("read %+v (%v)", s.Records, err)
	}
}

func TestArchivesThatCannotBeTrustedAreRefused(t *testing.T) {
	for want, spoil := range map[string]func(dir string){
		"they were changed": func(dir string) {
			studytest.Write(t, filepath.Join(dir, PredictionsFile), `{"how": "afterwards"}`)
		},
		"metg.json in it":               func(dir string) { studytest.Write(t, filepath.Join(dir, METGFile), `{}`) },
		"plan.json in it":               func(dir string) { studytest.Write(t, filepath.Join(dir, PlanFile), `[`) },
		"names no machine or no sweeps": func(dir string) { studytest.Write(t, filepath.Join(dir, PlanFile), `{}`) },
		"1 numbers of CPUs and 0 of cores": func(dir string) {
			studytest.Write(t, filepath.Join(dir, PlanFile), `{"host": "here", "sweeps": [{"name": "numa-close", "cpus": [1]}]}`)
		},
		"2 CPUs in 3 cores": func(dir string) {
			studytest.Write(t, filepath.Join(dir, PlanFile), `{"host": "here", "sweeps": [{"name": "numa-close", "cpus": [2], "cores": [3]}]}`)
		},
		"a bandwidth of -1": func(dir string) {
			studytest.Write(t, filepath.Join(dir, BandwidthFile), `{"nodes": [0, 1], "read_gb_per_s": [[1, 2], [1, -1]]}`)
		},
		"3 nodes and 1 rows": func(dir string) {
			studytest.Write(t, filepath.Join(dir, BandwidthFile), `{"nodes": [0, 1, 2], "read_gb_per_s": [[1, 2, 3]]}`)
		},
		"a row of 1 nodes, want 2": func(dir string) {
			studytest.Write(t, filepath.Join(dir, BandwidthFile), `{"nodes": [0, 1], "read_gb_per_s": [[1, 2], [1]]}`)
		},
		"numa-close.csv in it": func(dir string) {
			rows, _ := filepath.Glob(filepath.Join(dir, "sweep-*", "*.csv"))
			studytest.Write(t, rows[0], "")
		},
		"of a sweep that is not in plan.json": func(dir string) {
			rows, _ := filepath.Glob(filepath.Join(dir, "sweep-*", "*.csv"))
			studytest.Write(t, filepath.Join(filepath.Dir(rows[0]), "other.csv"), studytest.Read(t, rows[0]))
		},
		"has format 2, and this kbench reads up to 1: use the version that wrote it, 7.0.0": func(dir string) {
			studytest.Write(t, filepath.Join(dir, PlanFile), `{"format": 2, "version": "7.0.0"}`)
		},
	} {
		dir := folder(t)
		spoil(dir)
		path := packed(t, dir)
		_, err := Read(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
			continue
		}
		studytest.WantOneLine(t, path, err)
	}
}

func TestDamagedArchivesAreRefused(t *testing.T) {
	whole := []byte(studytest.Read(t, packed(t, folder(t))))
	for name, text := range map[string][]byte{"empty": nil, "no gzip": []byte("engine,time\n"), "cut": whole[:len(whole)/2], "no study": gzipOf(t)} {
		path := filepath.Join(t.TempDir(), "x.tar.gz")
		studytest.Write(t, path, string(text))
		if _, err := Read(path); err == nil {
			t.Errorf("%s: it was read", name)
		} else {
			studytest.WantOneLine(t, path, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.tar.gz")); err == nil || !strings.Contains(err.Error(), "cannot be opened") {
		t.Errorf("error %v", err)
	}
}

// Wherever a byte is changed, the archive is refused, or the byte means nothing: a date, or another way to say the same.
func TestAnArchiveWithAChangedByteIsRefused(t *testing.T) {
	whole := []byte(studytest.Read(t, packed(t, folder(t))))
	path := filepath.Join(t.TempDir(), "x.tar.gz")
	studytest.Write(t, path, string(whole))
	want, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x10
		studytest.Write(t, path, string(changed))
		if s, err := Read(path); err == nil && !reflect.DeepEqual(s, want) {
			t.Errorf("byte %d of %d: it was read, as %+v", i, len(whole), s)
		} else if err != nil {
			studytest.WantOneLine(t, path, err)
		}
	}
	for n := range whole {
		studytest.Write(t, path, string(whole[:n]))
		if _, err := Read(path); err == nil {
			t.Errorf("the first %d of %d bytes were read", n, len(whole))
		}
	}
}

func TestAnArchiveWithAnotherFileIsRefused(t *testing.T) {
	for _, name := range []string{"study/notes.txt", "study/plan.json", "plan.json", "study/../plan.json", "study/sweep-x/y/z.csv"} {
		if _, err := Read(packedWith(t, name)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("found %q in it", name)) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := Read(packedWith(t, "study/sweep-other/numa-close.csv")); err == nil || !strings.Contains(err.Error(), "after other predictions") {
		t.Errorf("error %v", err)
	}
}

// packedWith is an archive to which somebody has added a file.
func packedWith(t *testing.T, name string) (path string) {
	t.Helper()
	var text bytes.Buffer
	zip := gzip.NewWriter(&text)
	in, err := gzip.NewReader(bytes.NewReader([]byte(studytest.Read(t, packed(t, folder(t))))))
	if err != nil {
		t.Fatal(err)
	}
	files, out := tar.NewReader(in), tar.NewWriter(zip)
	add := func(name string, text []byte) {
		if err := cmp.Or(out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}), errOf(out.Write(text))); err != nil {
			t.Fatal(err)
		}
	}
	for header, err := files.Next(); err == nil; header, err = files.Next() {
		content, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		add(header.Name, content)
	}
	add(name, []byte("{}"))
	if err := cmp.Or(out.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "x.tar.gz")
	studytest.Write(t, path, text.String())
	return path
}

func errOf(_ int, err error) error { return err }

// gzipOf is a gzip file of nothing.
func gzipOf(t *testing.T) []byte {
	t.Helper()
	return bytes.Clone([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0})
}

func TestAFolderThatLacksAStepIsNotPacked(t *testing.T) {
	dir := folder(t)
	if err := os.Remove(filepath.Join(dir, HashFile)); err != nil {
		t.Fatal(err)
	}
	if err := Pack(dir, filepath.Join(dir, "x.tar.gz")); err == nil {
		t.Error("it was packed")
	}
}

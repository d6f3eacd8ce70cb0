package simulate

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study/internal/studytest"
)

func FuzzMachinesAreReadOrRefused(f *testing.F) {
	path := filepath.Join(f.TempDir(), "machine.json")
	for _, seed := range []string{
		"", "{}", "null", string(machinesText), `{"nodes": 2, "cores_per_node": 1e9}`, `{"nodes": 65536, "cores_per_node": 65536}`,
		`{"name": "a", "nodes": 2, "nodes_per_socket": 1, "cores_per_node": 4, "complex_cores": 4, "node_gb_per_s": 100, "core_gb_per_s": 20, "near_distance": 12, "far_distance": 20, "all_core_clock": 1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		studytest.Write(t, path, text)
		m, err := FindMachine(path)
		if err != nil {
			studytest.WantOneLine(t, path, err)
			return
		}
		if m.cores() < 1 || m.cores() > mostCores {
			t.Errorf("%s was read as a machine of %d cores", text, m.cores())
		}
		if d := m.distance(0, m.Nodes-1); d < 10 {
			t.Errorf("%s was read as a machine whose nodes are %d apart", text, d)
		}
	})
}

func FuzzChunkTimesAreReadOrRefused(f *testing.F) {
	path := filepath.Join(f.TempDir(), "chunks.csv")
	header := strings.Join(chunkTimesHeader, ",") + "\n"
	f.Add("")
	f.Add(header + "TensorModel,1152,1e-6,1e-5,1e-4,100,0.01\nTensorModel,1152,1e-6,1e-5,1e-4,100,0.02\n")
	f.Add(header + "TensorModel,nan,0,0,0,1e300,1\n")
	f.Add(studytest.Read(f, "../testdata/published_form.csv"))
	f.Fuzz(func(t *testing.T, text string) {
		studytest.Write(t, path, text)
		c, err := ReadChunkTimes(path, "dti", false)
		if err != nil {
			studytest.WantOneLine(t, path, err)
			return
		}
		for _, s := range c.sizes {
			if s.voxels < 1 || len(s.perVoxel) == 0 {
				t.Errorf("%q was read as %+v", text, s)
			}
		}
	})
}

package sh

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the embedded repulsion sets again")

func TestEmbeddedSetsAreWhatRepulsionGives(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("skipped: recomputing 300 axes takes seconds, and minutes under the race detector")
	}
	for _, set := range []struct {
		n    int
		seed uint64
	}{{300, seedOf300}} {
		file := fmt.Sprintf("data/repulsion%d.txt", set.n)
		want := formatPoints(set.n, set.seed, Repulsion(set.n, set.seed))
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := pointSets.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what Repulsion(%d, %d) gives; run go test -run EmbeddedSets -update", file, set.n, set.seed)
		}
	}
}

func formatPoints(n int, seed uint64, points [][3]float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %d axes spread by electrostatic repulsion: sh.Repulsion(%d, %d) of voxfit. x y z, z >= 0,\n"+
		"# enough digits to give back the same bits. Made by: go test ./sh -run EmbeddedSets -update\n", n, n, seed)
	for _, p := range points {
		fmt.Fprintln(&b, p[0], p[1], p[2])
	}
	return b.String()
}

package main

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/voxfit/voxfit/internal/calm"
)

// recordedRounds reads the logarithms of the ratios in a file of rounds of two equal programs, by step. Rounds that
// were thrown away are left out.
func recordedRounds(t *testing.T, path string) map[string][]float64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.Comment = '#'
	all, err := rows.ReadAll()
	if err != nil || !slices.Equal(all[0], roundsHeader) {
		t.Fatalf("%s: %v, header %v", path, err, all[0])
	}
	found := map[string][]float64{}
	for _, row := range all[1:] {
		ratio, missing := strconv.ParseFloat(row[5], 64)
		share, wrong := strconv.ParseFloat(row[6], 64)
		if missing == nil && wrong == nil && share >= calm.Least {
			found[row[1]] = append(found[row[1]], math.Log(ratio))
		}
	}
	for step, rounds := range found {
		if len(rounds) < 50 {
			t.Fatalf("%s: %d rounds of %s", path, len(rounds), step)
		}
	}
	return found
}

// replayed goes through recorded rounds in their order, so that a burst stays a burst, and begins with a random one.
// In each round the two equal programs may change places at random. Times of the tree are multiplied by effect.
func replayed(rounds []float64, effect float64, seed uint64) []func(int) float64 {
	random := rand.New(rand.NewPCG(seed, 11))
	begin := random.IntN(len(rounds))
	return []func(int) float64{func(i int) float64 {
		log := rounds[(begin+i)%len(rounds)]
		if random.IntN(2) == 0 {
			log = -log
		}
		return log + math.Log1p(effect)
	}}
}

// verdicts are the verdicts of several runs on recorded rounds, each of which begins with another round.
func verdicts(rounds []float64, effect float64) []verdict {
	const times = 40
	var found []verdict
	for p := range times {
		found = append(found, procedure(replayed(rounds, effect, uint64(p)))...)
	}
	return found
}

// The files were written by make bench's program with -rounds, for a tree that had not changed, so that both
// programs were the same. Their first lines name the machine.

// On a busy machine steps may stay undecided, but no verdict may be wrong, and a large change must be found.
func TestTimesRecordedOnABusyMachineGiveNoFalseVerdict(t *testing.T) {
	for step, rounds := range recordedRounds(t, "testdata/busy.csv") {
		for _, effect := range []float64{0, 0.01, 0.02, 0.3} {
			found := verdicts(rounds, effect)
			slow, fast, alike := count(found, slower), count(found, faster), count(found, same)
			t.Logf("%s, %+.0f%%: slower %d, faster %d, the same %d of %d", step, 100*effect, slow, fast, alike, len(found))
			switch {
			case fast > 0, effect <= margin && slow > 0, effect > margin && alike > 0:
				t.Errorf("%s, a change of %+.0f%%: %d times slower, %d times faster, %d times the same", step, 100*effect, slow, fast, alike)
			case effect > 0.2 && slow < len(found)*95/100:
				t.Errorf("%s: a change of %+.0f%% was found %d times of %d", step, 100*effect, slow, len(found))
			}
		}
	}
}

func TestTimesRecordedOnACalmMachineTellTwoPerCentFromNone(t *testing.T) {
	for step, rounds := range recordedRounds(t, "testdata/calm.csv") {
		alike, slow := verdicts(rounds, 0), verdicts(rounds, 0.02)
		t.Logf("%s: the same %d of %d, with 2%% more time slower %d of %d", step, count(alike, same), len(alike), count(slow, slower), len(slow))
		if count(alike, slower, faster) > 0 || count(alike, same) < len(alike)*95/100 {
			t.Errorf("%s: an unchanged step is the same %d times of %d, slower %d times, faster %d times",
				step, count(alike, same), len(alike), count(alike, slower), count(alike, faster))
		}
		if count(slow, slower) < len(slow)*95/100 {
			t.Errorf("%s: a change of 2%% was found %d times of %d", step, count(slow, slower), len(slow))
		}
	}
}

package overhead

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// coresNotes says for how many cores each CPU count was taken, and how this is known: for each host and order of the
// CPUs by itself where these differ.
func coresNotes(records []*study.Record, m study.Machines) []string {
	type where struct{ host, places, how string }
	said := map[where]map[int]string{}
	for _, r := range records {
		if study.IsSerial(r.Engine) {
			continue
		}
		c, how := m.Of(*r)
		taken := fmt.Sprintf("%s for %s", words.Count(r.CPUCount, "CPU"), words.Count(c.Physical, "core"))
		if c.Sockets > 1 {
			taken += fmt.Sprintf(" in %d sockets", c.Sockets)
		}
		w := where{r.Host, r.Places, how}
		if said[w] == nil {
			said[w] = map[int]string{}
		}
		said[w][r.CPUCount] = taken
	}
	together := map[string]map[int]string{} // by how it is known
	for w, taken := range said {
		if together[w.how] == nil {
			together[w.how] = map[int]string{}
		}
		for cpus, text := range taken {
			if other, found := together[w.how][cpus]; found && other != text {
				return notesOf(said, func(w where) string { return takenOn(w.host, w.places) }, func(w where) string { return w.how })
			}
			together[w.how][cpus] = text
		}
	}
	return notesOf(together, func(string) string { return "Taken" }, func(how string) string { return how })
}

func takenOn(host, places string) string {
	text := "Taken"
	if host != "" {
		text += " on " + host
	}
	if places != "" {
		text += ", places " + places
	}
	return text
}

// notesOf writes a note for each key, sorted.
func notesOf[K comparable](said map[K]map[int]string, begin, how func(K) string) []string {
	var notes []string
	for k := range said {
		var taken []string
		for _, cpus := range slices.Sorted(maps.Keys(said[k])) {
			taken = append(taken, said[k][cpus])
		}
		notes = append(notes, fmt.Sprintf("%s: %s (%s).", begin(k), strings.Join(taken, ", "), how(k)))
	}
	slices.Sort(notes)
	return notes
}

// guessedSentence says of which CPU counts nothing is known, so that each CPU is taken for a core.
func guessedSentence(records []*study.Record, m study.Machines) string {
	var guessed []int
	for _, r := range records {
		if _, how := m.Of(*r); how == study.GuessedCores && r.CPUCount > 1 && !slices.Contains(guessed, r.CPUCount) && !study.IsSerial(r.Engine) {
			guessed = append(guessed, r.CPUCount)
		}
	}
	if guessed == nil {
		return ""
	}
	slices.Sort(guessed)
	return fmt.Sprintf("Nothing says how many cores %s are, so each CPU is taken for a core. If some are the second hyperthreads of cores, the costs below "+
		"are wrong: say it with --cores, such as --cores 8=4,72=36/2.", words.CPUs(guessed))
}

package overhead

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/voxfit/voxfit/study/internal/words"
)

// inShort returns the answers in at most five sentences, each with the first check of its questions. A sentence says what
// holds for each model. One for which there is nothing to say is left out.
func (e Explanation) inShort(main []*analysis, answers []Answer) []Said {
	prices := e.Summary.Prices
	verdict, shortestRuns := slowerVerdict(main)
	var all []Said
	for _, s := range []struct {
		verdict         string
		subject, others string // of the first clause, and of those about further models
		says            func(*analysis) string
		questions       []string
	}{
		{verdict, shortestRuns + " take ", "they take ", (*analysis).timesInShort, []string{slowerQuestion(main)}},
		{"", "a second hyperthread adds ", "it adds ", (*analysis).threadAnswer, []string{threadQuestion}},
		{"", "the serial part is ", "it is ", func(a *analysis) string { return found(a.Serial, a.serialAnswer) }, []string{serialQuestion}},
		{"", "", "", (*analysis).costsInShort, []string{taskQuestion, coreQuestion}},
		{"", "", "", func(a *analysis) string { return a.rentAnswer(prices) }, []string{rentQuestion}},
	} {
		if said := sentence(main, s.subject, s.others, s.says); said != "" {
			all = append(all, Said{Answer: upperFirst(s.verdict + said), Check: firstChecks(answers, s.questions)})
		}
	}
	return all
}

// found returns what is said of a cost that these runs tell from the others, and nothing of another.
func found[T any](cost *T, says func() string) string {
	if cost == nil {
		return ""
	}
	return says()
}

// sentence joins what is said of each model to one sentence, which begins with a small letter.
func sentence(main []*analysis, subject, others string, says func(*analysis) string) string {
	var clauses []string
	for _, a := range main {
		said := strings.TrimSuffix(says(a), ".")
		if said == "" {
			continue
		}
		said = subject + said
		if name := a.called(main); name != "" {
			said = "with " + lowerFirst(name) + ", " + said
		}
		clauses, subject = append(clauses, said), others
	}
	if clauses == nil {
		return ""
	}
	return strings.Join(clauses, "; ") + "."
}

// firstChecks returns the first sentence of the first check of each question.
func firstChecks(answers []Answer, questions []string) string {
	var checks []string
	for _, a := range answers {
		i := slices.IndexFunc(a.Said, func(s Said) bool { return s.Check != "" })
		if i < 0 || !slices.Contains(questions, a.Question) {
			continue
		}
		first, _, _ := strings.Cut(a.Said[i].Check, ". ")
		checks = append(checks, strings.TrimSuffix(first, "."))
	}
	if checks == nil {
		return ""
	}
	return strings.Join(checks, "; ") + "."
}

// slowerVerdict says whether a larger number of CPUs took longer with any model, and which runs it is about.
func slowerVerdict(main []*analysis) (verdict, runs string) {
	reported := slices.ContainsFunc(main, func(a *analysis) bool { return len(a.Reported) > 0 })
	verdict, runs = "in seconds, more cores were not slower: ", "the shortest runs"
	if reported {
		verdict, runs = "in seconds, 48 and 72 cores were not slower than 32: ", "the report's shortest runs"
	}
	for _, a := range main {
		if cpus, _ := a.shortestTimes().slower(); cpus > 0 {
			verdict = "in seconds, more cores were slower in places: "
		}
	}
	return verdict, runs
}

func (a *analysis) timesInShort() string {
	t := a.shortestTimes()
	if len(t.cpus) < 2 {
		return ""
	}
	text := fmt.Sprintf("%s s on %s", t.said, words.CPUs(t.cpus))
	if cpus, by := t.slower(); cpus > 0 {
		text += fmt.Sprintf(", %s on %s more than on fewer", words.Percent(by), words.Count(cpus, "CPU"))
	}
	return text
}

// costsInShort says what a task costs and what a core costs, as far as these runs tell.
func (a *analysis) costsInShort() string {
	var costs []string
	if a.Chunk != nil {
		costs = append(costs, "a task costs "+strings.TrimSuffix(a.taskAnswer(), "."))
	}
	if a.Core != nil && a.Core.Low == 0 {
		costs = append(costs, "a core costs nothing that these runs show, "+a.coreCost())
	} else if a.Core != nil {
		costs = append(costs, "a core costs "+a.coreCost())
	}
	return strings.Join(costs, ", and ")
}

func lowerFirst(s string) string { return firstAs(unicode.ToLower, s) }
func upperFirst(s string) string { return firstAs(unicode.ToUpper, s) }

func firstAs(letter func(rune) rune, s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(letter(first)) + s[size:]
}

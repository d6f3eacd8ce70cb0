package overhead

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/voxfit/voxfit/study/internal/words"
)

// inShort returns the answers in at most five sentences, each with the first check of its questions. A sentence says
// what holds for each model. One for which there is nothing to say is left out.
func (e Explanation) inShort(main []*analysis, answers []Answer) []Said {
	prices := e.Summary.Prices
	verdict, subject, others := slowerVerdict(main)
	var all []Said
	for _, s := range []struct {
		verdict         string
		subject, others string // of the first clause, and of those about further models
		says            func(*analysis) string
		questions       []string
	}{
		{verdict, subject, others, func(a *analysis) string { return a.timesInShort(subject == "") }, []string{slowerQuestion(main)}},
		{"", "a second hyperthread adds ", "it adds ", func(a *analysis) string { return found(a.threadTold(), a.threadAnswer) }, []string{threadQuestion}},
		{"", "the serial part is ", "it is ", func(a *analysis) string { return found(a.Serial != nil, a.serialAnswer) }, []string{serialQuestion}},
		{"", "", "", costsInShort(main), []string{taskQuestion, coreQuestion}},
		{"", "", "", func(a *analysis) string { return a.rentAnswer(prices) }, []string{rentQuestion}},
	} {
		if said := sentence(main, s.subject, s.others, s.says); said != "" {
			all = append(all, Said{Answer: upperFirst(s.verdict + said), Check: firstChecks(answers, s.questions)})
		}
	}
	return all
}

// found returns what is said of a quantity that these runs tell from the others, and nothing of another.
func found(told bool, says func() string) string {
	if !told {
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
		if name := a.calledInShort(main); name != "" {
			said = "with " + name + ", " + said
		}
		clauses, subject = append(clauses, said), others
	}
	if clauses == nil {
		return ""
	}
	return strings.Join(clauses, "; ") + "."
}

// firstChecks returns the first sentence of the first check of each question, with the model that it is about.
func firstChecks(answers []Answer, questions []string) string {
	var checks []string
	about := ""
	for _, a := range answers {
		i := slices.IndexFunc(a.Said, func(s Said) bool { return s.Check != "" })
		if i < 0 || !slices.Contains(questions, a.Question) {
			continue
		}
		first, _, _ := strings.Cut(a.Said[i].Check, ". ")
		first = firstAs(unicode.ToLower, strings.TrimSuffix(first, "."))
		if of := a.Said[i].short; of != about {
			first, about = "with "+of+", "+first, of
		}
		checks = append(checks, first)
	}
	if checks == nil {
		return ""
	}
	return strings.Join(checks, "; ") + "."
}

// The beginnings of what is said of the shortest runs.
const (
	shortestTake = "the shortest runs take "
	reportedTake = "the report's shortest runs take "
)

// slowerVerdict says whether a larger number of CPUs took longer with any model. subject and others are the beginnings
// of what follows about the first model and about further ones; they are empty where models differ in them.
func slowerVerdict(main []*analysis) (verdict, subject, others string) {
	verdict, subject, others = "in seconds, more cores were not slower: ", shortestTake, "they take "
	switch {
	case allReported(main):
		verdict, subject = "in seconds, 48 and 72 cores were not slower than 32: ", reportedTake
	case slices.ContainsFunc(main, func(a *analysis) bool { return len(a.Reported) > 0 }):
		subject, others = "", ""
	}
	for _, a := range main {
		if a.shortestTimes().slower() != nil {
			verdict = "in seconds, more cores were slower in places: "
		}
	}
	return verdict, subject, others
}

// timesInShort returns the shortest times. It says whose they are where the sentence does not begin with that, because
// the report has times of some models alone.
func (a *analysis) timesInShort(whose bool) string {
	t := a.shortestTimes()
	if len(t.cpus) < 2 {
		return ""
	}
	text := fmt.Sprintf("%s s on %s", t.said, words.CPUs(t.cpus))
	switch {
	case whose && len(a.Reported) > 0:
		text = reportedTake + text
	case whose:
		text = shortestTake + text
	}
	var slower []string
	for i, s := range t.slower() {
		than := ""
		if i == 0 {
			than = " longer than on fewer"
		}
		slower = append(slower, fmt.Sprintf("on %s %s%s", words.Count(s.cpus, "CPU"), words.Percent(s.by), than))
	}
	if slower != nil {
		text += " (" + strings.Join(slower, ", ") + ")"
	}
	return text
}

// costsInShort returns what says what a task costs and what a core costs with a model. What a core costs is the study's
// question: where the runs do not tell it, this is said too, once where they tell it for no model.
func costsInShort(main []*analysis) func(*analysis) string {
	const untold = "what a core costs these runs cannot tell"
	told := slices.ContainsFunc(main, func(a *analysis) bool { return a.Core != nil })
	return func(a *analysis) string {
		var costs []string
		if a.Chunk != nil {
			costs = append(costs, "a task costs "+strings.TrimSuffix(a.taskAnswer(), "."))
		}
		switch {
		case a.Core != nil && a.Core.Low == 0:
			costs = append(costs, "a core costs nothing that these runs show, "+a.coreCost())
		case a.Core != nil:
			costs = append(costs, "a core costs "+a.coreCost())
		case told:
			costs = append(costs, untold)
		case a == main[len(main)-1]:
			costs = append(costs, untold+inAll(main))
		}
		return strings.Join(costs, ", and ")
	}
}

// inAll says of a clause that it is about all models, where there are several.
func inAll(main []*analysis) string {
	if len(main) == 1 {
		return ""
	}
	return ", with any of them"
}

func upperFirst(s string) string { return firstAs(unicode.ToUpper, s) }

func firstAs(letter func(rune) rune, s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(letter(first)) + s[size:]
}

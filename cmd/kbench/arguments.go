package main

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// manyValued lists the flags that take several values in the published study's program, as in "--models csdm fwdtim".
var manyValued = map[string]bool{"--models": true, "--cpus": true}

// pinNames lists the values that may follow --pin as the next argument. --pin may also stand alone, so pflag would not
// take the next argument as its value.
var pinNames = []string{"none", "core", "node"}

// studyArguments turns the published study's command line into that of kbench, so that it can be typed as published.
// Underscores in the names of flags become dashes. Several values after a flag of manyValued are joined by commas.
// Arguments after "--" stay as they are.
func studyArguments(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if !strings.HasPrefix(arg, "--") {
			out = append(out, arg)
			continue
		}
		name, value, joined := strings.Cut(arg, "=")
		name = strings.ReplaceAll(name, "_", "-")
		if joined {
			out = append(out, name+"="+value)
			continue
		}
		if name == "--pin" && i+1 < len(args) && slices.Contains(pinNames, strings.ToLower(args[i+1])) {
			i++
			out = append(out, name+"="+args[i])
			continue
		}
		if !manyValued[name] {
			out = append(out, name)
			continue
		}
		var values []string
		for i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			values = append(values, args[i])
		}
		out = append(out, name)
		if len(values) > 0 {
			out = append(out, strings.Join(values, ","))
		}
	}
	return out
}

// commandLine quotes arguments, so that a shell runs the same command again.
func commandLine(args []string) string {
	words := []string{"kbench"}
	for _, arg := range args {
		if arg == "" || strings.ContainsFunc(arg, func(r rune) bool {
			return !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./=,:@%+", r))
		}) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// commandWords splits a command line that commandLine made.
func commandWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'':
			quoted, inWord = !quoted, true
		case quoted:
			word.WriteByte(c)
		case c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			inWord = true
		case c != ' ':
			word.WriteByte(c)
			inWord = true
		case inWord:
			words = append(words, word.String())
			word.Reset()
			inWord = false
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("it is empty")
	}
	return words, nil
}

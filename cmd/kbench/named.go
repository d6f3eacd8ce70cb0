package main

import "strings"

// A namedFlag is a flag whose values are names, in upper or lower case. Any other text is kept as it is, so that a
// later check can report it.
type namedFlag struct {
	value *string
	names []string
}

func namedValue(value *string, names ...string) *namedFlag { return &namedFlag{value, names} }

func (n *namedFlag) String() string { return *n.value }
func (n *namedFlag) Type() string   { return "string" }
func (n *namedFlag) Set(text string) error {
	*n.value = knownName(text, n.names...)
	return nil
}

// knownName returns the name that equals the text apart from case, or else the text.
func knownName(text string, names ...string) string {
	for _, name := range names {
		if strings.EqualFold(strings.TrimSpace(text), name) {
			return name
		}
	}
	return text
}

// knownNames calls knownName for each text of a list.
func knownNames(texts []string, names ...string) []string {
	var known []string
	for _, text := range texts {
		known = append(known, knownName(text, names...))
	}
	return known
}

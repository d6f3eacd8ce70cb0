package main

import "strings"

// A namedFlag is a flag whose values have names. The case in which they are written does not matter; what is none of
// the names stays as it was written, for checks to say what is wrong with it.
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

// knownName is the one of the names that the text is in any case, or the text.
func knownName(text string, names ...string) string {
	for _, name := range names {
		if strings.EqualFold(strings.TrimSpace(text), name) {
			return name
		}
	}
	return text
}

// knownNames is knownName for a list.
func knownNames(texts []string, names ...string) []string {
	var known []string
	for _, text := range texts {
		known = append(known, knownName(text, names...))
	}
	return known
}

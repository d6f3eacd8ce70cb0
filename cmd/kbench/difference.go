package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A mismatch is the first difference of two JSON values: where it is, and what each has there. nil means nothing.
type mismatch struct {
	at            string
	first, second any
}

// between describes the mismatch, with words for the two values: "Fit.Voxels is 8 in it, and 9 now".
func (m *mismatch) between(first, second string) string {
	return fmt.Sprintf("%s is %s %s, and %s %s", m.at, shortJSON(m.first), first, shortJSON(m.second), second)
}

// difference finds the first difference of two JSON values. It returns nil if they are equal.
func difference(at string, a, b any) *mismatch {
	object, isObject := a.(map[string]any)
	other, otherToo := b.(map[string]any)
	if isObject && otherToo {
		return objectDifference(at, object, other)
	}
	list, isList := a.([]any)
	second, secondToo := b.([]any)
	if isList && secondToo && len(list) == len(second) {
		for i := range list {
			if found := difference(fmt.Sprintf("%s[%s]", at, elementName(i, list[i])), list[i], second[i]); found != nil {
				return found
			}
		}
		return nil
	}
	if reflect.DeepEqual(a, b) {
		return nil
	}
	return &mismatch{at, a, b}
}

// differenceFromText finds the first difference of a JSON text and a value.
func differenceFromText(text []byte, value any) (*mismatch, error) {
	now, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var a, b any
	if err := errors.Join(json.Unmarshal(text, &a), json.Unmarshal(now, &b)); err != nil {
		return nil, err
	}
	return difference("", a, b), nil
}

// elementName returns the name of a list's element in messages: the path of a file, or else the element's number.
func elementName(i int, element any) string {
	object, _ := element.(map[string]any)
	if path, isFile := object["Path"].(string); isFile {
		return path
	}
	return fmt.Sprint(i)
}

func objectDifference(at string, a, b map[string]any) *mismatch {
	names := make([]string, 0, len(a)+len(b))
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if found := difference(strings.TrimPrefix(at+"."+name, "."), a[name], b[name]); found != nil {
			return found
		}
	}
	return nil
}

// shortJSON writes a value for a message.
func shortJSON(value any) string {
	if value == nil {
		return "missing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if len(text) > 80 {
		return string(text[:80]) + "..."
	}
	return string(text)
}

// asJSON writes a value as JSON and reads it again, so that it has the types of encoding/json.
func asJSON(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var out any
	return out, json.Unmarshal(text, &out)
}
